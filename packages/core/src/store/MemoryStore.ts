import { Context, type Effect } from "effect"
import type { Condition } from "../memory/Condition.ts"
import type { Restatable } from "../memory/lifetime.ts"
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

/** Core calls a store within these bounds. */
export const STORE_LIMITS = {
  /** Rows in one `put`, ids in one `get`, `touch` or `remove`. */
  batch: 256,
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
  entryCharacters: 1_000_000
} as const

/** A memory as a store keeps it. */
export interface StoreRow {
  /** `memory.scope` is the scope of the call. */
  readonly memory: Memory
  /** Unit length, of the fingerprint's dimensions; `null` in a store without embeddings. */
  readonly vector: Float32Array | null
  readonly terms: Terms
  /** What a row that is restated takes over from `memory`; it keeps the rest. Nothing when absent. */
  readonly overwrites?: ReadonlyArray<Restatable> | undefined
  /**
   * Ids that the first version gave the statement, at most `STORE_LIMITS.formerIds`: where the scope has no row of
   * `memory.id`, the first of them that it has names the row that is restated, which keeps its id.
   */
  readonly formerIds?: ReadonlyArray<string> | undefined
}

/** How a write changed its row; see `Remembered`. */
export type PutOutcome = "created" | "refreshed" | "reopened" | "conflict"

/** The outcome for one row. */
export interface PutResult {
  /** `memory.id`, or the one of `formerIds` whose row is restated. */
  readonly id: string
  /** `conflict`: the id exists with other content, and that row is unchanged. Best effort under a race if a server cannot tell. */
  readonly outcome: PutOutcome
}

/** A query by vector, by terms, or by both. */
export interface SearchRequest {
  readonly scope: Scope
  /** Epoch milliseconds; decides expiry. A server's clock never does. */
  readonly now: number
  /** Return rows that held then instead of current ones; rows expired at `now` never. */
  readonly asOf?: number | undefined
  /** Unit length. Absent: no vector channel. */
  readonly vector?: Float32Array | undefined
  /** Distinct term ids. Absent: no lexical channel. */
  readonly terms?: Uint32Array | undefined
  readonly filter: Condition
  /** Hits wanted from each channel; 1 to `STORE_LIMITS.rows`. */
  readonly limit: number
  /** `true` forbids approximate plans. */
  readonly exact?: boolean | undefined
}

/** A row with both its scores. */
export interface SearchHit {
  readonly memory: Memory
  /** Cosine with the query's vector; `null` if the query or the row has none. */
  readonly cosine: number | null
  /** Σ idf·weight over the query's terms; 0 if none is shared. */
  readonly bm25: number
}

/** Hits, and the counts that IDF needs. */
export interface SearchResult {
  /**
   * The union of the best `limit` by cosine and the best `limit` by BM25 (score above 0), in any order. Each hit
   * has *both* scores, exact. Near-ties at a channel's end may go either way.
   */
  readonly hits: ReadonlyArray<SearchHit>
  /** Current rows of the scope, expired ones included until they are purged; the filter is ignored. */
  readonly n: number
  /** Of the rows counted by `n`, how many contain each term, in the order of `terms`. */
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

/** A turn of a conversation. */
export interface Anchor {
  readonly sessionId: string
  readonly turn: number
}

/** Turns near anchors. */
export interface AroundRequest {
  readonly scope: Scope
  readonly now: number
  readonly asOf?: number | undefined
  readonly anchors: ReadonlyArray<Anchor>
  /** Turns to either side; 1 to `STORE_LIMITS.radius`. */
  readonly radius: number
  /** Unit length. Present: each row comes with its cosine. */
  readonly vector?: Float32Array | undefined
}

/** A row near an anchor; `cosine` is `null` if the request or the row has no vector. */
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

/** Rows, and the cursor of the next page. */
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

/** Rows by id, rows that match a filter, or the whole scope. */
export type RemoveTarget =
  | { readonly _tag: "Ids"; readonly ids: ReadonlyArray<string> }
  /** Rows that match, expired and closed ones included. */
  | { readonly _tag: "Filter"; readonly filter: Condition }
  /** Everything in the scope: expired rows, entries and counters of turns included. */
  | { readonly _tag: "All" }

/** What a removal does to the bytes: a receipt claims no more than the store did. */
export interface Erasure {
  /** `erased`: overwritten in the files. `unlinked`: unreachable, but on disk until the server's vacuum. */
  readonly bytes: "erased" | "unlinked"
  /** How to erase them at once; empty if `erased`. */
  readonly toErase: string
}

export interface Removal extends Erasure {
  readonly removed: number
}

/** Replaces a row by its successor. */
export interface SupersedeRequest {
  readonly scope: Scope
  readonly now: number
  /** The row to close; never `row.memory.id`. */
  readonly id: string
  readonly row: StoreRow
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
     * Writes all rows or none. Ids are distinct within a call, former ones included. `restate` decides what a known
     * id becomes; a row that is refreshed or reopened keeps its id, vector and terms. Outcomes are in the order of
     * `rows`.
     */
    put(request: {
      readonly scope: Scope
      readonly now: number
      readonly rows: ReadonlyArray<StoreRow>
    }): Effect.Effect<ReadonlyArray<PutResult>, MemoryError>

    /** Rows by id in any order: closed ones too, expired ones not. Unknown ids are left out. */
    get(request: {
      readonly scope: Scope
      readonly now: number
      readonly ids: ReadonlyArray<string>
    }): Effect.Effect<ReadonlyArray<Memory>, MemoryError>

    /** In one round trip; parallel requests count as one. */
    search(request: SearchRequest): Effect.Effect<SearchResult, MemoryError>

    /** Visible rows (`isVisible`) within `radius` turns of an anchor of their session, each once; the anchors' own rows too. */
    around(request: AroundRequest): Effect.Effect<ReadonlyArray<AroundRow>, MemoryError>

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

    /** Like `list`, with vectors and terms: copies memories to another store of the same fingerprint. */
    listRows(request: ListRequest): Effect.Effect<Page<StoreRow>, MemoryError>

    /** Live rows by `saidAt` descending, then `turn` descending (null last), then `id` ascending. */
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
  }
>()("@keepsake/core/MemoryStore") {}
