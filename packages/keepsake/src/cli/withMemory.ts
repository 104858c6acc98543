import { AgentMemory, type MemoryError, type ScopedMemory } from "@keepsake/core"
import { Effect } from "effect"
import type { CliSettings } from "../config/readSettings.ts"
import { memoryLayer } from "../openMemory.ts"
import { settings } from "./root.ts"

export type CommandSettings = CliSettings & { readonly json: boolean }

/** Opens what the settings name, runs a command on the memory of one user, and closes. */
export const withMemory = <A, E, R>(
  body: (memory: ScopedMemory, settings: CommandSettings) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function* () {
    const read = yield* settings
    const run: Effect.Effect<A, E | MemoryError, R | AgentMemory> = Effect.gen(function* () {
      const memories = yield* AgentMemory
      return yield* body(yield* memories.for(read.scope), read)
    })
    return yield* Effect.provide(run, memoryLayer(read.config))
  })
