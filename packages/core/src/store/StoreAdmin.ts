import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Calibration, Fingerprint } from "../memory/Fingerprint.ts"
import type { Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { Removal } from "./removal.ts"
import type { Scope } from "../memory/Scope.ts"
import type { Passages } from "./StoreRow.ts"

/** A scope and its number of rows. */
export interface ScopeCount {
  readonly scope: Scope
  /** Expired and closed rows included. */
  readonly rows: number
  /** Bytes of those rows and of entries (`toBytes`). */
  readonly bytes: number
}

/** What a store holds in memory in order to search, of all scopes, and how that served since it was opened. */
export interface CacheUse {
  readonly scopes: number
  /** Memories of those scopes. */
  readonly rows: number
  readonly bytes: number
  /** What the store may hold. */
  readonly maxBytes: number
  /** Scopes that were in memory when a call came, after another scope was loaded. */
  readonly hits: number
  /** Scopes that a call had to load. */
  readonly misses: number
  /** Scopes that made room for others. */
  readonly evictions: number
}

/** Options that every store takes. */
export interface StoreOptions {
  /** Opens without writing a byte: for a snapshot, a mounted volume, a read replica. False when absent. */
  readonly readOnly?: boolean | undefined
  /** Whether recalls are counted; true when absent. */
  readonly accessCounts?: boolean | undefined
}

/** What a store was opened for. */
export interface StoreMode {
  /** Every write is refused with `Unsupported`, and `touch` does nothing. */
  readonly readOnly: boolean
  /** False: `touch` does nothing. */
  readonly accessCounts: boolean
}

/** The mode that these options ask for; a store opened read-only counts no recalls. */
export const readMode = ({ accessCounts = true, readOnly = false }: StoreOptions): StoreMode => ({
  readOnly,
  accessCounts: accessCounts && !readOnly
})

/** A row's passages in the staged space. */
export interface StagedRow {
  readonly scope: Scope
  readonly id: string
  readonly passages: Passages
  readonly owed: boolean
}

/** A row that is owed vectors, and where its passages stand in its text. */
export interface OwedRow {
  readonly memory: Memory
  readonly spans: ReadonlyArray<{ readonly start: number; readonly end: number }>
}

/** The vectors of an owed row, one a passage; `null` where none is to be had. */
export interface PaidRow {
  readonly scope: Scope
  readonly id: string
  readonly vectors: ReadonlyArray<Float32Array | null>
}

/** What an operator should change about the server. */
export interface StoreAdvice {
  readonly problem: string
  readonly fix: string
}

/**
 * The operator's calls, across scopes. The application holds it; no tool and no model gets it. A backend hands it
 * out through `checkedAdmin`.
 */
export class StoreAdmin extends Context.Service<
  StoreAdmin,
  {
    /** A name for messages and spans, such as `hnsw` or `pgvector`. */
    readonly backend: string

    /** What the store was opened for: core starts no purge and counts no accesses where it may not. */
    readonly mode: StoreMode

    /** Known faults of the server; none when absent. The store warns of them when it opens, and `keepsake doctor` prints them. */
    readonly advice?: ReadonlyArray<StoreAdvice> | undefined

    /** Removes up to `limit` rows with `expiresAt <= now`; call again while `removed` equals `limit`. One purger per store. */
    expire(request: { readonly now: number; readonly limit: number }): Effect.Effect<Removal, MemoryError>

    /** The least `expiresAt` of all rows, `null` without one; absent where the store would have to look through them. */
    readonly firstExpiry?: Effect.Effect<number | null, MemoryError> | undefined

    /** Every scope that holds a row or an entry, in an order of the store's own that stays the same; those strictly after `after`. */
    scopes(request: {
      readonly after?: Scope | undefined
      readonly limit: number
    }): Effect.Effect<ReadonlyArray<ScopeCount>, MemoryError>

    /**
     * Removes everything of a user, under all agents: expired and closed rows, entries and counters of turns included.
     * `AgentMemory.eraseUser` calls it, and also stops writes that wait in this process and clears its caches.
     */
    eraseUser(request: { readonly userId: string }): Effect.Effect<Removal, MemoryError>

    /** Up to `limit` rows that are owed vectors, of all scopes, expired rows included; in no particular order. */
    owed(request: { readonly limit: number }): Effect.Effect<ReadonlyArray<OwedRow>, MemoryError>
    /**
     * Fills in owed vectors: nothing else of a row changes, and it is owed no more. Rows that are gone or owe nothing,
     * and rows with another number of passages, are passed over. Returns how many were filled.
     */
    payOwed(rows: ReadonlyArray<PaidRow>): Effect.Effect<number, MemoryError>

    /** What this process holds in memory; `null` for a store whose server searches. */
    readonly cache: Effect.Effect<CacheUse | null, MemoryError>

    /** The fingerprint that the store serves. */
    readonly fingerprint: Effect.Effect<Fingerprint, MemoryError>

    /**
     * Records a calibration that was measured in the fingerprint, where that has none yet (`withCalibration`); the first
     * that is recorded stays. Returns the fingerprint as it is then, which this handle serves from now on and others from
     * their next opening or their own `calibrate`. Absent in a store that keeps the fingerprint that it was filled with:
     * each process measures again there.
     */
    readonly calibrate?: ((measured: Calibration) => Effect.Effect<Fingerprint, MemoryError>) | undefined

    /**
     * Opens or continues a second space, which is filled while the first serves, then switched to. `Conflict` if
     * another fingerprint is staged already. Rows written meanwhile count as unstaged.
     */
    stage(next: Fingerprint): Effect.Effect<void, MemoryError>
    /** Up to `limit` rows that the staged space lacks, expired and closed ones included. */
    unstaged(request: { readonly limit: number }): Effect.Effect<ReadonlyArray<Memory>, MemoryError>
    /** Writes rows to the staged space: removed rows are ignored, rows already there are overwritten. */
    fillStage(rows: ReadonlyArray<StagedRow>): Effect.Effect<void, MemoryError>
    /** Serves the staged space and drops the old one; `Conflict` while rows are unstaged. Afterwards every open handle answers `Closed`: reopen with the new fingerprint. */
    readonly commitStage: Effect.Effect<void, MemoryError>
    readonly dropStage: Effect.Effect<void, MemoryError>

    /** Finishes acknowledged writes and releases all resources; later calls fail with `Closed`. May be called twice. */
    readonly close: Effect.Effect<void>
  }
>()("@keepsake/core/StoreAdmin") {}
