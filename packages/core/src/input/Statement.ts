import {
  type JsonObject,
  type Memory,
  MEMORY_SOURCES,
  MEMORY_TYPES,
  type MemorySource,
  type MemoryType
} from "../memory/Memory.ts"
import { memoryIdOfKey, memoryIdOfText } from "../memory/MemoryId.ts"
import { METADATA_LIMITS, readMetadata } from "./metadata.ts"
import {
  booleanProblem,
  isKeepable,
  isProblem,
  isTime,
  NAME_MAX,
  nameProblem,
  type Problem,
  readFields,
  shown
} from "./problems.ts"
import type { Scope } from "../memory/Scope.ts"

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

/** Longest content, names and keys (UTF-16 code units), deepest metadata, longest lifetime. */
export const STATEMENT_LIMITS = {
  content: 100_000,
  name: NAME_MAX,
  key: 512,
  metadataDepth: METADATA_LIMITS.depth,
  metadataCharacters: METADATA_LIMITS.characters,
  ttlDays: 3_650
} as const

const DAY_MS = 86_400_000

const FIELDS: ReadonlyArray<keyof Statement> = [
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
]

export const textProblem = (content: unknown): Problem | undefined => {
  if (typeof content !== "string") return ["content", "give the text to remember"]
  if (content.trim() === "") return ["content", "is empty; there is nothing to remember"]
  if (content.length > STATEMENT_LIMITS.content) {
    return [
      "content",
      `is ${content.length} characters long; split it, or summarise it to at most ${STATEMENT_LIMITS.content}`
    ]
  }
  return isKeepable(content)
    ? undefined
    : ["content", "holds a NUL or half a character (a lone surrogate); remove it"]
}

export const importanceProblem = (importance: unknown): Problem | undefined =>
  typeof importance === "number" && importance >= 0 && importance <= 1
    ? undefined
    : ["importance", `${shown(importance)} is not between 0 and 1`]

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
      : ["ttlDays", `${shown(ttlDays)} is not a whole number of days from 1 to ${STATEMENT_LIMITS.ttlDays}`]
  }
  if (expiresAt === undefined || expiresAt === null) return null
  if (!isTime(expiresAt)) return ["expiresAt", "give epoch milliseconds as a whole number, or null for never"]
  return expiresAt > now
    ? expiresAt
    : ["expiresAt", "lies in the past: it would be gone at once; give a future time"]
}

/** Counts and turns are 32-bit integers in some stores. */
const COUNT_MAX = 0x7fff_ffff

export const isCount = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= COUNT_MAX

export const turnProblem = (turn: unknown, sessionId: unknown): Problem | undefined => {
  if (turn === undefined || turn === null) return undefined
  if (!isCount(turn)) return ["turn", `give a whole number from 0 to ${COUNT_MAX}`]
  return sessionId === undefined || sessionId === null
    ? ["turn", "needs a sessionId to be a turn of"]
    : undefined
}

const statementProblem = (input: Statement): Problem | undefined => {
  const { importance, key, pinned, saidAt, sessionId, source, turn, type } = input
  if (type !== undefined && !MEMORY_TYPES.includes(type))
    return ["type", `${shown(type)} is none of ${MEMORY_TYPES.join(", ")}`]
  if (source !== undefined && !MEMORY_SOURCES.includes(source))
    return ["source", `${shown(source)} is none of ${MEMORY_SOURCES.join(", ")}`]
  if (saidAt !== undefined && !isTime(saidAt)) return ["saidAt", "give epoch milliseconds as a whole number"]
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
    turnProblem(turn, sessionId) ??
    booleanProblem("pinned", pinned) ??
    (importance === undefined ? undefined : importanceProblem(importance))
  )
}

/** A copy of what was given, or what is wrong with it. */
const readStatement = (input: string | Statement): Statement | Problem => {
  if (typeof input === "string") return textProblem(input) ?? { content: input }
  if (typeof input !== "object" || input === null)
    return ["content", "give a text, or an object with content"]
  const statement = readFields("content", input, FIELDS)
  if (isProblem(statement)) return statement
  const metadata = statement.metadata === undefined ? {} : readMetadata(statement.metadata)
  return statementProblem(statement) ?? (isProblem(metadata) ? metadata : { ...statement, metadata })
}

const DEFAULTS = { type: "episodic", source: "user", speaker: null } as const

/**
 * The memory that a statement makes when nothing of it is known yet, or what is wrong with it. What the
 * statement does not say of its kind is taken from `unless`.
 */
export const memoryFromStatement = (
  scope: Scope,
  input: string | Statement,
  now: number,
  unless: Pick<Memory, "type" | "source" | "speaker"> = DEFAULTS
): Memory | Problem => {
  const statement = readStatement(input)
  if (isProblem(statement)) return statement
  const expiresAt = expiryOf(statement, now)
  if (isProblem(expiresAt)) return expiresAt
  const said = {
    content: statement.content.normalize("NFC"),
    type: statement.type ?? unless.type,
    source: statement.source ?? unless.source,
    speaker: statement.speaker === undefined ? unless.speaker : statement.speaker
  }
  const saidAt = statement.saidAt ?? now
  return {
    id: statement.key === undefined ? memoryIdOfText(scope, said) : memoryIdOfKey(scope, statement.key),
    scope,
    ...said,
    metadata: statement.metadata ?? {},
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
  }
}
