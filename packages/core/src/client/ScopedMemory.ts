import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { MemoryContext } from "../context/buildContext.ts"
import type { DropEntriesOptions, EntriesOptions, EntryInput, SessionsOptions } from "../input/entries.ts"
import type { ForgetTarget } from "../forget/forget.ts"
import type { Entry, SessionPage } from "../store/sessions.ts"
import type {
  ContextOptions,
  CountOptions,
  Exchange,
  ForgetOptions,
  ImportOptions,
  ListOptions,
  MemoryUpdate,
  RecallOptions,
  WriteOptions
} from "../input/options.ts"
import type { DegradableList } from "../memory/Degraded.ts"
import type { Memory, MemoryType } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { Page } from "../store/MemoryStore.ts"
import type { Recollection } from "../recall/Retriever.ts"
import type { Scope } from "../memory/Scope.ts"
import type { Statement } from "../input/Statement.ts"
import type { Receipt } from "../forget/receipt.ts"
import type { Appended, Imported, Remembered, Supersession } from "../write/results.ts"

/** How much a scope holds. */
export interface Stats {
  /** Live memories. */
  readonly total: number
  readonly byType: { readonly [type in MemoryType]: number }
  readonly pinned: number
  /** Live, expired and superseded rows that are still kept. */
  readonly kept: number
  /** Rows whose vectors are still to come, because the embedder failed: words alone find them. */
  readonly owed: number
}

/** Last argument of every verb of the Promise twin. */
export interface RunOptions {
  /** Aborting it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** How long this call may take, if that is less than the memory's own `deadlineMs`; `Timeout` then. */
  readonly deadlineMs?: number | undefined
}

/** The two faces of a memory: for Effect, and for people who do not use it. */
export type MemoryFace = "effect" | "promise"

interface Answers<A> {
  readonly effect: Effect.Effect<A, MemoryError>
  readonly promise: Promise<A>
}

interface Streams<A> {
  readonly effect: Stream.Stream<A, MemoryError>
  readonly promise: AsyncIterable<A>
}

/** The last arguments of a face. */
interface Runs {
  readonly effect: []
  readonly promise: [run?: RunOptions]
}

/**
 * The verbs over one scope, declared once for both faces, so that editors show each docstring on both. Every
 * verb fails with a `MemoryError` only; bad input is `InvalidInput` and writes nothing.
 */
export interface MemoryVerbs<Face extends MemoryFace> {
  /** The one user of one agent whose memories these are. */
  readonly scope: Scope

  /** The shared scopes that recall, context and `get` read too; no other verb touches them. */
  readonly reads: ReadonlyArray<Scope>

  /** Where the user is: a name of the IANA database. It decides what "yesterday" is and which day a memory bears. */
  readonly timeZone: string

  /**
   * Stores one statement; the same statement by the same speaker is one memory in any spelling, refreshed when it is
   * said again: what is given is taken over, and the longer lifetime wins. `Conflict` when its key already names other content; no id when `beforeWrite` drops it.
   */
  remember(input: string | Statement, options?: WriteOptions, ...run: Runs[Face]): Answers<Remembered>[Face]

  /**
   * Stores many statements, in batches of 256, each all or nothing. Bad input anywhere refuses the whole
   * call; a key that names other content is the outcome `conflict`.
   */
  rememberMany(
    inputs: ReadonlyArray<string | Statement>,
    options?: WriteOptions,
    ...run: Runs[Face]
  ): Answers<ReadonlyArray<Remembered>>[Face]

  /**
   * Stores a turn of a conversation and its answer, both or neither (best effort under a race in Qdrant). The
   * article's defaults: the user's text whole and without end, the answer's first 500 code points for 90
   * days, both episodic. Said again with its `key`, at its `turn`, or with the same texts and the same `saidAt`, it is
   * the same exchange (`refreshed`); other texts under its key or turn are a `Conflict`. With none of these it is
   * another exchange.
   */
  rememberExchange(
    exchange: Exchange,
    options?: WriteOptions,
    ...run: Runs[Face]
  ): Answers<ReadonlyArray<Remembered>>[Face]

  /**
   * The memories that answer a question, highest score first, all at or above the threshold. A query has up
   * to 100,000 characters. Hits of shared scopes have their own `memory.scope`; of a statement that several
   * scopes hold there is one hit, one's own memory if it is among them, with the best copy's score. A shared
   * scope that fails is named in the list's `degraded`, and so is an embedder that fails: the answer is by words then.
   */
  recall(
    query: string,
    options?: RecallOptions,
    ...run: Runs[Face]
  ): Answers<DegradableList<Recollection>>[Face]

