import { AgentMemory, type MemoryError, type ScopedMemory } from "@keepsake/core"
import * as Effect from "effect/Effect"
import type { CliSettings } from "../config/readSettings.ts"
import { memoryLayer } from "../openMemory.ts"
import { settings } from "./root.ts"

export type CommandSettings = CliSettings & { readonly json: boolean }

/** Opens the store of the settings, runs a command on the memory of one user, and closes it. */
export const withMemory = Effect.fnUntraced(function* <A, E, R>(
  command: (memory: ScopedMemory, settings: CommandSettings) => Effect.Effect<A, E, R>
) {
  const commandSettings = yield* settings
  const run: Effect.Effect<A, E | MemoryError, R | AgentMemory> = Effect.gen(function* () {
    const memories = yield* AgentMemory
    const { reads, scope } = commandSettings
    return yield* command(yield* memories.for(scope, { reads }), commandSettings)
  })
  return yield* Effect.provide(run, memoryLayer(commandSettings.config))
})
