/** Taking in what `export` gave, from a place that may have been tampered with. */
import { Clock, Effect, Schema } from "effect"
import { chunksOf } from "effect/Array"
import { isExpired } from "../memory/lifetime.ts"
import { type Interval, type Memory, MEMORY_SOURCES, MEMORY_TYPES } from "../memory/Memory.ts"
import { invalidInput, MemoryError } from "../memory/MemoryError.ts"
import { isUuid, memoryIdOfKey, memoryIdOfText } from "../memory/MemoryId.ts"
import { readMetadata } from "../input/metadata.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import { isProblem, isTime, nameProblem, type Problem, readFields, valid } from "../input/problems.ts"
import { sameScope, Scope } from "../memory/Scope.ts"
import { importanceProblem, isCount, textProblem, turnProblem } from "../input/Statement.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import type { Imported } from "./results.ts"
import { putDistinct } from "./storeMemories.ts"

const FIELDS: ReadonlyArray<keyof Memory> = [
  "id",
  "scope",
  "content",
  "type",
  "metadata",
  "source",
  "speaker",
  "sessionId",
  "turn",
  "saidAt",
  "importance",
  "pinned",
  "createdAt",
  "updatedAt",
  "expiresAt",
  "validity",
  "supersededBy",
  "accessCount",
  "lastAccessedAt"
]

const isScope = Schema.is(Scope)

/** Ids are compared as they are written, and written in small letters. */
const small = (id: unknown): unknown => (typeof id === "string" ? id.toLowerCase() : id)

const isInterval = (one: unknown): one is Interval => {
  if (typeof one !== "object" || one === null || !("from" in one) || !("to" in one)) return false
  return isTime(one.from) && (one.to === null || (isTime(one.to) && one.to >= one.from))
}

const validityProblem = (validity: unknown): Problem | undefined => {
  const inOrder =
    Array.isArray(validity) &&
    validity.length > 0 &&
    validity.length <= STORE_LIMITS.rows &&
    validity.every(isInterval) &&
    validity.every((one, i) => {
      const next: Interval | undefined = validity[i + 1]
      return next === undefined || (one.to !== null && one.to <= next.from)
    })
  return inOrder
    ? undefined
    : ["validity", "give intervals { from, to } in ascending order, none overlapping, only the last one open"]
}

const successorProblem = ({ id, supersededBy, validity }: Memory): Problem | undefined => {
  if (supersededBy === null) return undefined
  if (!isUuid(supersededBy)) return ["supersededBy", "is not an id"]
  if (supersededBy === id) return ["supersededBy", "is the memory itself"]
  return validity.at(-1)?.to === null ? ["supersededBy", "belongs to a memory that is still open"] : undefined
}

const times = ["saidAt", "createdAt", "updatedAt"] as const
const moments = ["expiresAt", "lastAccessedAt"] as const

const timeProblem = (memory: Memory): Problem | undefined => {
  const bad =
    times.find((field) => !isTime(memory[field])) ??
    moments.find((field) => memory[field] !== null && !isTime(memory[field]))
  return bad === undefined ? undefined : [bad, "give epoch milliseconds as a whole number"]
}

/** Names come as `null` where there are none. */
const givenName = (field: "speaker" | "sessionId", memory: Memory): Problem | undefined =>
  memory[field] === undefined
    ? [field, "is missing; give null where there is none"]
    : nameProblem(field, memory[field])

const memoryProblem = (memory: Memory): Problem | undefined => {
  if (!isUuid(memory.id)) return ["id", "is not a UUID"]
  if (!isScope(memory.scope)) return ["scope", "is not { agentId, userId }"]
  if (!MEMORY_TYPES.includes(memory.type)) return ["type", `is none of ${MEMORY_TYPES.join(", ")}`]
  if (!MEMORY_SOURCES.includes(memory.source)) return ["source", `is none of ${MEMORY_SOURCES.join(", ")}`]
  if (typeof memory.pinned !== "boolean") return ["pinned", "give true or false"]
  if (!isCount(memory.accessCount)) return ["accessCount", "give a whole number from 0"]
  return (
    textProblem(memory.content) ??
    givenName("speaker", memory) ??
    givenName("sessionId", memory) ??
    (memory.turn === undefined ? ["turn", "is missing; give null where there is none"] : undefined) ??
    turnProblem(memory.turn, memory.sessionId) ??
    importanceProblem(memory.importance) ??
    timeProblem(memory) ??
    validityProblem(memory.validity) ??
    successorProblem(memory)
  )
}

/** A copy of one exported memory, or what is wrong with it. */
const readMemory = (one: unknown): Memory | Problem => {
  const read = readFields("", one as Memory, FIELDS)
  if (isProblem(read)) return read
  const metadata = readMetadata(read.metadata)
  if (isProblem(metadata)) return metadata
  const memory = {
    ...read,
    metadata,
    id: small(read.id) as string,
    supersededBy: small(read.supersededBy) as string | null
  }
  const problem = memoryProblem(memory)
  if (problem !== undefined) return problem
  return {
    ...memory,
    content: memory.content.normalize("NFC"),
    validity: memory.validity.map(({ from, to }) => ({ from, to }))
  }
}

const atPlace = (at: number, read: Memory | Problem): Memory | Problem => {
  if (!isProblem(read)) return read
  const [field, message] = read
  return [`memories[${at}]${field === "" ? "" : `.${field}`}`, `${message}; this is not an exported memory`]
}

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
    checked.push(yield* valid(() => atPlace(i, readMemory(memory))))
  }
  return checked
})

/** A memory keeps its id in its own scope; in another it takes the id its text, or its old id as a key, has there. */
const idIn = (scope: Scope, memory: Memory): string => {
  if (sameScope(scope, memory.scope)) return memory.id
  return memory.id === memoryIdOfText(memory.scope, memory)
    ? memoryIdOfText(scope, memory)
    : memoryIdOfKey(scope, `imported:${memory.id}`)
}

const moveToScope = (scope: Scope, memories: ReadonlyArray<Memory>): ReadonlyArray<Memory> => {
  const idByOldId = new Map(memories.map((memory) => [memory.id, idIn(scope, memory)]))
  return memories.map((memory): Memory => {
    const successor = memory.supersededBy
    return {
      ...memory,
      scope,
      id: idByOldId.get(memory.id) ?? memory.id,
      supersededBy: successor === null ? null : (idByOldId.get(successor) ?? successor)
    }
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
  for (const batch of chunksOf(byId.values(), STORE_LIMITS.batch)) {
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
  const moved = moveToScope(scope, yield* readExport(memories))
  const now = yield* Clock.currentTimeMillis
  const live = moved.filter((memory) => !isExpired(memory, now))
  const { created, storedContents } = yield* putUnknown(services, scope, live, fence)
  const conflicting = live.filter(({ content, id }) => storedContents.get(id) !== content).length
  return {
    created,
    known: live.length - created - conflicting,
    conflicting,
    expired: moved.length - live.length
  } satisfies Imported
})
