import { Effect } from "effect"
import type { JsonObject, JsonValue, Memory, MemorySource, MemoryType } from "./Memory.ts"
import { MEMORY_TYPES } from "./Memory.ts"
import { invalidInput, type MemoryError } from "./MemoryError.ts"
import { memoryIdOfKey, memoryIdOfText } from "./MemoryId.ts"
import type { Scope } from "./Scope.ts"

/** What the user of the library says is to be remembered. Only `content` is required. */
export interface Statement {
  /** 1 to 100,000 characters (UTF-16 code units); stored NFC-normalised, otherwise as given. */
  readonly content: string
  /** `episodic` unless said otherwise. */
  readonly type?: MemoryType | undefined
  /** JSON; at most 8 levels and 16,384 characters when written out. */
  readonly metadata?: JsonObject | undefined
  /** `user` unless said otherwise. */
  readonly source?: MemorySource | undefined
  readonly speaker?: string | null | undefined
  readonly sessionId?: string | null | undefined
  /** 0, 1, 2, …; assigned in order when absent and `sessionId` is given. */
  readonly turn?: number | null | undefined
  /** Epoch milliseconds; now when absent. May lie in the past. */
  readonly saidAt?: number | undefined
  /** 0 to 1; 0.5 when absent. */
  readonly importance?: number | undefined
  readonly pinned?: boolean | undefined
  /** Whole days from now, 1 to 3,650; not together with `expiresAt`. */
  readonly ttlDays?: number | undefined
  /** Epoch milliseconds in the future; `null` or absent: never. */
  readonly expiresAt?: number | null | undefined
  /** The caller's own name for it (idempotency): the same key in the same scope is the same memory. */
  readonly key?: string | undefined
}

export const STATEMENT_LIMITS = {
  content: 100_000,
  name: 256,
  key: 512,
  metadataDepth: 8,
  metadataCharacters: 16_384,
  ttlDays: 3_650
} as const

const DAY_MS = 86_400_000

const SOURCES: ReadonlyArray<MemorySource> = ["user", "assistant", "tool", "system"]

const FIELDS: ReadonlySet<string> = new Set([
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
  "ttlDays",
  "expiresAt",
  "key"
])

type Problem = readonly [field: string, message: string]

const nameProblem = (field: string, value: unknown): Problem | undefined => {
  if (value === undefined || value === null) return undefined
  if (typeof value !== "string" || value.length === 0 || value.length > STATEMENT_LIMITS.name) {
    return [field, `give a name of 1 to ${STATEMENT_LIMITS.name} characters, or leave it out`]
  }
  // A NUL cannot be stored by PostgreSQL, a lone surrogate by nothing that speaks UTF-8.
  return value.includes("\u0000") || !value.isWellFormed()
    ? [field, "holds a NUL or half a character; remove it"]
    : undefined
}

