import * as Result from "effect/Result"
import { DAY_MS } from "../memory/duration.ts"
import type { Restatable } from "../memory/lifetime.ts"
import {
  type JsonObject,
  type Memory,
  MEMORY_SOURCES,
  MEMORY_TYPES,
  type MemorySource,
  type MemoryType
} from "../memory/Memory.ts"
import { memoryIdOfKey, memoryIdOfText } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import {
  boolean,
  count,
  type Field,
  type Fields,
  input,
  integer,
  isKeepable,
  name,
  NAME_MAX,
  nullable,
  object,
  oneOf,
  optional,
  type Problem,
  type Read,
  refused,
  share,
  shown,
  test,
  within
} from "./fields.ts"
import { metadata, METADATA_LIMITS } from "./metadata.ts"
import { time, type TimeInput, timeOrNever } from "./time.ts"

/** What to remember. Only `content` is required. */
export interface Statement {
  /** 1 to 1,000,000 characters (UTF-16 code units); stored NFC-normalised, otherwise unchanged. */
  readonly content: string
  /** `episodic` when absent. */
  readonly type?: MemoryType | undefined
  /** JSON; at most 8 levels and 65,536 bytes when written out. */
  readonly metadata?: JsonObject | undefined
  /** `user` when absent. */
  readonly source?: MemorySource | undefined
  readonly speaker?: string | null | undefined
  readonly sessionId?: string | null | undefined
  /** 0, 1, 2, …; assigned in order when absent and `sessionId` is given. */
  readonly turn?: number | null | undefined
  /** Now when absent. May lie in the past. */
  readonly saidAt?: TimeInput | undefined
  /** 0 to 1; 0.5 when absent. */
  readonly importance?: number | undefined
  readonly pinned?: boolean | undefined
  /** Whole days from now, 1 to 3,650; not together with `expiresAt`. */
  readonly ttlDays?: number | undefined
  /** In the future; `null` or absent: never. */
  readonly expiresAt?: TimeInput | null | undefined
  /** The caller's own name for it (idempotency): the same key in the same scope names the same memory. */
  readonly key?: string | undefined
}

/** Longest content, names and keys (UTF-16 code units), deepest metadata, longest lifetime. */
export const STATEMENT_LIMITS = {
  content: STORE_LIMITS.contentCharacters,
  name: NAME_MAX,
  key: 512,
  metadataDepth: METADATA_LIMITS.depth,
  metadataBytes: METADATA_LIMITS.bytes,
  ttlDays: 3_650
} as const

/** Reads a text of up to `lengthMax` UTF-16 code units. */
export const contentUpTo =
  (lengthMax: number): Field<string> =>
  (value) => {
    if (typeof value !== "string") return refused("give the text to remember")
    if (value.trim() === "") return refused("is empty; there is nothing to remember")
    if (value.length > lengthMax) {
      return refused(
        `is ${value.length} characters long; split it, or summarise it to at most ${STATEMENT_LIMITS.content}`
      )
    }
    return isKeepable(value)
      ? Result.succeed(value)
      : refused("holds a NUL or half a character (a lone surrogate); remove it")
  }

export const content = contentUpTo(STATEMENT_LIMITS.content)

export const keyUpTo = (lengthMax: number): Field<string> =>
  test(
    (value): value is string =>
      typeof value === "string" && value.length > 0 && value.length <= lengthMax && value.isWellFormed(),
    `give 1 to ${lengthMax} characters, or leave it out`
  )

export const key = keyUpTo(STATEMENT_LIMITS.key)

/** How long a memory lasts, where a statement or an update may say so. */
export const LIFETIME = {
  ttlDays: optional(
    integer(
      1,
      STATEMENT_LIMITS.ttlDays,
      (value) => `${shown(value)} is not a whole number of days from 1 to ${STATEMENT_LIMITS.ttlDays}`
    )
  ),
  expiresAt: optional(nullable(timeOrNever))
} satisfies Fields<Pick<Statement, "ttlDays" | "expiresAt">>

