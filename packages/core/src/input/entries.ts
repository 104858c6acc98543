/** What callers say of sessions and of the entries kept about them. */
import * as Result from "effect/Result"
import { MEMORY_SOURCES, type MemorySource } from "../memory/Memory.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import { toSessionCursor } from "../store/lists/pages.ts"
import type { SessionCursor } from "../store/sessions.ts"
import {
  count,
  boolean,
  type Field,
  type Fields,
  input,
  isKeepable,
  list,
  name,
  object,
  oneOf,
  optional,
  type Problem,
  refused,
  shown,
  test
} from "./fields.ts"
import { cursor, pageLimit } from "./page.ts"

/** One entry of a session. */
export interface EntryInput {
  readonly sessionId: string
  /** What it is: `history`, `notes`. 1 to 64 characters of `a-z 0-9 -`. */
  readonly kind: string
  /** Its place among the entries of that session and kind: 0, 1, 2, …. */
  readonly number: number
  /** 1 to 1,000,000 characters (UTF-16 code units). */
  readonly content: string
  /** Who said it. Not stored: `beforeWrite` sees it, and cannot change what the assistant said. */
  readonly source?: MemorySource | undefined
}

/** Which entries of a session. */
export interface EntriesOptions {
  readonly sessionId: string
  readonly kind: string
  /** Numbers after this one; before it when `newestFirst`. */
  readonly after?: number | undefined
  readonly newestFirst?: boolean | undefined
  /** 1 to 1,000; 100 when absent. */
  readonly limit?: number | undefined
}

/** Which entries of a session to drop. */
export interface DropEntriesOptions {
  readonly sessionId: string
  /** All kinds when absent. */
  readonly kind?: string | undefined
  /** Up to and including this number; all of the kind when absent. */
  readonly through?: number | undefined
}

/** Which page of the sessions. */
export interface SessionsOptions {
  /** `next` of the page before. */
  readonly after?: SessionCursor | undefined
  /** 1 to 1,000; 100 when absent. */
  readonly limit?: number | undefined
}

const kind = test(
  (value): value is string => typeof value === "string" && /^[a-z\d-]{1,64}$/u.test(value),
  (value) => `${shown(value)} is no kind of entry; give 1 to 64 characters of a-z, 0-9 and -`
)

export const entryContent: Field<string> = (value) => {
  if (typeof value !== "string" || value.length === 0) return refused("give the text to keep")
  if (value.length > STORE_LIMITS.entryCharacters) {
    return refused(
      `is ${value.length} characters long; keep at most ${STORE_LIMITS.entryCharacters} in an entry`
    )
  }
  return isKeepable(value)
    ? Result.succeed(value)
    : refused("holds a NUL or half a character (a lone surrogate); remove it")
}

const entry = object({
  sessionId: name,
  kind,
  number: count,
  content: entryContent,
  source: optional(oneOf(MEMORY_SOURCES))
} satisfies Fields<EntryInput>)

const entries = input("entries", list(entry, STORE_LIMITS.entries))

/** Reads the entries of one call; a number that is there twice is refused. */
export const readEntries = (value: unknown): Result.Result<ReadonlyArray<EntryInput>, Problem> => {
  const read = entries(value)
  if (Result.isFailure(read)) return read
  const places = read.success.map(({ kind: entryKind, number, sessionId }) =>
    JSON.stringify([sessionId, entryKind, number])
  )
  const twice = places.findIndex((place, i) => places.indexOf(place) !== i)
  return twice < 0 ? read : Result.fail([`[${twice}].number`, "is there twice in this call"])
}

export const readEntriesOptions = input(
  "options",
  object({
    sessionId: name,
    kind,
    after: optional(count),
    newestFirst: optional(boolean),
    limit: optional(pageLimit)
  } satisfies Fields<EntriesOptions>)
)

export const readDropEntries = input(
  "options",
  object(
    { sessionId: name, kind: optional(kind), through: optional(count) } satisfies Fields<DropEntriesOptions>,
    {
      problem: ({ kind: entryKind, through }) =>
        through !== undefined && entryKind === undefined
          ? ["through", "needs the kind it counts in"]
          : undefined
    }
  )
)

const isCursor = (value: unknown): value is SessionCursor =>
  typeof value === "object" &&
  value !== null &&
  "lastSaidAt" in value &&
  Number.isSafeInteger(value.lastSaidAt) &&
  "sessionId" in value &&
  typeof value.sessionId === "string"

export const readSessionsOptions = input(
  "options",
  object({
    after: optional(cursor(isCursor, toSessionCursor)),
    limit: optional(pageLimit)
  } satisfies Fields<SessionsOptions>)
)