/** Depth and kind of a value; `undefined` when it is JSON within the bounds. */
const jsonProblem = (path: string, value: unknown, depth: number): Problem | undefined => {
  if (depth > STATEMENT_LIMITS.metadataDepth)
    return [path, `is deeper than ${STATEMENT_LIMITS.metadataDepth} levels; flatten it`]
  if (value === null || typeof value === "boolean") return undefined
  if (typeof value === "string") {
    return value.isWellFormed() && !value.includes("\u0000")
      ? undefined
      : [path, "holds a NUL or half a character; remove it"]
  }
  if (typeof value === "number")
    return Number.isFinite(value) ? undefined : [path, `${value} is not JSON; give a finite number`]
  if (typeof value !== "object")
    return [path, `a ${typeof value} is not JSON; give a string, number, boolean, null, list or object`]
  const proto: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && proto !== Object.prototype && proto !== null) {
    return [path, "is an instance of a class; give a plain object"]
  }
  for (const [key, part] of Object.entries(value)) {
    const problem =
      (key.isWellFormed() && !key.includes("\u0000")
        ? undefined
        : ([path, "has a key with a NUL or half a character"] as const)) ??
      jsonProblem(`${path}.${key}`, part, depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** What is wrong with metadata, or `undefined`. */
export const metadataProblem = (metadata: unknown): Problem | undefined => {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    return ["metadata", "give a plain JSON object"]
  }
  const problem = jsonProblem("metadata", metadata, 1)
  if (problem !== undefined) return problem
  const length = JSON.stringify(metadata).length
  return length > STATEMENT_LIMITS.metadataCharacters
    ? [
        "metadata",
        `is ${length} characters long; keep it under ${STATEMENT_LIMITS.metadataCharacters} and put long text into content`
      ]
    : undefined
}

const textProblem = (content: unknown): Problem | undefined => {
  if (typeof content !== "string") return ["content", "give the text to remember"]
  if (content.trim() === "") return ["content", "is empty; there is nothing to remember"]
  if (content.length > STATEMENT_LIMITS.content) {
    return [
      "content",
      `is ${content.length} characters long; split it, or summarise it to at most ${STATEMENT_LIMITS.content}`
    ]
  }
  return content.includes("\u0000") || !content.isWellFormed()
    ? ["content", "holds a NUL or half a character (a lone surrogate); remove it"]
    : undefined
}

export const importanceProblem = (importance: unknown): Problem | undefined =>
  typeof importance === "number" && importance >= 0 && importance <= 1
    ? undefined
    : ["importance", `${String(importance)} is not between 0 and 1`]

const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** The moment a lifetime ends, or what is wrong with how it was given. */
export const expiryOf = (
  lifetime: { readonly ttlDays?: number | undefined; readonly expiresAt?: number | null | undefined },
  now: number
): number | null | Problem => {
  const { expiresAt, ttlDays } = lifetime
  if (ttlDays !== undefined) {
    if (expiresAt !== undefined) return ["ttlDays", "give either ttlDays or expiresAt, not both"]
    return Number.isInteger(ttlDays) && ttlDays >= 1 && ttlDays <= STATEMENT_LIMITS.ttlDays
      ? now + ttlDays * DAY_MS
      : ["ttlDays", `${ttlDays} is not a whole number of days from 1 to ${STATEMENT_LIMITS.ttlDays}`]
  }
  if (expiresAt === undefined || expiresAt === null) return null
  if (!isTime(expiresAt)) return ["expiresAt", "give epoch milliseconds as a whole number, or null for never"]
  return expiresAt > now
    ? expiresAt
    : ["expiresAt", "lies in the past: it would be gone at once; give a future time"]
}

export const isProblem = (value: unknown): value is Problem => Array.isArray(value)

const statementProblem = (input: Statement): Problem | undefined => {
  const stray = Object.keys(input).find((field) => !FIELDS.has(field))
  if (stray !== undefined)
    return [stray, `is not a field of a statement; the fields are ${Array.from(FIELDS).join(", ")}`]
  const { importance, key, metadata, pinned, saidAt, sessionId, source, turn, type } = input
  if (type !== undefined && !MEMORY_TYPES.includes(type))
    return ["type", `${String(type)} is none of ${MEMORY_TYPES.join(", ")}`]
  if (source !== undefined && !SOURCES.includes(source))
    return ["source", `${String(source)} is none of ${SOURCES.join(", ")}`]
  if (saidAt !== undefined && !isTime(saidAt)) return ["saidAt", "give epoch milliseconds as a whole number"]
  if (pinned !== undefined && typeof pinned !== "boolean") return ["pinned", "give true or false"]
  if (turn !== undefined && turn !== null) {
    if (!Number.isSafeInteger(turn) || turn < 0 || turn > 0x7fff_ffff)
      return ["turn", "give a whole number from 0"]
    if (sessionId === undefined || sessionId === null) return ["turn", "needs a sessionId to be a turn of"]
  }
  if (
    key !== undefined &&
    (typeof key !== "string" || key.length === 0 || key.length > STATEMENT_LIMITS.key || !key.isWellFormed())
  ) {
    return ["key", `give 1 to ${STATEMENT_LIMITS.key} characters, or leave it out`]
  }
  return (
    textProblem(input.content) ??
    nameProblem("speaker", input.speaker) ??
    nameProblem("sessionId", sessionId) ??
    (importance === undefined ? undefined : importanceProblem(importance)) ??
    (metadata === undefined ? undefined : metadataProblem(metadata))
  )
}

/** A plain copy, so that what was checked is what is stored. */
const copyJson = <T extends JsonValue>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** The memory that a statement makes when nothing of it is known yet, or a typed `InvalidInput`. */
export const memoryOf = (
  scope: Scope,
  input: string | Statement,
  now: number
): Effect.Effect<Memory, MemoryError> => {
  const statement: Statement = typeof input === "string" ? { content: input } : input
  if (typeof statement !== "object" || statement === null) {
    return Effect.fail(invalidInput("content", "give a text, or an object with content"))
  }
  const problem = statementProblem(statement)
  if (problem !== undefined) return Effect.fail(invalidInput(...problem))
  const expiresAt = expiryOf(statement, now)
  if (isProblem(expiresAt)) return Effect.fail(invalidInput(...expiresAt))
  const said = {
    content: statement.content.normalize("NFC"),
    type: statement.type ?? "episodic",
    source: statement.source ?? "user",
    speaker: statement.speaker ?? null
  }
  const saidAt = statement.saidAt ?? now
  return Effect.succeed({
    id: statement.key === undefined ? memoryIdOfText(scope, said) : memoryIdOfKey(scope, statement.key),
    scope,
    ...said,
    metadata: copyJson(statement.metadata ?? {}),
    sessionId: statement.sessionId ?? null,
    turn: statement.turn ?? null,
    saidAt,
    importance: statement.importance ?? 0.5,
    pinned: statement.pinned ?? false,
    createdAt: now,
    updatedAt: now,
    expiresAt,
    validity: [{ from: saidAt, to: null }],
    supersededBy: null,
    accessCount: 0,
    lastAccessedAt: null
  })
}
