import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { MemoryContext } from "../context/buildContext.ts"
import { forget, forgetAll, type ForgetTarget } from "../forget/forget.ts"
import type { Receipt } from "../forget/receipt.ts"
import type { DropEntriesOptions, EntriesOptions, EntryInput, SessionsOptions } from "../input/entries.ts"
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
import type { ReadScopeOptions } from "../input/scope.ts"
import type { Statement } from "../input/Statement.ts"
import type { DegradableList } from "../memory/Degraded.ts"
import type { Memory } from "../memory/Memory.ts"
import { type MemoryError, timedOut } from "../memory/MemoryError.ts"
import type { Scope } from "../memory/Scope.ts"
import type { Recollection } from "../recall/Retriever.ts"
import type { Page } from "../store/MemoryStore.ts"
import { withinDeadline } from "../runtime/deadline.ts"
import { rememberExchange } from "../write/exchange.ts"
import { importMemories } from "../write/import.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"
import { remember, rememberMany } from "../write/remember.ts"
import { queueCall } from "../store/queueCall.ts"
import type { Appended, Imported, Remembered, Supersession } from "../write/results.ts"
import { nextTurn } from "../write/sessionTurns.ts"
import { supersede } from "../write/supersede.ts"
import { update } from "../write/update.ts"
import { appendEntries, dropEntries, entries } from "./entries.ts"
import { history } from "./history.ts"
import { count, exportMemories, get, list, sessions, stats } from "./read.ts"
import { context, recall } from "./recall.ts"
import { refuseSharedIds, refuseSharedIfEmpty, refuseSharedIfNotFound } from "./refuseShared.ts"
import type { ScopedMemory, Stats } from "./ScopedMemory.ts"
import { traceVerb } from "./traceVerb.ts"

/** The verbs of `ScopedMemory`, each a function of its room in a span. */
export class BoundMemory implements ScopedMemory {
  readonly scope: Scope
  readonly reads: ReadonlyArray<Scope>
  readonly timeZone: string
  // Private at run time: a holder of one scope never reaches the store through it.
  readonly #services: MemoryServices

  constructor(services: MemoryServices, scope: Scope, options?: ReadScopeOptions) {
    this.#services = services
    this.scope = scope
    this.reads = options?.reads ?? []
    this.timeZone = options?.timeZone ?? services.timeZone
  }

