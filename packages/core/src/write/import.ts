/** Takes in an export, which may have been changed since it was written. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { chunksOf } from "effect/Array"
import { isExpired } from "../memory/lifetime.ts"
import type { Memory } from "../memory/Memory.ts"
import { IMPORTED_TURN_MAX, toImportedId } from "../memory/importedId.ts"
import { invalidInput, MemoryError } from "../memory/MemoryError.ts"
import { formerIdOfText, hasIdOfText, isSameStatement, memoryIdOfText } from "../memory/MemoryId.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
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

const collect = async (
  memories: Iterable<unknown> | AsyncIterable<unknown>
): Promise<ReadonlyArray<unknown>> => {
  const collected: Array<unknown> = []
  for await (const memory of memories) collected.push(memory)
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
  const checked: Array<Memory> = []
  for (const [i, memory] of exported.entries()) {
    // Thousands are checked a batch at a time, so that they do not hold the event loop.
    if (i % STORE_LIMITS.batch === 0) yield* Effect.yieldNow
    const row = yield* valid(() => readAt(i, memory))
    const problem = findProblem(row, checked[0], options)
    if (problem !== undefined) return yield* invalidInput(`memories[${i}].${problem[0]}`, problem[1])
    checked.push(row)
  }
  return checked
})

/** Of memories that have become one, by the hook or as spellings of one text, the open one, which says what is so now. */
const mergeById = (memories: ReadonlyArray<Memory>): ReadonlyArray<Memory> => {
  const byId = new Map<string, Memory>()
  for (const memory of memories) {
    const other = byId.get(memory.id)
    if (other === undefined || other.validity.at(-1)?.to !== null) byId.set(memory.id, memory)
  }
  return Array.from(byId.values(), (memory) =>
    memory.supersededBy === memory.id ? { ...memory, supersededBy: null } : memory
  )
}

/** `gated` has what is to be kept of `exported`: `null` for what is dropped, nothing for what expired. */
const moveToScope = (
  scope: Scope,
  exported: ReadonlyArray<Memory>,
  gated: ReadonlyMap<Memory, Memory | null>,
  { newIds, trustIds = false }: ImportOptions
): ReadonlyArray<Memory> => {
  const placeByOldId = new Map(
    exported.map((memory) => [memory.id, toImportedId(scope, gated.get(memory) ?? memory, trustIds)])
  )
  return exported.flatMap((before): ReadonlyArray<Memory> => {
    const memory = gated.get(before) ?? null
    if (memory === null) return []
    const successor = memory.supersededBy
    return [
      {
        ...memory,
        scope,
        ...placeByOldId.get(before.id),
        supersededBy:
          successor === null ? null : (placeByOldId.get(successor)?.id ?? newIds?.get(successor) ?? successor)
      }
    ]
  })
}

/** The ids under which a store may have a memory: its own, and where that is made of its text, both such ids. */
const possibleIds = (memory: Memory): ReadonlyArray<string> =>
  memory.key === null && hasIdOfText(memory)
    ? Array.from(
        new Set([memory.id, memoryIdOfText(memory.scope, memory), formerIdOfText(memory.scope, memory)])
      )
    : [memory.id]

/** The rows that the store has of `memories`, by their ids in the export. */
const readKnown = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<Memory>
) {
  const known = new Map<string, Memory>()
  const wanted = memories.flatMap((memory) =>
    possibleIds(memory).map((storedId) => ({ id: memory.id, storedId }))
  )
  for (const batch of chunksOf(wanted, STORE_LIMITS.batch)) {
    yield* Effect.yieldNow
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
  const moved = moveToScope(
    scope,
    exported,
    new Map(live.map((memory, i) => [memory, gated[i] ?? null])),
    options
  )
  const { created, stored } = yield* putUnknown(services, scope, mergeById(moved), fence)
  const conflicting = moved.filter((memory) => {
    const row = stored.get(memory.id)
    return row === undefined || !isSameStatement(row, memory)
  }).length
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
