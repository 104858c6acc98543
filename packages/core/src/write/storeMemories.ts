/** Memories to rows: embedded, tokenised and put in batches under a fence. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { batchesOf } from "../batchesOf.ts"
import { encodePassages, type EncodedText } from "../embedding/encodePassages.ts"
import type { StatedMemory } from "../input/Statement.ts"
import { restate } from "../memory/lifetime.ts"
import type { Memory } from "../memory/Memory.ts"
import { type MemoryError, timedOut } from "../memory/MemoryError.ts"
import { formerIdsOfText, isSameStatement } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import { withinDeadline } from "../runtime/deadline.ts"
import { markSpan } from "../runtime/spans.ts"
import { type PutRequest, type PutResult, STORE_LIMITS } from "../store/MemoryStore.ts"
import type { StoreRow } from "../store/StoreRow.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import type { Remembered } from "./results.ts"

/** A memory to be put: a statement, with the fields that it gave, or a row of an import. */
type Storable = Memory & Partial<Pick<StatedMemory, "overwrites">>

/** The memory by itself. Written out: what a rest pattern copies is slow to make and to read. */
const toMemory = (stated: Storable): Memory => ({
  id: stated.id,
  scope: stated.scope,
  key: stated.key,
  content: stated.content,
  type: stated.type,
  metadata: stated.metadata,
  source: stated.source,
  speaker: stated.speaker,
  sessionId: stated.sessionId,
  turn: stated.turn,
  saidAt: stated.saidAt,
  importance: stated.importance,
  pinned: stated.pinned,
  createdAt: stated.createdAt,
  updatedAt: stated.updatedAt,
  expiresAt: stated.expiresAt,
  validity: stated.validity,
  supersededBy: stated.supersededBy,
  accessCount: stated.accessCount,
  lastAccessedAt: stated.lastAccessedAt
})

const toRow = (stated: Storable, { owed, passages }: EncodedText): StoreRow => {
  const { overwrites } = stated
  const memory = toMemory(stated)
  // An import asks for former ids itself.
  if (overwrites === undefined) return { memory, passages, owed }
  if (memory.key !== null) return { memory, passages, owed, overwrites, formerIds: [] }
  let formerIds: ReadonlyArray<string> | null = null
  return {
    memory,
    passages,
    owed,
    overwrites,
    // Three hashes, which a store that holds no such row does not ask for.
    get formerIds() {
      return (formerIds ??= formerIdsOfText(memory.scope, memory))
    }
  }
}

/** Rows with the passages of their texts. */
export const encodeRows = Effect.fnUntraced(function* (
  { admin, calibrating, embedder, whenEmbedderFails }: MemoryServices,
  memories: ReadonlyArray<Storable>
) {
  const settings = yield* admin.fingerprint
  const texts = memories.map((memory) => memory.content)
  const missing = whenEmbedderFails === "refuse" ? "refuse" : "owe"
  const encoded = yield* encodePassages(embedder, settings, texts, missing)
  const measuring = texts.length === 0 ? null : calibrating.withWrite()
  if (measuring !== null) yield* measuring
  return memories.flatMap((memory, i) => {
    const passages = encoded[i]
    return passages === undefined ? [] : [toRow(memory, passages)]
  })
})

const toPossibleIds = ({ formerIds = [], memory }: StoreRow): ReadonlyArray<string> => [
  memory.id,
  ...formerIds
]

/**
 * For rows that a store refused as conflicts, since it compares texts as they are: the row with the text that is
 * stored, if that is the same statement in another spelling, or `null`.
 */
