import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { valid } from "../input/fields.ts"
import { type MemoryUpdate, readUpdate } from "../input/options.ts"
import type { Memory } from "../memory/Memory.ts"
import { isUuid } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import type { MemoryChange } from "../store/MemoryStore.ts"
import { askBeforeWrite, type WriteGate } from "./beforeWrite.ts"
import { toCandidate } from "./gateMemories.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import { notFound } from "./refusals.ts"

/** The change without its metadata if the hook drops that. The hook sees metadata alone: no text is about to be kept. */
const gateChange = Effect.fnUntraced(function* (gate: WriteGate, memory: Memory, change: MemoryChange) {
  const candidate = toCandidate("update", memory.scope, { ...memory, metadata: change.metadata ?? {} })
  const [verdict] = yield* askBeforeWrite(gate, [{ ...candidate, content: "", speaker: null }])
  const { metadata: _, ...rest } = change
  return verdict === undefined || verdict === null ? rest : { ...rest, metadata: verdict.metadata }
})

export const update = Effect.fnUntraced(function* (
  { gate, limits, store }: MemoryServices,
  scope: Scope,
  id: string,
  input: MemoryUpdate
) {
  const now = yield* Clock.currentTimeMillis
  let change = yield* valid(() => readUpdate(input, now))
  if (!isUuid(id)) return yield* notFound(id)
  if (gate !== null && change.metadata !== undefined) {
    const [before] = yield* store.get({ scope, now, ids: [id] })
    if (before === undefined) return yield* notFound(id)
    change = yield* gateChange(gate, before, change)
    if (Object.keys(change).length === 0) return before
  }
  return (yield* store.patch({ scope, now, id, change, limits })) ?? (yield* notFound(id))
})