  /**
   * The block of memories that goes to the model beside a message; its text is `""` when there is nothing to
   * say. Of a message of more than 100,000 characters, the beginning and the end are the query. Of shared
   * scopes it has what is pinned and what is relevant, in lines that say `from="…"`.
   */
  context(message: string, options?: ContextOptions, ...run: Runs[Face]): Answers<MemoryContext>[Face]

  /** The text of `context` alone, to be put before a message or into a system prompt; `""` when there is nothing to say. */
  injectContext(message: string, options?: ContextOptions, ...run: Runs[Face]): Answers<string>[Face]

  /** One memory by id; `null` when it does not exist, is expired, or belongs to a scope that is not read. */
  get(id: string, ...run: Runs[Face]): Answers<Memory | null>[Face]

  /** One page of memories, in order of creation unless said otherwise; `next` of a page is `after` of the following one. */
  list(options?: ListOptions, ...run: Runs[Face]): Answers<Page<Memory>>[Face]

  /** How many live memories there are, or are of what `where` asks for. */
  count(options?: CountOptions, ...run: Runs[Face]): Answers<number>[Face]

  /**
   * What was stated before and after a memory, itself included, oldest first: each with its intervals, source,
   * speaker and session. Up to 256; empty when the memory does not exist.
   */
  history(id: string, ...run: Runs[Face]): Answers<ReadonlyArray<Memory>>[Face]

  /** One page of the conversations that have a live memory, newest first. */
  sessions(options?: SessionsOptions, ...run: Runs[Face]): Answers<SessionPage>[Face]

  /**
   * Keeps what is no memory but belongs to a conversation, such as its history: up to 64 numbered entries, all or
   * none. `Conflict` when another writer took a number for other content; the same content again is no error. Recall,
   * lists and exports leave entries out; `forgetAll` and `eraseUser` remove them.
   */
  appendEntries(entries: ReadonlyArray<EntryInput>, ...run: Runs[Face]): Answers<Appended>[Face]

  /** Entries of a conversation and kind, in order of their numbers. */
  entries(options: EntriesOptions, ...run: Runs[Face]): Answers<ReadonlyArray<Entry>>[Face]

  /** Removes entries of a conversation; how many. */
  dropEntries(options: DropEntriesOptions, ...run: Runs[Face]): Answers<number>[Face]

  /** The first free turn of a session: one more than the greatest ever stored, forgotten turns included; 0 in a new one. */
  nextTurn(sessionId: string, ...run: Runs[Face]): Answers<number>[Face]

  /**
   * Changes lifetime, importance, pin or metadata; content never changes, see `supersede`. `NotFound` when
   * the memory does not exist or is expired.
   */
  update(id: string, change: MemoryUpdate, ...run: Runs[Face]): Answers<Memory>[Face]

  /**
   * Stores what is true now and closes the old memory, which stays as history (`recall(…, { asOf })`). Type,
   * source and speaker are the old memory's unless given.
   */
  supersede(
    id: string,
    input: string | Statement,
    options?: WriteOptions,
    ...run: Runs[Face]
  ): Answers<Supersession>[Face]

  /**
   * Removes memories by id, ids or filter, and returns a receipt. A filter without a condition is refused: use
   * `forgetAll`.
   */
  forget(target: ForgetTarget, options?: ForgetOptions, ...run: Runs[Face]): Answers<Receipt>[Face]

  /** Removes everything in the scope, the agent's own notes included, and refuses writes under way. */
  forgetAll(options?: ForgetOptions, ...run: Runs[Face]): Answers<Receipt>[Face]

  /** Every memory of the scope that is not expired, history included, in order of creation. */
  export(): Streams<Memory>[Face]

  /**
   * Stores what `export` gave, from this scope or another. Ids already stored are left as they are, expired
   * memories are left out. An id is taken over where text, turn or key make it again; another becomes an id made of
   * the old one. Memories of several scopes are refused without `mergeScopes`.
   */
  import(
    memories: Iterable<Memory> | AsyncIterable<Memory>,
    options?: ImportOptions,
    ...run: Runs[Face]
  ): Answers<Imported>[Face]

  /** How many memories the scope holds. */
  stats(...run: Runs[Face]): Answers<Stats>[Face]

  /**
   * A token that `forgetAll` voids: a writing policy takes it when it queues a write and passes it on as
   * `WriteOptions.fence`.
   *
   * @internal
   */
  fence(): number
}

/** A memory bound to one scope, as effects. */
export interface ScopedMemory extends MemoryVerbs<"effect"> {}
