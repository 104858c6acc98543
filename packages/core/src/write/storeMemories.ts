/** Memories to rows: embedded, tokenised and put in batches under a fence. */
import { Clock, Effect } from "effect"
import { chunksOf } from "effect/Array"
import { embedDocuments } from "../embedding/embedDocuments.ts"
import type { Memory } from "../memory/Memory.ts"
import type { Scope } from "../memory/Scope.ts"
import { admit } from "../runtime/timeSlice.ts"
import { type PutResult, STORE_LIMITS, type StoreRow } from "../store/MemoryStore.ts"
import { documentTerms } from "../text/bm25.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import type { Remembered } from "./results.ts"

/** Rows with the vectors and terms of their texts. */
export const encodeRows = Effect.fnUntraced(function* (
  { embedder }: MemoryServices,
  memories: ReadonlyArray<Memory>
) {
  const texts = memories.map((memory) => memory.content)
  const vectors = yield* embedDocuments(embedder, texts)
  // Calls batched by the embedder resume together: yield so that tokenising them does not block the event loop.
  yield* admit
  return memories.map((memory, i): StoreRow => ({
    memory,
    vector: vectors[i] ?? null,
    terms: documentTerms(memory.content)
  }))
})

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
  for (const batch of chunksOf(memories, STORE_LIMITS.batch)) {
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