export const respell = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  rows: ReadonlyArray<StoreRow>
) {
  const stated = rows.filter(({ memory }) => memory.key === null)
  if (stated.length === 0) return rows.map(() => null)
  const now = yield* Clock.currentTimeMillis
  const knownById = new Map<string, Memory>()
  for (const ids of batchesOf(stated.flatMap(toPossibleIds), STORE_LIMITS.batch)) {
    for (const memory of yield* store.get({ scope, now, ids })) knownById.set(memory.id, memory)
  }
  return rows.map((row): StoreRow | null => {
    const { formerIds: _, memory, ...rest } = row
    const stored = toPossibleIds(row).flatMap((id) => knownById.get(id) ?? [])[0]
    return memory.key === null && stored !== undefined && isSameStatement(stored, memory)
      ? // Its passages are those of the other spelling: they must not pay for what the stored row owes.
        { ...rest, owed: true, memory: { ...memory, id: stored.id, content: stored.content } }
      : null
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

/** Rows that a batch of many puts within one deadline. */
const ROWS_PER_DEADLINE = 64

/** Says that rows were kept by words and are owed vectors. */
export const reportOwed = (
  { noteOwed }: MemoryServices,
  rows: ReadonlyArray<StoreRow>
): Effect.Effect<void> => {
  const owed = rows.filter((row) => row.owed).length
  if (owed === 0) return Effect.void
  noteOwed()
  return markSpan("keepsake.embedder_failed", { "keepsake.owed": owed })
}

const encodeAndPut = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<Storable>,
  fence: number,
  whole?: PutRequest["whole"]
) {
  const rows = yield* encodeRows(services, memories)
  const put = Effect.fnUntraced(function* (batch: ReadonlyArray<StoreRow>) {
    const now = yield* Clock.currentTimeMillis
    return yield* services.fences.write(
      scope,
      fence,
      services.store.put({ scope, now, rows: batch, limits: services.limits, whole })
    )
  })
  const results = Array.from(yield* put(rows))
  yield* reportOwed(services, rows)
  const refused = results.flatMap(({ outcome }, i) => (outcome === "conflict" ? [i] : []))
  if (refused.length === 0) return results
  const respelt = yield* respell(
    services,
    scope,
    refused.flatMap((i) => rows[i] ?? [])
  )
  const places = refused.filter((_, i) => respelt[i] !== null)
  const restated = yield* put(respelt.filter((row) => row !== null))
  for (const [i, place] of places.entries()) {
    const result = restated[i]
    if (result !== undefined) results[place] = result
  }
  return results
})

/** Puts rows that fit one batch, all or none of them. */
export const putWhole = (
  services: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<StatedMemory>,
  { fence, whole }: { readonly fence: number; readonly whole: "new" | "stated" }
): Effect.Effect<ReadonlyArray<Remembered>, MemoryError> => putBatch(services, scope, memories, fence, whole)

/** Puts one batch, within a deadline of its own where the call has none. */
const putBatch = (
  services: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<Storable>,
  fence: number,
  whole?: PutRequest["whole"]
): Effect.Effect<Array<PutResult>, MemoryError> => {
  const timeoutMs = services.deadlineMs * Math.ceil(memories.length / ROWS_PER_DEADLINE)
  return withinDeadline(encodeAndPut(services, scope, memories, fence, whole), timeoutMs, () =>
    timedOut("A batch of the write", timeoutMs)
  )
}

/** Puts memories whose ids are distinct, each batch all or none. */
export const putDistinct = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<Storable>,
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

/** What two statements of one memory say together, as if the second came after the first was stored. */
const mergeStated = (first: StatedMemory, second: StatedMemory): StatedMemory => {
  const { overwrites, ...stated } = second
  const restated = restate(first, { ...stated, content: first.content }, stated.createdAt, overwrites)
  return restated.outcome === "conflict"
    ? first
    : {
        ...first,
        ...restated.memory,
        overwrites: Array.from(new Set([...first.overwrites, ...overwrites]))
      }
}

/** Puts memories, one outcome each in their order; memories with one id are put once. */
export const storeMemories = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<StatedMemory>,
  fence: number
) {
  if (memories.length === 1) return yield* putBatch(services, scope, memories, fence)
  const firstById = new Map<string, StatedMemory>()
  const mergedById = new Map<string, StatedMemory>()
  for (const memory of memories) {
    const { id } = memory
    const merged = mergedById.get(id)
    if (merged === undefined) {
      firstById.set(id, memory)
      mergedById.set(id, memory)
    } else if (isSameStatement(merged, memory)) mergedById.set(id, mergeStated(merged, memory))
  }
  const results = yield* putDistinct(services, scope, Array.from(mergedById.values()), fence)
  if (mergedById.size === memories.length) return results
  const resultById = new Map(Array.from(mergedById.keys(), (id, i) => [id, results[i]]))
  // A statement that stands twice in one call is created, then refreshed; other content under its key conflicts.
  return memories.map((memory): Remembered => {
    const first = firstById.get(memory.id)
    const result = resultById.get(memory.id) ?? { id: memory.id, outcome: "conflict" }
    if (first === memory || result.outcome === "conflict") return result
    const isSame = first !== undefined && isSameStatement(first, memory)
    return { id: result.id, outcome: isSame ? "refreshed" : "conflict" }
  })
})
