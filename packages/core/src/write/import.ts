/** Takes in an export, which may have been changed since it was written. */
import { Clock, Effect, Result } from "effect"
import { isExpired } from "../memory/lifetime.ts"
import type { Memory } from "../memory/Memory.ts"
import { invalidInput, MemoryError } from "../memory/MemoryError.ts"
import { memoryIdOfKey, memoryIdOfText } from "../memory/MemoryId.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import { type Problem, valid } from "../input/fields.ts"
import { readMemory } from "../input/memory.ts"
import { sameScope, type Scope } from "../memory/Scope.ts"
import { gateMemories } from "./gateMemories.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import type { Imported } from "./results.ts"
import { putDistinct, toBatches } from "./storeMemories.ts"

const readAt = (index: number, value: unknown) =>
  Result.mapError(readMemory(value), ([field, message]): Problem => [
    `memories[${index}]${field === "" ? "" : `.${field}`}`,
    `${message.replace(/\.$/u, "")}; this is not an exported memory`
  ])

const collect = async (
  memories: Iterable<unknown> | AsyncIterable<unknown>
): Promise<ReadonlyArray<unknown>> => {
  const collected: Array<unknown> = []
  for await (const memory of memories) collected.push(memory)
  return collected
}

/** Reads and checks an export to its end before anything is written, so that a damaged one changes nothing. */
const readExport = Effect.fnUntraced(function* (memories: Iterable<unknown> | AsyncIterable<unknown>) {
  const exported = yield* Effect.tryPromise({
    try: () => collect(memories),
    catch: (cause) =>
      cause instanceof MemoryError ? cause : invalidInput("memories", `could not be read: ${String(cause)}`)
  })
  const checked: Array<Memory> = []
  for (const [i, memory] of exported.entries()) {
    // Thousands are checked a batch at a time, so that they do not hold the event loop.
    if (i % STORE_LIMITS.batch === 0) yield* Effect.yieldNow
    checked.push(yield* valid(() => readAt(i, memory)))
  }
  return checked
})

/**
 * A memory with a key takes the id that the key has. Others keep their id in their own scope; in another they take
 * the id that their text, or their old id as a key, has there.
 */
const idIn = (scope: Scope, memory: Memory): string => {
  if (memory.key !== null) return memoryIdOfKey(scope, memory.key)
  if (sameScope(scope, memory.scope)) return memory.id
  return memory.id === memoryIdOfText(memory.scope, memory)
    ? memoryIdOfText(scope, memory)
    : memoryIdOfKey(scope, `imported:${memory.id}`)
}

/** Of memories that the hook made one, the open one, which says what is so now. */
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
  gated: ReadonlyMap<Memory, Memory | null>
): ReadonlyArray<Memory> => {
  const idByOldId = new Map(exported.map((memory) => [memory.id, idIn(scope, gated.get(memory) ?? memory)]))
  return exported.flatMap((before): ReadonlyArray<Memory> => {
    const memory = gated.get(before) ?? null
    if (memory === null) return []
    const successor = memory.supersededBy
    return [
      {
        ...memory,
        scope,
        id: idByOldId.get(before.id) ?? memory.id,
        supersededBy: successor === null ? null : (idByOldId.get(successor) ?? successor)
      }
    ]
  })
}

/** Puts the memories whose ids are not in the store. Returns how many, and the stored content of each id. */
const putUnknown = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<Memory>,
  fence: number
) {
  const byId = new Map(memories.map((memory) => [memory.id, memory]))
  const storedContents = new Map<string, string>()
  let created = 0
  for (const batch of toBatches(Array.from(byId.values()))) {
    yield* Effect.yieldNow
    const now = yield* Clock.currentTimeMillis
    const known = yield* services.store.get({ scope, now, ids: batch.map((memory) => memory.id) })
    for (const { content, id } of known) storedContents.set(id, content)
    const results = yield* putDistinct(
      services,
      scope,
      batch.filter((memory) => !storedContents.has(memory.id)),
      fence
    )
    for (const { id, outcome } of results) {
      if (outcome === "conflict") continue
      created++
      storedContents.set(id, byId.get(id)?.content ?? "")
    }
  }
  return { created, storedContents }
})

export const importMemories = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  memories: Iterable<Memory> | AsyncIterable<Memory>
) {
  const fence = services.fences.token()
  const exported = yield* readExport(memories)
  const now = yield* Clock.currentTimeMillis
  const live = exported.filter((memory) => !isExpired(memory, now))
  const gated = yield* gateMemories(services, "import", scope, live)
  const moved = moveToScope(scope, exported, new Map(live.map((memory, i) => [memory, gated[i] ?? null])))
  const distinct = services.gate === null ? moved : mergeById(moved)
  const { created, storedContents } = yield* putUnknown(services, scope, distinct, fence)
  const conflicting = moved.filter(({ content, id }) => storedContents.get(id) !== content).length
  return {
    created,
    known: moved.length - created - conflicting,
    conflicting,
    expired: exported.length - live.length,
    dropped: live.length - moved.length
  } satisfies Imported
})
