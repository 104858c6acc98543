import type { Effect, Stream } from "effect"
import type { ContextOptions, MemoryContext } from "../context/buildContext.ts"
import type { Filter } from "../memory/Filter.ts"
import type { JsonObject, Memory, MemoryType } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { Cursor, Erasure, Page, PutOutcome } from "../store/MemoryStore.ts"
import type { Recollection, RecallOptions } from "../recall/Retriever.ts"
import type { Scope } from "../memory/Scope.ts"
import type { Statement } from "../input/Statement.ts"

/** Where a statement is kept, and whether it was new. */
export interface Remembered {
  readonly id: string
  /**
   * `created`, `refreshed` (known: only its dates moved), `reopened` (expired or superseded, now true again),
   * or, from `rememberMany` alone, `conflict`: the key is taken by other content and nothing was written.
   */
  readonly outcome: PutOutcome
}

/** How to write. */
export interface WriteOptions {
  /** From `fence()`: the write is refused when everything was forgotten since. */
  readonly fence?: number | undefined
}

/** One turn of a conversation and its answer. */
export interface Exchange {
  readonly user: string
  readonly assistant: string
  readonly sessionId: string
  /** The user's turn; the answer takes the next. Assigned in order when absent. */
  readonly turn?: number | undefined
  readonly saidAt?: number | undefined
}

/** How to forget. */
export interface ForgetOptions {
  /** Counts what would go, and leaves it. */
  readonly dryRun?: boolean | undefined
}

/** Which memories, and which page of them. */
export interface ListOptions {
  readonly filter?: Filter | undefined
  /** Superseded memories as well. */
  readonly closed?: boolean | undefined
  /** `next` of the page before. */
  readonly after?: Cursor | undefined
  /** 1 to 1,000; 100 when absent. */
  readonly limit?: number | undefined
}

/** What may change without being another statement. */
export interface MemoryUpdate {
  readonly importance?: number | undefined
  readonly pinned?: boolean | undefined
  /** Replaces the whole object. */
  readonly metadata?: JsonObject | undefined
  readonly ttlDays?: number | undefined
  /** `null`: never. */
  readonly expiresAt?: number | null | undefined
}

/** The new memory, and what became of the old one. */
export interface Supersession extends Remembered {
  /** The memory that is no longer current. */
  readonly supersededId: string
  /** False when another writer closed or removed it first. */
  readonly closed: boolean
}

/** What a removal did, and no more than that. */
export interface Receipt extends Erasure {
  readonly scope: Scope
  readonly backend: string
  readonly removed: number
  /** True: nothing was removed, `removed` is what would be. */
  readonly dryRun: boolean
  /** Epoch milliseconds. */
  readonly at: number
}

/** What an import did with each memory it was given. */
export interface Imported {
  readonly created: number
  /** Already there; left as they are. */
  readonly known: number
  /** Something else is there under the same key, and stays; these texts are left out. */
  readonly conflicting: number
  /** Their lifetime had ended; left out. */
  readonly expired: number
}

/** How much a scope holds. */
export interface Stats {
  /** Live memories. */
  readonly total: number
  readonly byType: { readonly [type in MemoryType]: number }
  readonly pinned: number
  /** Live, expired and superseded rows that are still kept. */
  readonly kept: number
}

/**
 * A memory bound to one scope: the verbs of a user of the library. Every method fails with a
 * `MemoryError` only; bad input is `InvalidInput` and writes nothing.
 */
export interface ScopedMemory {
  readonly scope: Scope
  remember(input: string | Statement, options?: WriteOptions): Effect.Effect<Remembered, MemoryError>
  /** In batches of 256, each all or nothing. Bad input anywhere refuses the whole call. */
  rememberMany(
    inputs: ReadonlyArray<string | Statement>,
    options?: WriteOptions
  ): Effect.Effect<ReadonlyArray<Remembered>, MemoryError>
  /**
   * The article's defaults: the user's text whole and without end, the answer's first 500 code points for
   * 90 days, both episodic, keyed by session and turn.
   */
  rememberExchange(
    exchange: Exchange,
    options?: WriteOptions
  ): Effect.Effect<ReadonlyArray<Remembered>, MemoryError>
  /** Best first, all at or above the threshold. A query has at most 100,000 characters. */
  recall(query: string, options?: RecallOptions): Effect.Effect<ReadonlyArray<Recollection>, MemoryError>
  /**
   * The block that goes to the model; its text is `""` when there is nothing to say. Of a message of more
   * than 100,000 characters, the beginning and the end are asked with.
   */
  context(query: string, options?: ContextOptions): Effect.Effect<MemoryContext, MemoryError>
  /** `null` when it is not there, expired, or another scope's. */
  get(id: string): Effect.Effect<Memory | null, MemoryError>
  list(options?: ListOptions): Effect.Effect<Page<Memory>, MemoryError>
  /** `NotFound` when there is nothing to change. */
  update(id: string, change: MemoryUpdate): Effect.Effect<Memory, MemoryError>
  /**
   * Says what is so now: keeps the old statement as history (`recall(…, { asOf })`) and closes it. Type,
   * source and speaker are the old one's unless given.
   */
  supersede(
    id: string,
    input: string | Statement,
    options?: WriteOptions
  ): Effect.Effect<Supersession, MemoryError>
  /** By id, ids or filter. An empty filter is refused: that is `forgetAll`. */
  forget(
    target: string | ReadonlyArray<string> | Filter,
    options?: ForgetOptions
  ): Effect.Effect<Receipt, MemoryError>
  /** Everything in the scope, the agent's own notes included; writes under way are refused. */
  forgetAll(options?: ForgetOptions): Effect.Effect<Receipt, MemoryError>
  /** A token that `forgetAll` makes worthless: take it when a write is queued, hand it over when it is made. */
  fence(): number
  /** Every memory of the scope that is not expired, history included, in order of creation. */
  export(): Stream.Stream<Memory, MemoryError>
  /** What `export` gave, into this scope whatever scope it came from; ids already there are left alone, expired ones left out. */
  import(memories: Iterable<Memory> | AsyncIterable<Memory>): Effect.Effect<Imported, MemoryError>
  stats(): Effect.Effect<Stats, MemoryError>
}
