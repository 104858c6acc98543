/** What a store keeps about a conversation beside its memories. */
import type { Scope } from "../memory/Scope.ts"

/** A conversation and what is live of it. */
export interface SessionSummary {
  readonly sessionId: string
  /** `saidAt` of its first and its last live row, in epoch milliseconds. */
  readonly firstSaidAt: number
  readonly lastSaidAt: number
  /** Live rows of the session. */
  readonly turns: number
  /** Bytes of these rows (`toBytes`); entries are not in it. */
  readonly bytes: number
}

/** A place in the order of `sessions`; what comes next is strictly after it. */
export interface SessionCursor {
  readonly lastSaidAt: number
  readonly sessionId: string
}

/** Conversations with a live row, newest first: by `lastSaidAt` descending, then by `sessionId` ascending (`compareTexts`). */
export interface SessionsRequest {
  readonly scope: Scope
  readonly now: number
  readonly after?: SessionCursor | undefined
  /** 1 to `STORE_LIMITS.rows`. */
  readonly limit: number
}

/** Conversations, and the cursor of the next page. */
export interface SessionPage {
  readonly sessions: ReadonlyArray<SessionSummary>
  /** Pass as `after` for the next page; `null` at the end. */
  readonly next: SessionCursor | null
}

/** Which entry: entries of one session and kind are numbered 0, 1, 2, …. */
export interface EntryKey {
  readonly sessionId: string
  /** What it is: `history`, `notes`. 1 to 64 characters of `a-z 0-9 -`. */
  readonly kind: string
  readonly number: number
}

/**
 * Something an agent keeps about a conversation, such as its history. No memory: recall, lists, counts and
 * filters never see it. It does not expire.
 */
export interface Entry extends EntryKey {
  /** 1 to `STORE_LIMITS.entryCharacters` UTF-16 code units. */
  readonly content: string
  /** Epoch milliseconds. */
  readonly createdAt: number
}

/** Entries of one session and kind, in order of their numbers. */
export interface EntriesRequest {
  readonly scope: Scope
  readonly sessionId: string
  readonly kind: string
  /** Numbers strictly after this one; strictly before it when `newestFirst`. */
  readonly after?: number | undefined
  readonly newestFirst?: boolean | undefined
  /** 1 to `STORE_LIMITS.rows`. */
  readonly limit: number
}

/** Entries of all sessions of a scope, by `(sessionId, kind, number)`; texts by `compareTexts`. */
export interface ListEntriesRequest {
  readonly scope: Scope
  readonly after?: EntryKey | undefined
  /** 1 to `STORE_LIMITS.rows`. */
  readonly limit: number
}

/** Entries, and the key after which the next page begins. */
export interface EntryPage {
  readonly entries: ReadonlyArray<Entry>
  /** Pass as `after` for the next page; `null` at the end. */
  readonly next: EntryKey | null
}

/** Entries of a session: all of them, those of a kind, or those up to and including a number. */
export interface DropEntriesRequest {
  readonly scope: Scope
  readonly sessionId: string
  readonly kind?: string | undefined
  /** Only with `kind`. */
  readonly through?: number | undefined
}
