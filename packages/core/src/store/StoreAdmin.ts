import { Context, type Effect } from "effect"
import type { Fingerprint } from "../memory/Fingerprint.ts"
import type { Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { Erasure, Removal } from "./MemoryStore.ts"
import type { Scope } from "../memory/Scope.ts"
import type { Terms } from "../text/bm25.ts"

/** A scope and how much it holds. */
export interface ScopeCount {
  readonly scope: Scope
  /** Rows kept, whatever their lifetime. */
  readonly rows: number
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

export const readMode = ({ accessCounts = true, readOnly = false }: StoreOptions): StoreMode => ({
  readOnly,
  accessCounts: accessCounts && !readOnly
})

/** One row's place in the space being filled. */
export interface StagedRow {
  readonly scope: Scope
  readonly id: string
  readonly vector: Float32Array | null
  readonly terms: Terms
}

/**
 * What the operator may do, across scopes. Held by the application, never handed to a tool or a model.
 */
export class StoreAdmin extends Context.Service<
  StoreAdmin,
  {
    /** A name for messages and spans, such as `hnsw` or `pgvector`. */
    readonly backend: string

    /** What the store was opened for: core starts no purge and counts no accesses where it may not. */
    readonly mode: StoreMode

    /** What `remove` does to the bytes in this store. */
    readonly erasure: Erasure

    /** Removes up to `limit` rows with `expiresAt <= now`; call again while `removed` equals `limit`. One purger per store. */
    expire(request: { readonly now: number; readonly limit: number }): Effect.Effect<Removal, MemoryError>

    /** Every scope that holds a row or an entry, in an order of the store's own that stays the same; those strictly after `after`. */
    scopes(request: {
      readonly after?: Scope | undefined
      readonly limit: number
    }): Effect.Effect<ReadonlyArray<ScopeCount>, MemoryError>

    /**
     * Removes everything of a user, across agents: expired and closed rows, entries and counters of turns included. The store's part alone:
     * `AgentMemory.eraseUser` also stops writes that wait in this process and clears its caches.
     */
    eraseUser(request: { readonly userId: string }): Effect.Effect<Removal, MemoryError>

    /** What the store serves with now. */
    readonly fingerprint: Effect.Effect<Fingerprint, MemoryError>

    /**
     * A second space, filled while the first serves, then switched to. `stage` opens it or continues it
     * (another fingerprint than the one already staged is a `Conflict`); rows written meanwhile join what
     * is unstaged. The handle keeps serving the old space until it is reopened with the new fingerprint.
     */
    stage(next: Fingerprint): Effect.Effect<void, MemoryError>
    /** Up to `limit` rows that the staged space lacks, whatever their lifetime. */
    unstaged(request: { readonly limit: number }): Effect.Effect<ReadonlyArray<Memory>, MemoryError>
    /** Fills; rows forgotten meanwhile are ignored, rows already filled are overwritten. */
    fillStage(rows: ReadonlyArray<StagedRow>): Effect.Effect<void, MemoryError>
    /** Makes the staged space the serving one and drops the old; `Conflict` while rows are unstaged. Afterwards this store answers `Closed`: reopen it with the new fingerprint. */
    readonly commitStage: Effect.Effect<void, MemoryError>
    readonly dropStage: Effect.Effect<void, MemoryError>

    /** Finishes what was acknowledged and lets go of everything; any later call is `Closed`. Safe to call twice. */
    readonly close: Effect.Effect<void>
  }
>()("@keepsake/core/StoreAdmin") {}
