import { Context, type Effect } from "effect"
import type { Condition } from "../memory/Condition.ts"
import type { JsonObject, Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { Scope } from "../memory/Scope.ts"
import type { Terms } from "../text/bm25.ts"
import type {
  DropEntriesRequest,
  EntriesRequest,
  Entry,
  EntryPage,
  ListEntriesRequest,
  SessionPage,
  SessionsRequest
} from "./sessions.ts"

/** Bounds that core keeps and a store may rely on. */
export const STORE_LIMITS = {
  /** Rows in one `put`, ids in one `get`, `touch` or `remove`. */
  batch: 256,
  /** Hits a channel, rows a page. */
  rows: 1_000,
  /** Distinct terms of a query. */
  queryTerms: 64,
  /** Places in one `around`. */
  anchors: 256,
  /** Turns to either side in `around`. */
  radius: 8,
  speakers: 1_000,
  /** Entries in one `append`. */
  entries: 64,
  /** Length of an entry, in UTF-16 code units. */
  entryCharacters: 1_000_000
} as const

/** A memory as a store keeps it. */
export interface StoreRow {
  /** `memory.scope` is the scope of the call. */
  readonly memory: Memory
  /** Unit length, of the fingerprint's dimensions; `null` in a store without embeddings. */
  readonly vector: Float32Array | null
  readonly terms: Terms
}

/** What a write did; see `Remembered`. */
export type PutOutcome = "created" | "refreshed" | "reopened" | "conflict"

/** What became of one row. */
export interface PutResult {
  readonly id: string
  /** `conflict`: the id is there with other content; that row is left as it was. Best effort under a race where a server cannot tell. */
  readonly outcome: PutOutcome
}

/** What to search a scope for; at least one of `vector` and `terms`. */
export interface SearchRequest {
  readonly scope: Scope
  /** Epoch milliseconds: expiry is decided by this, never by a server's clock. */
  readonly now: number
  /** Return what held then instead of what is current (and is not expired `now`). */
  readonly asOf?: number | undefined
  /** Unit length. Without it there is no vector channel. */
  readonly vector?: Float32Array | undefined
  /** Distinct term ids. Without them there is no lexical channel. */
  readonly terms?: Uint32Array | undefined
  readonly filter: Condition
  /** Hits wanted from each channel; 1 to `STORE_LIMITS.rows`. */
  readonly limit: number
  /** True forbids approximate plans. */
  readonly exact?: boolean | undefined
}

/** A row with both its scores. */
export interface SearchHit {
  readonly memory: Memory
  /** Cosine with the query's vector; `null` without one, or where the row has none. */
  readonly cosine: number | null
  /** Σ idf·weight over the query's terms; 0 where none is shared. */
  readonly bm25: number
}

/** The hits, and the counts that IDF needs. */
export interface SearchResult {
  /**
   * The union of the best `limit` by cosine and the best `limit` by BM25 (score above 0), each hit with
   * *both* scores, exact, and its row. In no particular order; near-ties at a channel's end may go
   * either way.
   */
  readonly hits: ReadonlyArray<SearchHit>
  /** Current rows of the scope that are not yet purged, whatever their expiry and the request's filter. */
  readonly n: number
  /** How many of those rows hold each of the request's terms, in the order of `terms`. */
  readonly df: ReadonlyArray<number>
  readonly plan: SearchPlan
}

/** How a search was answered. */
export interface SearchPlan {
  /** How the nearest rows were found: by comparing all, through a graph, or through the indexes of a tuned scope. `exact` without a vector. */
  readonly way: "exact" | "graph" | "tuned"
  /** Rows counted in `n` that have no vector in a store that has an embedder: words alone find them. */
  readonly byWordsAlone: number
}

/** A place in a conversation. */
export interface Anchor {
  readonly sessionId: string
  readonly turn: number
}

/** Which places of which sessions, and how far to either side. */
export interface AroundRequest {
  readonly scope: Scope
  readonly now: number
  readonly asOf?: number | undefined
  readonly anchors: ReadonlyArray<Anchor>
  /** Turns to either side; 1 to `STORE_LIMITS.radius`. */
  readonly radius: number
  /** Unit length: asks for each row's cosine. */
  readonly vector?: Float32Array | undefined
}

/** A turn near one that was asked for, with its cosine where a vector was given. */
export interface AroundRow {
  readonly memory: Memory
  readonly cosine: number | null
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
  /** Closed rows as well (history, export); expired ones never. */
  readonly closed?: boolean | undefined
  /** `createdAt` when absent. */
  readonly by?: "createdAt" | "saidAt" | undefined
  /** Turns the order round, ids included. */
  readonly newestFirst?: boolean | undefined
  readonly after?: Cursor | undefined
  /** 1 to `STORE_LIMITS.rows`. */
  readonly limit: number
}

/** Some rows, and where the next page begins; `null` after the last. */
export interface Page<Row> {
  readonly rows: ReadonlyArray<Row>
  /** Ask again with this as `after`; `null` at the end. */
  readonly next: Cursor | null
}

/** What was said last, of what a filter lets through. */
export interface LatestRequest {
  readonly scope: Scope
  readonly now: number
  readonly filter: Condition
  readonly limit: number
}

/**
 * What `patch` may change: never content. An absent or `undefined` field stays; `metadata` replaces the whole
 * object.
 */
export interface MemoryChange {
  readonly expiresAt?: number | null | undefined
  readonly importance?: number | undefined
  readonly pinned?: boolean | undefined
  readonly metadata?: JsonObject | undefined
}

/** What to remove: rows by id, what a filter matches, or the whole scope. */
export type RemoveTarget =
  | { readonly _tag: "Ids"; readonly ids: ReadonlyArray<string> }
  /** Rows that match, whatever their lifetime. */
  | { readonly _tag: "Filter"; readonly filter: Condition }
  /** Everything in the scope: expired rows, entries and counters of turns included. */
  | { readonly _tag: "All" }

/** What became of the bytes: a receipt claims only what the store did. */
export interface Erasure {
  /** `erased`: overwritten in the files. `unlinked`: unreachable, on disk until the server's own vacuum. */
  readonly bytes: "erased" | "unlinked"
  /** How to force the rest; empty when `erased`. */
  readonly toErase: string
}

export interface Removal extends Erasure {
  readonly removed: number
}

/** The row that is so now, and the one that no longer is. */
export interface SupersedeRequest {
  readonly scope: Scope
  readonly now: number
  /** The row to close; never `row.memory.id`. */
  readonly id: string
  readonly row: StoreRow
}

/** What became of both rows. */
export interface Superseded {
  readonly outcome: PutOutcome
  /** False when `id` was not there or already closed, or on `conflict`: then nothing was linked. */
  readonly closed: boolean
}

/**
 * The driver contract: what a backend implements. Small, batch-shaped, plain data; `scope` and `now`
 * are always arguments and every method is bounded (`STORE_LIMITS`). Validation, embedding, scoring,
 * thresholds, spans and retries live in core, once. A row of another scope is never read, changed or
 * counted, whatever its id.
 *
 * *Live* below means: not expired at `now` (`isExpired`), and current (`isCurrent`).
 */
export class MemoryStore extends Context.Service<
  MemoryStore,
  {
    /**
     * Keeps rows, all or none. Ids are distinct within a call. A known id is restated as `restate` in
     * `lifetime.ts` says; vector and terms of a row that is refreshed or reopened stay as they are. Outcomes in the order of `rows`.
     */
    put(request: {
      readonly scope: Scope
      readonly now: number
      readonly rows: ReadonlyArray<StoreRow>
    }): Effect.Effect<ReadonlyArray<PutResult>, MemoryError>

    /** Rows by id, closed ones included, expired ones not; missing ids are left out. In no particular order. */
    get(request: {
      readonly scope: Scope
      readonly now: number
      readonly ids: ReadonlyArray<string>
    }): Effect.Effect<ReadonlyArray<Memory>, MemoryError>

    /** One round trip; requests sent in parallel count as one. */
    search(request: SearchRequest): Effect.Effect<SearchResult, MemoryError>

    /** Visible rows (`isVisible`) within `radius` turns of an anchor, in its session, the anchors' own rows included; each row once. */
    around(request: AroundRequest): Effect.Effect<ReadonlyArray<AroundRow>, MemoryError>

    /** Distinct speakers of the live rows, in no particular order; at most `STORE_LIMITS.speakers`. */
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

    /**
     * In the request's order, to the end: rows written meanwhile may or may not show, none shows twice, none is
     * skipped.
     */
    list(request: ListRequest): Effect.Effect<Page<Memory>, MemoryError>

    /** As `list`, with vectors: for moving memories to another store of the same fingerprint. */
    listRows(request: ListRequest): Effect.Effect<Page<StoreRow>, MemoryError>

    /** Live rows, last said first: by `saidAt` descending, then `turn` descending (null last), then `id` ascending. */
    latest(request: LatestRequest): Effect.Effect<ReadonlyArray<Memory>, MemoryError>

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
    }): Effect.Effect<Memory | null, MemoryError>

    /**
     * Puts `row`, then closes `id` at the start of the new row's current interval (`closeAt`) and links it;
     * atomic where the store has transactions, else in an order that cannot lose the new row.
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

    /** Rows that match: the live ones, or with `lifetime: "any"` those that `remove` by the same filter would take. */
    count(request: {
      readonly scope: Scope
      readonly now: number
      readonly filter: Condition
      readonly lifetime?: "live" | "any" | undefined
    }): Effect.Effect<number, MemoryError>
  }
>()("@keepsake/core/MemoryStore") {}
