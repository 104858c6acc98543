/** Takes in an export, which may have been changed since it was written. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { isExpired } from "../memory/lifetime.ts"
import type { Memory } from "../memory/Memory.ts"
import { IMPORTED_TURN_MAX, toImportedId } from "../memory/importedId.ts"
import { invalidInput, MemoryError } from "../memory/MemoryError.ts"
import { formerIdOfText, hasIdOfText, isSameStatement, memoryIdOfText } from "../memory/MemoryId.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import { breathe, mapInSlices, visitInSlices } from "../runtime/timeSlice.ts"
import { type Problem, valid } from "../input/fields.ts"
import { readMemory } from "../input/memory.ts"
import { type ImportOptions, readImportOptions } from "../input/options.ts"
import { sameScope, type Scope } from "../memory/Scope.ts"
import { gateMemories } from "./gateMemories.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import { queueCall } from "../store/queueCall.ts"
import type { Imported } from "./results.ts"
import { putDistinct, toBatches } from "./storeMemories.ts"

const readAt = (index: number, value: unknown) =>
  Result.mapError(readMemory(value), ([field, message]): Problem => [
    `memories[${index}]${field === "" ? "" : `.${field}`}`,
    `${message.replace(/\.$/u, "")}; this is not an exported memory`
  ])

/** What is wrong with a memory that an export can hold but not every import may bring. */
const findProblem = (
  memory: Memory,
  first: Memory | undefined,
  { mergeScopes = false, trustIds = false }: ImportOptions
): Problem | undefined => {
  if (!trustIds && memory.turn !== null && memory.turn > IMPORTED_TURN_MAX)
    return [
      "turn",
      `leaves no room for later turns; give one up to ${IMPORTED_TURN_MAX}, or trustIds for a backup of yours`
    ]
  return mergeScopes || first === undefined || sameScope(first.scope, memory.scope)
    ? undefined
    : [
        "scope",
        "is another than the first memory's: import each scope by itself, or give mergeScopes to mix them"
      ]
}

/** Memories that are taken in before the event loop may run. */
const COLLECTED_OF_PART = 256

const collect = async (
  memories: Iterable<unknown> | AsyncIterable<unknown>
): Promise<ReadonlyArray<unknown>> => {
  const collected: Array<unknown> = []
  for await (const memory of memories) {
    collected.push(memory)
    // Those that are there already never leave the microtask queue.
    if (collected.length % COLLECTED_OF_PART === 0) await Effect.runPromise(breathe)
  }
  return collected
}

/** Reads and checks an export to its end before anything is written, so that a damaged one changes nothing. */
const readExport = Effect.fnUntraced(function* (
  memories: Iterable<unknown> | AsyncIterable<unknown>,
  options: ImportOptions
) {
  const exported = yield* Effect.tryPromise({
    try: () => collect(memories),
    catch: (cause) =>
      cause instanceof MemoryError ? cause : invalidInput("memories", `could not be read: ${String(cause)}`)
  })
  const rows: Array<Memory> = []
  let problem: Problem | undefined
  yield* visitInSlices(exported, (memory, i) => {
    if (problem !== undefined) return
    const row = readAt(i, memory)
    if (Result.isFailure(row)) {
      problem = row.failure
      return
    }
    const wrong = findProblem(row.success, rows[0], options)
    if (wrong === undefined) rows.push(row.success)
    else problem = [`memories[${i}].${wrong[0]}`, wrong[1]]
  })
  return problem === undefined ? rows : yield* invalidInput(...problem)
})

/** Of memories that have become one, by the hook or as spellings of one text, the open one, which says what is so now. */
const mergeById = Effect.fnUntraced(function* (memories: ReadonlyArray<Memory>) {
  const byId = new Map<string, Memory>()
  yield* visitInSlices(memories, (memory) => {
    const other = byId.get(memory.id)
    if (other === undefined || other.validity.at(-1)?.to !== null) byId.set(memory.id, memory)
  })
  return yield* mapInSlices(Array.from(byId.values()), (memory) =>
    memory.supersededBy === memory.id ? { ...memory, supersededBy: null } : memory
  )
})

