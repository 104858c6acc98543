/** Memories to rows: embedded, tokenised and put in batches under a fence. */
import { Clock, Effect } from "effect"
import { encodePassages } from "../embedding/encodePassages.ts"
import type { Memory } from "../memory/Memory.ts"
import type { Scope } from "../memory/Scope.ts"
import { type PutResult, STORE_LIMITS } from "../store/MemoryStore.ts"
import type { StoreRow } from "../store/StoreRow.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import type { Remembered } from "./results.ts"

/** Rows with the passages of their texts. */
export const encodeRows = Effect.fnUntraced(function* (
  { embedder, fingerprint }: MemoryServices,
  memories: ReadonlyArray<Memory>
) {
  const texts = memories.map((memory) => memory.content)
  const encoded = yield* encodePassages(embedder, fingerprint, texts)
  return memories.flatMap((memory, i): ReadonlyArray<StoreRow> => {
    const passages = encoded[i]
    return passages === undefined ? [] : [{ memory, ...passages }]
  })
})

/** Cuts rows to what a store takes in one `put`. */
export const toBatches = <A extends Memory>(memories: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> => {
  const batches: Array<Array<A>> = []
  let characters = 0
  for (const memory of memories) {
    const batch = batches.at(-1)
    characters += memory.content.length
    if (
      batch === undefined ||
      batch.length === STORE_LIMITS.batch ||
      characters > STORE_LIMITS.batchCharacters
    ) {
      batches.push([memory])
      characters = memory.content.length
    } else batch.push(memory)
  }
  return batches
}

const putBatch = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<Memory>,
  fence: number
) {
  const rows = yield* encodeRows(services, memories)
  const now = yield* Clock.currentTimeMillis
  return yield* services.fences.write(scope, fence, services.store.put({ scope, now, rows }))
})

/** Puts memories whose ids are distinct, each batch all or none. */
export const putDistinct = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<Memory>,
  fence: number
) {
  const results: Array<PutResult> = []
  for (const batch of toBatches(memories)) {
    // A large call yields between batches: each takes some milliseconds.
    if (memories.length > STORE_LIMITS.batch) yield* Effect.yieldNow
    results.push(...(yield* putBatch(services, scope, batch, fence)))
  }
  return results
})

/** Puts memories, one outcome each in their order; memories with one id are put once. */
export const storeMemories = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<Memory>,
  fence: number
) {
  if (memories.length === 1) return yield* putBatch(services, scope, memories, fence)
  const firstById = new Map<string, Memory>()
  for (const memory of memories) if (!firstById.has(memory.id)) firstById.set(memory.id, memory)
  const results = yield* putDistinct(services, scope, Array.from(firstById.values()), fence)
  const resultById = new Map(results.map((result) => [result.id, result]))
  // A statement that stands twice in one call is created, then refreshed; other content under its key conflicts.
  return memories.map((memory): Remembered => {
    const { id } = memory
    const first = firstById.get(id)
    if (first === memory) return resultById.get(id) ?? { id, outcome: "conflict" }
    return { id, outcome: first?.content === memory.content ? "refreshed" : "conflict" }
  })
})