/** When a lifetime ends. */
export const expiryFrom = (
  lifetime: { readonly ttlDays?: number | undefined; readonly expiresAt?: number | null | undefined },
  now: number
): Result.Result<number | null, Problem> => {
  const { expiresAt, ttlDays } = lifetime
  if (ttlDays !== undefined) {
    return expiresAt === undefined
      ? Result.succeed(now + ttlDays * DAY_MS)
      : Result.fail(["ttlDays", "give either ttlDays or expiresAt, not both"])
  }
  if (expiresAt === undefined || expiresAt === null) return Result.succeed(null)
  return expiresAt > now
    ? Result.succeed(expiresAt)
    : Result.fail(["expiresAt", "lies in the past: it would be gone at once; give a future time"])
}

export const turnProblem = (place: {
  readonly sessionId?: string | null | undefined
  readonly turn?: number | null | undefined
}): Problem | undefined =>
  (place.turn ?? null) !== null && (place.sessionId ?? null) === null
    ? ["turn", "needs a sessionId to be a turn of"]
    : undefined

const STATEMENT = {
  content,
  type: optional(oneOf(MEMORY_TYPES)),
  metadata: optional(metadata),
  source: optional(oneOf(MEMORY_SOURCES)),
  speaker: optional(nullable(name)),
  sessionId: optional(nullable(name)),
  turn: optional(nullable(count)),
  saidAt: optional(time),
  importance: optional(share()),
  pinned: optional(boolean),
  ...LIFETIME,
  key: optional(key)
} satisfies Fields<Statement>

const readText = within("content", content)
const readObject = input("content", object(STATEMENT, { problem: turnProblem }))

const readStatement = (value: unknown) => {
  if (typeof value === "string") return Result.map(readText(value), (text) => ({ content: text }))
  return typeof value === "object" && value !== null
    ? readObject(value)
    : Result.fail<Problem>(["content", "give a text, or an object with content"])
}

const DEFAULTS = { type: "episodic", source: "user", speaker: null } as const

/** A memory made of a statement, and the fields that the statement gave. */
export interface StatedMemory extends Memory {
  readonly overwrites: ReadonlyArray<Restatable>
}

const RESTATABLE: ReadonlyArray<Restatable> = ["metadata", "importance", "pinned"]

/** The memory that a new statement makes. Missing type, source and speaker come from `defaults`. */
export const memoryFromStatement = (
  scope: Scope,
  statement: string | Statement,
  now: number,
  defaults: Pick<Memory, "type" | "source" | "speaker"> = DEFAULTS
): Result.Result<StatedMemory, Problem> => {
  const read = readStatement(statement)
  if (Result.isFailure(read)) return Result.fail(read.failure)
  const fields: Partial<Read<typeof STATEMENT>> & { readonly content: string } = read.success
  const expiry = expiryFrom(fields, now)
  if (Result.isFailure(expiry)) return Result.fail(expiry.failure)
  const identity = {
    content: fields.content.normalize("NFC"),
    type: fields.type ?? defaults.type,
    source: fields.source ?? defaults.source,
    speaker: fields.speaker === undefined ? defaults.speaker : fields.speaker
  }
  const saidAt = fields.saidAt ?? now
  return Result.succeed({
    id: fields.key === undefined ? memoryIdOfText(scope, identity) : memoryIdOfKey(scope, fields.key),
    scope,
    key: fields.key ?? null,
    ...identity,
    metadata: fields.metadata ?? {},
    sessionId: fields.sessionId ?? null,
    turn: fields.turn ?? null,
    saidAt,
    importance: fields.importance ?? 0.5,
    pinned: fields.pinned ?? false,
    createdAt: now,
    updatedAt: now,
    expiresAt: expiry.success,
    validity: [{ from: saidAt, to: null }],
    supersededBy: null,
    accessCount: 0,
    lastAccessedAt: null,
    overwrites: RESTATABLE.filter((field) => fields[field] !== undefined)
  })
}
