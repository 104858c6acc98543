import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Condition } from "../memory/Condition.ts"
import type { JsonObject, Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { Scope } from "../memory/Scope.ts"
import type { ScopeLimits, ScopeUsage } from "./limits.ts"
import type { Removal, RemoveTarget } from "./removal.ts"
import type {
  AroundRequest,
  AroundRow,
  Excerpt,
  ExcerptsRequest,
  SearchRequest,
  SearchResult
} from "./searching.ts"
import type {
  DropEntriesRequest,
  EntriesRequest,
  Entry,
  EntryPage,
  ListEntriesRequest,
  SessionPage,
  SessionsRequest
} from "./sessions.ts"
import type { StoreRow } from "./StoreRow.ts"

/** Core calls a store within these bounds. */
export const STORE_LIMITS = {
  /** Rows in one `put`, ids in one `get` or `touch`. */
  batch: 256,
  /** Ids in one `remove`: many, so that a store can finish after a kill what was asked for at once. */
  removedIds: 10_000,
  /** Hits per channel, rows per page. */
  rows: 1_000,
  /** Distinct terms of a query. */
  queryTerms: 64,
  /** Anchors in one `around`. */
  anchors: 256,
  /** Former ids of a row. */
  formerIds: 3,
  /** Turns to either side in `around`. */
  radius: 8,
  speakers: 1_000,
  /** Entries in one `append`. */
  entries: 64,
  /** Length of an entry, in UTF-16 code units. */
  entryCharacters: 1_000_000,
  /** Length of a memory's text, in UTF-16 code units. */
  contentCharacters: 1_000_000,
  /** Texts of one `put` together, in UTF-16 code units. */
  batchCharacters: 5_000_000,
  /** A page ends with the row that takes its texts to this many UTF-16 code units. */
  pageCharacters: 4_000_000,
  /** UTF-8 bytes of a memory's metadata as JSON. */
  metadataBytes: 65_536,
  /** An excerpt of a row whose metadata takes more UTF-16 code units as JSON comes without it. */
  excerptMetadata: 4_096,
  /** Passages of one text. */
  passages: 4_000,
  /** Parts of one search. */
  parts: 8
} as const

/** How a write changed its row; see `Remembered`. */
export type PutOutcome = "created" | "refreshed" | "reopened" | "conflict"

/** The outcome for one row. */
export interface PutResult {
  /** `memory.id`, or the one of `formerIds` whose row is restated. */
  readonly id: string
  /** `conflict`: the id exists with other content, and that row is unchanged. Best effort under a race if a server cannot tell. */
  readonly outcome: PutOutcome
}

/** Rows to be put. */
export interface PutRequest {
  readonly scope: Scope
  readonly now: number
  readonly rows: ReadonlyArray<StoreRow>
  readonly limits?: ScopeLimits | undefined
  /**
   * Nothing is written, and each outcome is `conflict`, unless every row is created (`new`), or none conflicts
   * (`stated`). Best effort under a race where a server has no transactions.
   */
  readonly whole?: "new" | "stated" | undefined
}

/** What a put answers that `whole` forbids; `null` where it may be written. @param outcomes that it would have */
export const refusedWhole = (
  { rows, whole }: PutRequest,
  outcomes: ReadonlyArray<PutOutcome>
): ReadonlyArray<PutResult> | null => {
  const isRefused =
    whole !== undefined &&
    outcomes.some((outcome) => (whole === "new" ? outcome !== "created" : outcome === "conflict"))
  return isRefused ? rows.map(({ memory }) => ({ id: memory.id, outcome: "conflict" })) : null
}

/** A place in the order of a list; what comes next is strictly after it. */
export interface Cursor {
  /** The time that the list is ordered by, in epoch milliseconds. */
  readonly at: number
  readonly id: string
}

/** One page, by `(createdAt, id)` or `(saidAt, id)`. */
export interface ListRequest {
  readonly scope: Scope
  readonly now: number
  readonly filter: Condition
  /** Include closed rows (history, export); expired ones never. */
  readonly closed?: boolean | undefined
  /** `createdAt` when absent. */
  readonly by?: "createdAt" | "saidAt" | undefined
  /** Turns the order round, ids included. */
  readonly newestFirst?: boolean | undefined
  readonly after?: Cursor | undefined
  /** 1 to `STORE_LIMITS.rows`. */
  readonly limit: number
}

/** Rows, and the cursor of the next page. Long texts end a page early (`STORE_LIMITS.pageCharacters`). */
export interface Page<Row> {
  readonly rows: ReadonlyArray<Row>
  /** Pass as `after` for the next page; `null` at the end. */
  readonly next: Cursor | null
}

/** The last rows that match a filter. */
export interface LatestRequest {
  readonly scope: Scope
  readonly now: number
  readonly filter: Condition
  readonly limit: number
}

/**
 * Fields that `patch` may change: never content. An absent or `undefined` field stays; `metadata` replaces the
 * whole object.
 */
export interface MemoryChange {
  readonly expiresAt?: number | null | undefined
  readonly importance?: number | undefined
  readonly pinned?: boolean | undefined
  readonly metadata?: JsonObject | undefined
}

/** Replaces a row by its successor. */
export interface SupersedeRequest {
  readonly scope: Scope
  readonly now: number
  /** The row to close; never `row.memory.id`. */
  readonly id: string
  readonly row: StoreRow
  readonly limits?: ScopeLimits | undefined
}

/** The outcome for both rows. */
export interface Superseded {
  readonly outcome: PutOutcome
  /** `false` if `id` is unknown, expired or already closed, or on `conflict`: then nothing was linked. */
  readonly closed: boolean
  /** The successor's, where it is one of `row.formerIds`. */
  readonly id?: string | undefined
}

/**
 * The driver contract: a backend implements it, and hands it out through `checkedStore`. Small, batch-shaped,
 * plain data; `scope` and `now` are always arguments and every method is bounded (`STORE_LIMITS`). Validation,
 * embedding, scoring, thresholds, spans and retries live in core, once. A row of another scope is never read,
 * changed or counted, even if it has the same id. An id that is no lower-case UUID names no row.
 *
 * *Live* below means: not expired at `now` (`isExpired`), and current (`isCurrent`).
 */
export class MemoryStore extends Context.Service<
  MemoryStore,
  {
    /**
     * Writes all rows or none. Ids are distinct within a call, former ones included, and texts together have up to
     * `STORE_LIMITS.batchCharacters`. `restate` decides what a known id becomes; a row that is refreshed or reopened
     * keeps its id and its passages, unless it is owed vectors and the row given is not. Outcomes are in the order of
     * `rows`. With limits, the scope is within them afterwards (approximately where a server has no transactions), or
     * nothing is written: `LimitReached`.
     */
    put(request: PutRequest): Effect.Effect<ReadonlyArray<PutResult>, MemoryError>

    /** Rows by id in any order: closed ones too, expired ones not. Unknown ids are left out. */
    get(request: {
      readonly scope: Scope
      readonly now: number
      readonly ids: ReadonlyArray<string>
    }): Effect.Effect<ReadonlyArray<Memory>, MemoryError>

    /** In one round trip; parallel requests count as one. A row comes once, however many of its passages match. */
    search(request: SearchRequest): Effect.Effect<SearchResult, MemoryError>

    /** Visible rows (`isVisible`) within `radius` turns of an anchor of their session, each once; the anchors' own rows too. */
    around(request: AroundRequest): Effect.Effect<ReadonlyArray<AroundRow>, MemoryError>

    /** Rows by id and passage in any order: closed ones too, expired ones not. Unknown ids and passages are left out. */
    excerpts(request: ExcerptsRequest): Effect.Effect<ReadonlyArray<Excerpt>, MemoryError>

    /** Distinct speakers of the live rows in any order; up to `STORE_LIMITS.speakers`. */
    speakers(request: {
      readonly scope: Scope
      readonly now: number
    }): Effect.Effect<ReadonlyArray<string>, MemoryError>

    /**
     * Greatest turn ever kept for a session, removed rows included, so that a forgotten turn's number is never given
     * away; `null` when there was none. Removing the whole scope, or erasing its user, ends the count.
     */
    lastTurn(request: {
      readonly scope: Scope
      readonly sessionId: string
    }): Effect.Effect<number | null, MemoryError>

    /** In the request's order. Pages read to the end hold each row once; rows written meanwhile may be missing. */
    list(request: ListRequest): Effect.Effect<Page<Memory>, MemoryError>

    /** Like `list`, with passages: copies memories to another store of the same fingerprint. */
    listRows(request: ListRequest): Effect.Effect<Page<StoreRow>, MemoryError>

    /** Live rows by `saidAt` descending, then `turn` descending (null last), then `id` ascending; of long texts the first passage. */
    latest(request: LatestRequest): Effect.Effect<ReadonlyArray<Excerpt>, MemoryError>

    /** Rows that were superseded by one of `ids`, expired ones not; up to `STORE_LIMITS.rows`, in no particular order. */
    predecessors(request: {
      readonly scope: Scope
      readonly now: number
      readonly ids: ReadonlyArray<string>
    }): Effect.Effect<ReadonlyArray<Memory>, MemoryError>

    sessions(request: SessionsRequest): Effect.Effect<SessionPage, MemoryError>

    /** Changes a row that is not expired and sets `updatedAt` to `now`; `null` when there is none. */
    patch(request: {
      readonly scope: Scope
      readonly now: number
      readonly id: string
      readonly change: MemoryChange
      readonly limits?: ScopeLimits | undefined
    }): Effect.Effect<Memory | null, MemoryError>

    /**
     * Puts `row` as `put` does, then closes `id` at the start of the new row's current interval (`closeAt`) and links it;
     * atomic if the store has transactions, else in an order that cannot lose the new row.
     */
    supersede(request: SupersedeRequest): Effect.Effect<Superseded, MemoryError>

    remove(request: {
      readonly scope: Scope
      readonly now: number
      readonly target: RemoveTarget
    }): Effect.Effect<Removal, MemoryError>

    /**
     * Keeps entries, all or none; up to `STORE_LIMITS.entries`, distinct. `Conflict` where one of that number is there
     * with other content, so that of two writers of one number one is told; the same content again is no error and is
     * kept once.
     */
    append(request: {
      readonly scope: Scope
      readonly now: number
      readonly entries: ReadonlyArray<Omit<Entry, "createdAt">>
      readonly limits?: ScopeLimits | undefined
    }): Effect.Effect<void, MemoryError>

    /** Entries of a session and kind, in order of their numbers. */
    entries(request: EntriesRequest): Effect.Effect<ReadonlyArray<Entry>, MemoryError>

    listEntries(request: ListEntriesRequest): Effect.Effect<EntryPage, MemoryError>

    /** How many were dropped. */
    dropEntries(request: DropEntriesRequest): Effect.Effect<number, MemoryError>

    /** Adds one to `accessCount` and sets `lastAccessedAt`; approximate where a server cannot increment. Unknown ids are ignored. */
    touch(request: {
      readonly scope: Scope
      readonly now: number
      readonly ids: ReadonlyArray<string>
    }): Effect.Effect<void, MemoryError>

    /** Number of live rows that match; with `lifetime: "any"`, of rows that `remove` by the same filter would take. */
    count(request: {
      readonly scope: Scope
      readonly now: number
      readonly filter: Condition
      readonly lifetime?: "live" | "any" | undefined
    }): Effect.Effect<number, MemoryError>

    /** How much the scope holds. */
    usage(request: { readonly scope: Scope }): Effect.Effect<ScopeUsage, MemoryError>
  }
>()("@keepsake/core/MemoryStore") {}