/** The memories in the scope that they come into. @param live of `exported`, in its order @param kept of `live`, what the hook keeps: `null` for what it drops */
const moveToScope = Effect.fnUntraced(function* (
  scope: Scope,
  live: ReadonlyArray<Memory>,
  kept: ReadonlyArray<Memory | null>,
  exported: ReadonlyArray<Memory>,
  { newIds, trustIds = false }: ImportOptions
) {
  const placeByOldId = new Map<string, Pick<Memory, "id" | "key">>()
  let at = 0
  // One that has expired may be what another was superseded by.
  yield* visitInSlices(exported, (memory) => {
    const ofHook = live[at] === memory ? kept[at++] : null
    placeByOldId.set(memory.id, toImportedId(scope, ofHook ?? memory, trustIds))
  })
  const moved: Array<Memory> = []
  yield* visitInSlices(live, (before, i) => {
    const memory = kept[i] ?? null
    if (memory === null) return
    const successor = memory.supersededBy
    moved.push({
      ...memory,
      scope,
      ...placeByOldId.get(before.id),
      supersededBy:
        successor === null ? null : (placeByOldId.get(successor)?.id ?? newIds?.get(successor) ?? successor)
    })
  })
  return moved
})

/** The ids under which a store may have a memory: its own, and where that is made of its text, both such ids. */
const possibleIds = (memory: Memory): ReadonlyArray<string> =>
  memory.key === null && hasIdOfText(memory)
    ? Array.from(
        new Set([memory.id, memoryIdOfText(memory.scope, memory), formerIdOfText(memory.scope, memory)])
      )
    : [memory.id]

/** An id under which a store may have a memory, and the memory's in the export. */
interface AskedId {
  readonly id: string
  readonly storedId: string
}

/** What one `get` asks for; made when it is asked, since so many ids would live as long as the import. */
function* batchIds(memories: ReadonlyArray<Memory>): Generator<ReadonlyArray<AskedId>> {
  let batch: Array<AskedId> = []
  for (const memory of memories) {
    const ids = possibleIds(memory)
    if (batch.length + ids.length > STORE_LIMITS.batch) {
      yield batch
      batch = []
    }
    for (const storedId of ids) batch.push({ id: memory.id, storedId })
  }
  if (batch.length > 0) yield batch
}

/** The rows that the store has of `memories`, by their ids in the export. */
const readKnown = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<Memory>
) {
  const known = new Map<string, Memory>()
  for (const batch of batchIds(memories)) {
    yield* Effect.yieldNow
    yield* breathe
    const now = yield* Clock.currentTimeMillis
    const rows = yield* store.get({ scope, now, ids: batch.map(({ storedId }) => storedId) })
    const rowById = new Map(rows.map((row) => [row.id, row]))
    for (const { id, storedId } of batch) {
      const row = rowById.get(storedId)
      if (row !== undefined && !known.has(id)) known.set(id, row)
    }
  }
  return known
})

/** Puts the memories that are not in the store. Returns how many, and what is stored for each id. */
const putUnknown = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<Memory>,
  fence: number
) {
  const stored = yield* readKnown(services, scope, memories)
  let created = 0
  for (const batch of toBatches(memories)) {
    yield* Effect.yieldNow
    const unknown = batch
      .filter(({ id }) => !stored.has(id))
      .map((memory) => {
        const successor = memory.supersededBy === null ? undefined : stored.get(memory.supersededBy)
        return successor === undefined ? memory : { ...memory, supersededBy: successor.id }
      })
    const results = yield* putDistinct(services, scope, unknown, fence)
    for (const [i, memory] of unknown.entries()) {
      if (results[i]?.outcome === "conflict") continue
      created++
      stored.set(memory.id, memory)
    }
  }
  return { created, stored }
})

/** Takes in what an export was found to hold. */
const importChecked = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  exported: ReadonlyArray<Memory>,
  options: ImportOptions,
  fence: number
) {
  const now = yield* Clock.currentTimeMillis
  const live = exported.filter((memory) => !isExpired(memory, now))
  const gated = yield* gateMemories(services, "import", scope, live)
  const moved = yield* moveToScope(scope, live, gated, exported, options)
  const distinct = yield* mergeById(moved)
  const { created, stored } = yield* putUnknown(services, scope, distinct, fence)
  const isStored = yield* mapInSlices(moved, (memory) => {
    const row = stored.get(memory.id)
    return row !== undefined && isSameStatement(row, memory)
  })
  const conflicting = isStored.filter((stands) => !stands).length
  return {
    created,
    known: moved.length - created - conflicting,
    conflicting,
    expired: exported.length - live.length,
    dropped: live.length - moved.length
  } satisfies Imported
})

export const importMemories = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  memories: Iterable<Memory> | AsyncIterable<Memory>,
  input: ImportOptions = {}
) {
  const fence = services.fences.token()
  const options = yield* valid(() => readImportOptions(input))
  // Before it queues: the memories may come out of this memory, an export's page at a time.
  const exported = yield* readExport(memories, options)
  return yield* queueCall(services, scope, "import", importChecked(services, scope, exported, options, fence))
})
