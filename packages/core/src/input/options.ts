/** The options of the verbs, each interface beside the table that reads it. */
import * as Result from "effect/Result"
import { ANY, type Condition } from "../memory/Condition.ts"
import type { JsonObject } from "../memory/Memory.ts"
import { isUuid } from "../memory/MemoryId.ts"
import type { Where } from "../memory/Where.ts"
import type { ScopeLimits } from "../store/limits.ts"
import type { Cursor, MemoryChange } from "../store/MemoryStore.ts"
import type { TokenEstimator } from "../text/estimateTokens.ts"
import {
  boolean,
  count,
  type Field,
  type Fields,
  input,
  integer,
  name,
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
import { conditionFrom, FILTER, filter, type FilterInput } from "./filter.ts"
import { metadata } from "./metadata.ts"
import { cursor, pageLimit } from "./page.ts"
import { expiryFrom, keyUpTo, LIFETIME } from "./Statement.ts"
import { time, timeBound, type TimeInput } from "./time.ts"
import { timeZone } from "./timeZone.ts"
import { condition } from "./where.ts"

/** A table for options that hold filters: what callers write is a `Where`, what is read a condition. */
type Readers<Options> = Fields<Omit<Options, "where" | "filter">> & {
  readonly [Name in Extract<keyof Options, "where" | "filter">]-?: Field<Condition | undefined>
}

/** How to write. */
export interface WriteOptions {
  /** From `fence()`: the write is refused when everything was forgotten since. */
  readonly fence?: number | undefined
}

export const readWriteOptions = input(
  "options",
  object({
    fence: optional(integer(0, Number.MAX_SAFE_INTEGER, "give what fence() returned"))
  } satisfies Fields<WriteOptions>)
)

const limit = optional(integer(1, Number.MAX_SAFE_INTEGER, "give a whole number above 0"))

/** Reads the limits of a scope, each optional; `refuse` when `whenFull` is absent. */
export const readLimits = (value: unknown): Result.Result<ScopeLimits | undefined, Problem> =>
  value === undefined
    ? Result.succeed(undefined)
    : Result.map(limits(value), ({ whenFull = "refuse", ...most }) => ({ ...most, whenFull }))

const limits = within(
  "limits",
  object({ memories: limit, bytes: limit, whenFull: optional(oneOf(["refuse", "dropOldest"] as const)) })
)

const callLimits = within("queue", object({ running: limit, waiting: limit }))

/** Reads how many calls run and wait at once, each optional. */
export const readCallLimits = (
  value: unknown
): Result.Result<{ readonly running: number; readonly waiting: number }, Problem> =>
  Result.map(callLimits(value ?? {}), ({ running = 256, waiting = 4_096 }) => ({ running, waiting }))

/** How to forget. */
export interface ForgetOptions {
  /** Counts what would go, and leaves it. */
  readonly dryRun?: boolean | undefined
}

export const readForgetOptions = input(
  "options",
  object({ dryRun: optional(boolean) } satisfies Fields<ForgetOptions>)
)

/** How to take in an export. */
export interface ImportOptions {
  /** Puts memories of several scopes into this one; without it they are refused. */
  readonly mergeScopes?: boolean | undefined
  /**
   * Keeps ids that cannot be computed again from text, turn or key. For your own backups: a forged id takes the place
   * of what is said later.
   */
  readonly trustIds?: boolean | undefined
  /**
   * Ids of this import's other calls: old to new, for links to them.
   *
   * @internal
   */
  readonly newIds?: ReadonlyMap<string, string> | undefined
}

export const readImportOptions = input(
  "options",
  object({
    mergeScopes: optional(boolean),
    trustIds: optional(boolean),
    newIds: optional(
      test((value): value is ReadonlyMap<string, string> => value instanceof Map, "give a map")
    )
  } satisfies Fields<ImportOptions>)
)

/** One turn of a conversation and its answer. */
export interface Exchange {
  readonly user: string
  /** `""` where there is no answer. */
  readonly assistant: string
  readonly sessionId: string
  /** Who asked, where several people talk. */
  readonly speaker?: string | null | undefined
  /** The user's turn; the answer takes the next. Assigned in order when absent. */
  readonly turn?: number | undefined
  /** Now when absent. Where it is given, the same texts at that time are the same exchange. */
  readonly saidAt?: TimeInput | undefined
  /**
   * 1 to 500 characters. The same key in the same scope is the same exchange, in whichever session and turn it was first
   * said; under other texts it is a `Conflict`.
   */
  readonly key?: string | undefined
}

/** So that the keys of both halves are keys of statements. */
const EXCHANGE_KEY_MAX = 500

/** Their contents are checked as statements, which the errors name `[0]` and `[1]`. */
const text = (advice: string): Field<string> => test((value) => typeof value === "string", advice)

export const readExchange = input(
  "exchange",
  object({
    sessionId: test(
      (value): value is string => typeof value === "string" && value !== "",
      "name the conversation this exchange belongs to"
    ),
    user: text("give what the user said"),
    assistant: text('give the answer; "" where there is none'),
    speaker: optional(nullable(name)),
    turn: optional(count),
    saidAt: optional(time),
    key: optional(keyUpTo(EXCHANGE_KEY_MAX))
  } satisfies Fields<Exchange>)
)

/** Which memories, and which page of them. */
export interface ListOptions {
  readonly where?: Where | undefined
  /** `createdAt` when absent. Ties: by id. */
  readonly by?: "createdAt" | "saidAt" | undefined
  /** Oldest first when absent. */
  readonly newestFirst?: boolean | undefined
  /** Superseded memories too. */
  readonly includeSuperseded?: boolean | undefined
  /** `next` of the page before. */
  readonly after?: Cursor | undefined
  /** 1 to 1,000; 100 when absent. */
  readonly limit?: number | undefined
  /** @deprecated Use `where`. */
  readonly filter?: FilterInput | undefined
  /** @deprecated Use `includeSuperseded`. */
  readonly closed?: boolean | undefined
}

const isCursor = (value: unknown): value is Cursor =>
  typeof value === "object" &&
  value !== null &&
  "at" in value &&
  Number.isSafeInteger(value.at) &&
  "id" in value &&
  isUuid(value.id)

const listOptions = input(
  "options",
  object(
    {
      where: optional(condition),
      by: optional(oneOf(["createdAt", "saidAt"])),
      newestFirst: optional(boolean),
      filter: optional(filter),
      includeSuperseded: optional(boolean),
      after: optional(cursor(isCursor, ({ at, id }) => ({ at, id }))),
      limit: optional(pageLimit),
      closed: optional(boolean)
    } satisfies Readers<ListOptions>,
    { renamed: { closed: "includeSuperseded", filter: "where" } }
  )
)

export const readListOptions = (value: unknown) =>
  Result.map(listOptions(value), ({ where: asked = ANY, ...options }) => ({ ...options, filter: asked }))

/** Which memories to count. */
export interface CountOptions {
  readonly where?: Where | undefined
}

export const readCountOptions = input(
  "options",
  object({ where: optional(condition) } satisfies Readers<CountOptions>)
)

/** What to recall. */
export interface RecallOptions extends FilterInput {
  readonly where?: Where | undefined
  /** How many memories; 1 to 100, 10 when absent. */
  readonly limit?: number | undefined
  /** Least score, 0 to 1; 0.01 when absent. */
  readonly minScore?: number | undefined
  /** Recalls what was so at this moment. */
  readonly asOf?: TimeInput | undefined
  /** Whose "yesterday" the question means: a name of the IANA database; the memory's when absent. */
  readonly timeZone?: string | undefined
  /** @deprecated Use `minScore`. */
  readonly threshold?: number | undefined
}

/** Most memories of one recall. */
export const RECALL_LIMIT_MAX = 100

const recallLimit = integer(
  1,
  RECALL_LIMIT_MAX,
  (value) =>
    `${shown(value)} is not a whole number from 1 to ${RECALL_LIMIT_MAX}; use list to read everything`
)
const minScore = share("; a score is a probability")

const recallOptions = input(
  "options",
  object(
    {
      where: optional(condition),
      limit: optional(recallLimit),
      minScore: optional(minScore),
      asOf: optional(timeBound),
      timeZone: optional(timeZone),
      threshold: optional(minScore),
      ...FILTER
    } satisfies Readers<RecallOptions>,
    { renamed: { threshold: "minScore" } }
  )
)

export const readRecallOptions = (value: unknown) =>
  Result.flatMap(recallOptions(value), ({ asOf, limit, minScore: least, timeZone: zone, ...fields }) =>
    Result.map(conditionFrom(fields), (asked) => ({
      asOf,
      limit,
      minScore: least,
      timeZone: zone,
      filter: asked
    }))
  )

/** Why a memory is in the context: who the user is, what answers, how last time ended. */
export type ContextPart = "profile" | "relevant" | "lastTime"

/** In the order in which they stand in the block. */
export const CONTEXT_PARTS: ReadonlyArray<ContextPart> = ["profile", "relevant", "lastTime"]

/** How large the block may be and what goes into it. */
export interface ContextOptions {
  /** Tokens for the whole block; 600 when absent. */
  readonly budgetTokens?: number | undefined
  /** Parts to leave out. */
  readonly omit?: ReadonlyArray<ContextPart> | undefined
  /** Most tokens of a part; pins are in full whatever it says. */
  readonly partTokens?: { readonly [part in ContextPart]?: number | undefined } | undefined
  /** Only these memories; all when absent. */
  readonly where?: Where | undefined
  /** The conversation under way: it is not "last time", and what it holds need not be recalled. */
  readonly sessionId?: string | undefined
  /** Least score of the relevant part, 0 to 1. When absent 0.01, and a message that finds hardly anything shows some of it or nothing. */
  readonly minScore?: number | undefined
  /** How many relevant memories, 1 to 100; as many as the budget may hold when absent. */
  readonly limit?: number | undefined
  /** Shows each relevant memory's score; left out by default, since it tells the model nothing it can use. */
  readonly showScores?: boolean | undefined
  /** Whose days the block has, and whose "yesterday" the message means: a name of the IANA database; the memory's when absent. */
  readonly timeZone?: string | undefined
  /** Tokens of a text; Keepsake's own estimate when absent. */
  readonly estimateTokens?: TokenEstimator | undefined
  /** @deprecated Use `budgetTokens`. */
  readonly budget?: number | undefined
  /** @deprecated Use `omit`. */
  readonly without?: ReadonlyArray<ContextPart> | undefined
  /** @deprecated Use `minScore`. */
  readonly threshold?: number | undefined
  /** @deprecated Use `showScores`. */
  readonly scores?: boolean | undefined
}

const parts = test(
  (value): value is ReadonlyArray<ContextPart> =>
    Array.isArray(value) && value.every((part) => CONTEXT_PARTS.includes(part)),
  `give a list of ${CONTEXT_PARTS.join(", ")}`
)

const currentSession: Field<string> = (value) =>
  value === null ? refused("null is no conversation; leave it out") : name(value)

const tokens = integer(1, Number.MAX_SAFE_INTEGER, "give a whole number of tokens above 0")

const partTokens = object({
  profile: optional(tokens),
  relevant: optional(tokens),
  lastTime: optional(tokens)
} satisfies Fields<NonNullable<ContextOptions["partTokens"]>>)

const CONTEXT = {
  budgetTokens: optional(tokens),
  omit: optional(parts),
  partTokens: optional(partTokens),
  where: optional(condition),
  sessionId: optional(currentSession),
  minScore: optional(minScore),
  limit: optional(recallLimit),
  showScores: optional(boolean),
  timeZone: optional(timeZone),
  estimateTokens: optional(
    test(
      (value): value is TokenEstimator => typeof value === "function",
      "give a function from a text to its tokens"
    )
  )
} satisfies Partial<Readers<ContextOptions>>

/** Reads the options of `context`; deprecated names become the current ones. */
export const readContextOptions = input(
  "options",
  object(
    {
      ...CONTEXT,
      budget: optional(tokens),
      without: optional(parts),
      threshold: optional(minScore),
      scores: optional(boolean)
    } satisfies Readers<ContextOptions>,
    { renamed: { budget: "budgetTokens", without: "omit", threshold: "minScore", scores: "showScores" } }
  )
)

/** Context options as they were read. */
export type ReadContextOptions = Partial<Read<typeof CONTEXT>>

/** What may change while the statement stays the same. */
export interface MemoryUpdate {
  readonly importance?: number | undefined
  readonly pinned?: boolean | undefined
  /** Replaces the whole object. */
  readonly metadata?: JsonObject | undefined
  /** Whole days from now, 1 to 3,650; not together with `expiresAt`. */
  readonly ttlDays?: number | undefined
  /** `null`: never. */
  readonly expiresAt?: TimeInput | null | undefined
}

const UPDATE = {
  importance: optional(share()),
  pinned: optional(boolean),
  metadata: optional(metadata),
  ...LIFETIME
} satisfies Fields<MemoryUpdate>

const update = input("change", object(UPDATE))

/** What the store is to change. */
export const readUpdate = (value: unknown, now: number): Result.Result<MemoryChange, Problem> => {
  const read = update(value)
  if (Result.isFailure(read)) {
    return Result.fail(
      read.failure[0] === "content"
        ? ["content", "never changes; supersede says what is so now"]
        : read.failure
    )
  }
  const { expiresAt, importance, metadata: newMetadata, pinned, ttlDays } = read.success
  const touchesLifetime = ttlDays !== undefined || expiresAt !== undefined
  if (!touchesLifetime && importance === undefined && newMetadata === undefined && pinned === undefined) {
    return Result.fail(["change", `names nothing to change; give ${Object.keys(UPDATE).join(", ")}`])
  }
  const change = {
    ...(importance === undefined ? {} : { importance }),
    ...(pinned === undefined ? {} : { pinned }),
    ...(newMetadata === undefined ? {} : { metadata: newMetadata })
  }
  return touchesLifetime
    ? Result.map(expiryFrom(read.success, now), (expiry) => ({ expiresAt: expiry, ...change }))
    : Result.succeed(change)
}
