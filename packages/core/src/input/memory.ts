/** An exported memory, read back from a place where it may have been changed. */
import * as Result from "effect/Result"
import { type Interval, type Memory, MEMORY_SOURCES, MEMORY_TYPES } from "../memory/Memory.ts"
import { isUuid } from "../memory/MemoryId.ts"
import { isScope, type Scope, scopeBeside } from "../memory/Scope.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import {
  boolean,
  count,
  type Field,
  type Fields,
  input,
  name,
  nullable,
  object,
  oneOf,
  optional,
  type Problem,
  refused,
  share,
  test
} from "./fields.ts"
import { metadata } from "./metadata.ts"
import { contentUpTo, key, STATEMENT_LIMITS, turnProblem } from "./Statement.ts"
import { isTime } from "./time.ts"

const part: Field<string> = test((value) => typeof value === "string", "give an id as a text")

const scopeParts = object({ agentId: part, userId: part } satisfies Fields<Scope>)

const scope: Field<Scope> = (value) => {
  const parts = scopeParts(value)
  if (Result.isFailure(parts)) return Result.fail(parts.failure)
  // An export of an agent's notes has their scope, which no caller may name.
  return isScope(scopeBeside(parts.success)) ? parts : refused("is not { agentId, userId }")
}

/** Ids are lower case. */
const id =
  (message: string): Field<string> =>
  (value) => {
    const lower: unknown = typeof value === "string" ? value.toLowerCase() : value
    return isUuid(lower) ? Result.succeed(lower) : refused(message)
  }

const time = test(isTime, "give epoch milliseconds as a whole number")

/** An export writes `null` where a memory has no such part, and leaves nothing out. */
const orNull = <A>(field: Field<A>): Field<A | null> => {
  const read = nullable(field)
  return (value) => (value === undefined ? refused("is missing; give null where there is none") : read(value))
}

const interval = object({ from: time, to: nullable(time) } satisfies Fields<Interval>)

const INTERVALS = "give intervals { from, to } in ascending order, none overlapping, only the last one open"

const validity: Field<ReadonlyArray<Interval>> = (value) => {
  if (!Array.isArray(value) || value.length === 0 || value.length > STORE_LIMITS.rows)
    return refused(INTERVALS)
  const intervals: Array<Interval> = []
  for (const part of value) {
    const read = interval(part)
    const before = intervals.at(-1)
    if (
      Result.isFailure(read) ||
      (read.success.to !== null && read.success.to < read.success.from) ||
      (before !== undefined && (before.to === null || before.to > read.success.from))
    ) {
      return refused(INTERVALS)
    }
    intervals.push(read.success)
  }
  return Result.succeed(intervals)
}

const successorProblem = (memory: Pick<Memory, "id" | "supersededBy" | "validity">): Problem | undefined => {
  if (memory.supersededBy === null) return undefined
  if (memory.supersededBy === memory.id) return ["supersededBy", "is the memory itself"]
  return memory.validity.at(-1)?.to === null
    ? ["supersededBy", "belongs to a memory that is still open"]
    : undefined
}

/** Normalising a text that was accepted makes it up to three times as long (U+FB2C, for one). */
const NFC_GROWTH = 3

const MEMORY = {
  id: id("is not a UUID"),
  scope,
  key: optional(nullable(key)),
  content: contentUpTo(NFC_GROWTH * STATEMENT_LIMITS.content),
  type: oneOf(MEMORY_TYPES),
  metadata,
  source: oneOf(MEMORY_SOURCES),
  speaker: orNull(name),
  sessionId: orNull(name),
  turn: orNull(count),
  saidAt: time,
  importance: share(),
  pinned: boolean,
  createdAt: time,
  updatedAt: time,
  expiresAt: orNull(time),
  validity,
  supersededBy: orNull(id("is not an id")),
  accessCount: count,
  lastAccessedAt: orNull(time)
} satisfies Fields<Omit<Memory, "key"> & Partial<Pick<Memory, "key">>>

const row = input(
  "",
  object(MEMORY, { problem: (memory) => turnProblem(memory) ?? successorProblem(memory) })
)

/** Reads a memory as `export` wrote it. The field of a problem is `""` where no field is to blame. */
export const readMemory: Field<Memory> = (value) =>
  Result.map(row(value), (memory) => ({
    ...memory,
    // Exports of the first version have no key.
    key: memory.key ?? null,
    content: memory.content.normalize("NFC")
  }))