  /** A verb that ends by the deadline. */
  #trace<A>(verb: keyof ScopedMemory, effect: Effect.Effect<A, MemoryError>): Effect.Effect<A, MemoryError> {
    const { deadlineMs } = this.#services
    return this.#traceAlone(
      verb,
      withinDeadline(this.#queue(verb, effect), deadlineMs, () => timedOut(verb, deadlineMs))
    )
  }

  #queue<A>(verb: keyof ScopedMemory, effect: Effect.Effect<A, MemoryError>): Effect.Effect<A, MemoryError> {
    return queueCall(this.#services, this.scope, verb, effect)
  }

  /** A verb that works through many rows: each batch has a deadline. */
  #traceBatches<A>(
    verb: keyof ScopedMemory,
    effect: Effect.Effect<A, MemoryError>
  ): Effect.Effect<A, MemoryError> {
    return this.#traceAlone(verb, this.#queue(verb, effect))
  }

  /** A write as of its call: its scope may be forgotten while it waits in the queue. */
  #fenced<A>(write: (fence: number) => Effect.Effect<A, MemoryError>): Effect.Effect<A, MemoryError> {
    return Effect.suspend(() => write(this.fence()))
  }

  /** A verb whose parts queue by themselves. */
  #traceAlone<A>(
    verb: keyof ScopedMemory,
    effect: Effect.Effect<A, MemoryError>
  ): Effect.Effect<A, MemoryError> {
    return traceVerb(this.#services.admin.backend, this.scope, verb, effect)
  }

  remember(input: string | Statement, options?: WriteOptions): Effect.Effect<Remembered, MemoryError> {
    return this.#fenced((fence) =>
      this.#trace("remember", remember(this.#services, this.scope, input, options, fence))
    )
  }

  rememberMany(
    inputs: ReadonlyArray<string | Statement>,
    options?: WriteOptions
  ): Effect.Effect<ReadonlyArray<Remembered>, MemoryError> {
    return this.#fenced((fence) =>
      this.#traceBatches("rememberMany", rememberMany(this.#services, this.scope, inputs, options, fence))
    )
  }

  rememberExchange(
    exchange: Exchange,
    options?: WriteOptions
  ): Effect.Effect<ReadonlyArray<Remembered>, MemoryError> {
    return this.#fenced((fence) =>
      this.#trace("rememberExchange", rememberExchange(this.#services, this.scope, exchange, options, fence))
    )
  }

  recall(query: string, options?: RecallOptions): Effect.Effect<DegradableList<Recollection>, MemoryError> {
    return this.#trace("recall", recall(this.#services, this, query, options))
  }

  context(message: string, options?: ContextOptions): Effect.Effect<MemoryContext, MemoryError> {
    return this.#trace("context", context(this.#services, this, message, options))
  }

  injectContext(message: string, options?: ContextOptions): Effect.Effect<string, MemoryError> {
    return Effect.map(this.context(message, options), ({ text }) => text)
  }

  get(id: string): Effect.Effect<Memory | null, MemoryError> {
    return this.#trace("get", get(this.#services, this, id))
  }

  list(options?: ListOptions): Effect.Effect<Page<Memory>, MemoryError> {
    return this.#trace("list", list(this.#services, this.scope, options))
  }

  count(options?: CountOptions): Effect.Effect<number, MemoryError> {
    return this.#trace("count", count(this.#services, this.scope, options))
  }

  history(id: string): Effect.Effect<ReadonlyArray<Memory>, MemoryError> {
    const own = history(this.#services, this.scope, id)
    return this.#trace("history", refuseSharedIfEmpty(this.#services, this.reads, id, own))
  }

  sessions(options?: SessionsOptions): Effect.Effect<SessionPage, MemoryError> {
    return this.#trace("sessions", sessions(this.#services, this.scope, options))
  }

  appendEntries(input: ReadonlyArray<EntryInput>): Effect.Effect<Appended, MemoryError> {
    return this.#fenced((fence) =>
      this.#trace("appendEntries", appendEntries(this.#services, this.scope, input, fence))
    )
  }

  entries(options: EntriesOptions): Effect.Effect<ReadonlyArray<Entry>, MemoryError> {
    return this.#trace("entries", entries(this.#services, this.scope, options))
  }

  dropEntries(options: DropEntriesOptions): Effect.Effect<number, MemoryError> {
    return this.#trace("dropEntries", dropEntries(this.#services, this.scope, options))
  }

  nextTurn(sessionId: string): Effect.Effect<number, MemoryError> {
    return this.#trace("nextTurn", nextTurn(this.#services, this.scope, sessionId))
  }

  update(id: string, change: MemoryUpdate): Effect.Effect<Memory, MemoryError> {
    const own = update(this.#services, this.scope, id, change)
    return this.#trace("update", refuseSharedIfNotFound(this.#services, this.reads, id, own))
  }

  supersede(
    id: string,
    input: string | Statement,
    options?: WriteOptions
  ): Effect.Effect<Supersession, MemoryError> {
    return this.#fenced((fence) => {
      const own = supersede(this.#services, this.scope, id, input, options, fence)
      return this.#trace("supersede", refuseSharedIfNotFound(this.#services, this.reads, id, own))
    })
  }

  forget(target: ForgetTarget, options?: ForgetOptions): Effect.Effect<Receipt, MemoryError> {
    const own = forget(this.#services, this.scope, target, options)
    return this.#trace("forget", refuseSharedIds(this.#services, this, target, own))
  }

  forgetAll(options?: ForgetOptions): Effect.Effect<Receipt, MemoryError> {
    return Effect.suspend(() => {
      const fence = this.#services.fences.forgettingToken()
      return this.#traceBatches("forgetAll", forgetAll(this.#services, this.scope, options, fence))
    })
  }

  export(): Stream.Stream<Memory, MemoryError> {
    return exportMemories(this.#services, this.scope)
  }

  import(
    memories: Iterable<Memory> | AsyncIterable<Memory>,
    options?: ImportOptions
  ): Effect.Effect<Imported, MemoryError> {
    return this.#traceAlone("import", importMemories(this.#services, this.scope, memories, options))
  }

  stats(): Effect.Effect<Stats, MemoryError> {
    return this.#trace("stats", stats(this.#services, this.scope))
  }

  fence(): number {
    return this.#services.fences.token()
  }
}
