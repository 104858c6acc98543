import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as EffectScope from "effect/Scope"
import { calibrateStore, NOTHING_TO_DO } from "../embedding/Calibrator.ts"
import { Embedder } from "../embedding/Embedder.ts"
import { findOtherModel } from "../embedding/findOtherModel.ts"
import { payInBackground } from "../embedding/payOwed.ts"
import { eraseUser } from "../forget/eraseUser.ts"
import { makePurge } from "../forget/purge.ts"
import type { UserReceipt } from "../forget/receipt.ts"
import { valid } from "../input/fields.ts"
import { readCallLimits, readLimits } from "../input/options.ts"
import { readScope, readScopeOptions, readUserId, type ScopeOptions } from "../input/scope.ts"
import { readTimeZone } from "../input/timeZone.ts"
import type { ScopeLimits } from "../store/limits.ts"
import { hasOldTerms, type StoreFingerprint } from "../store/StoreFingerprint.ts"
import { invalidInput, type MemoryError } from "../memory/MemoryError.ts"
import { filesScope, type Scope } from "../memory/Scope.ts"
import { AccessCounter } from "../recall/AccessCounter.ts"
import { makeRetrieverWith, type WhenEmbedderFails } from "../recall/makeRetriever.ts"
import { Retriever } from "../recall/Retriever.ts"
import { onProcessIdle, sleepInBackground } from "../runtime/background.ts"
import { CallQueue, type CallLimits } from "../runtime/CallQueue.ts"
import { KeyedLocks } from "../runtime/KeyedLocks.ts"
import { warn } from "../runtime/warn.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { StoreAdmin } from "../store/StoreAdmin.ts"
import { type BeforeWrite, readGate } from "../write/beforeWrite.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"
import { WriteFences } from "../write/WriteFences.ts"
import { BoundMemory } from "./BoundMemory.ts"
import type { ScopedMemory } from "./ScopedMemory.ts"
import { traceVerb } from "./traceVerb.ts"

/** What `AgentMemory.layer` takes. */
export interface AgentMemoryOptions {
  /**
   * How often expired memories are removed from the store, beginning at once; every 10 minutes when
   * absent. `false` if another process does it: a store needs one purger.
   */
  readonly purgeEvery?: Duration.Input | false | undefined
  /** Sees everything before it is kept, and changes, refuses or drops it. */
  readonly beforeWrite?: BeforeWrite | undefined
  /** Longest that `beforeWrite` may take; 5,000 when absent. The write is refused then. */
  readonly beforeWriteTimeoutMs?: number | undefined
  /** Where users are whose handle does not say it, as a name of the IANA database; `"UTC"` when absent. */
  readonly timeZone?: string | undefined
  /**
   * Longest that a call may take, in milliseconds; 30,000 when absent. It fails with `Timeout` then. What works through
   * many rows (`rememberMany`, `import`, `export`) has it for each batch. The embedder gets half of what is left.
   */
  readonly deadlineMs?: number | undefined
  /**
   * What becomes of a call when the embedder fails. `"words"`, when absent: a memory is kept and found by its words, and
   * its vector is filled in later; an answer says what it lacks. `"refuse"`: the call fails with `EmbedderFailed`.
   */
  readonly whenEmbedderFails?: WhenEmbedderFails | undefined
  /**
   * What each scope may hold, agents' own notes and histories with their bytes included; none when absent. A write that
   * does not fit fails with `LimitReached`, or with `whenFull: "dropOldest"` the oldest memories make room, pins and
   * what superseded another last.
   */
  readonly limits?: LimitsOptions | undefined
  /**
   * Most calls of this memory at once: `running`, 256 when absent, and `waiting` beyond them, 4,096 when absent. Users
   * are served in turn; one takes at most as much of the room to wait as is still free. What finds none fails with
   * `Overloaded` at once. `eraseUser` and `admin` do not wait.
   */
  readonly queue?: QueueOptions | undefined
}

/** Most memories and bytes of a scope; `refuse` when `whenFull` is absent. */
export type LimitsOptions = Omit<ScopeLimits, "whenFull"> & Partial<Pick<ScopeLimits, "whenFull">>

/** Most calls at once; those that run 256 and those that wait 4,096 when absent. */
export type QueueOptions = Partial<CallLimits>

/** Milliseconds of a call. */
const DEADLINE_MS = 30_000

const findProblem = ({ deadlineMs, whenEmbedderFails }: AgentMemoryOptions): MemoryError | null => {
  if (
    deadlineMs !== undefined &&
    !(Number.isInteger(deadlineMs) && deadlineMs >= 1 && deadlineMs < 2 ** 31)
  ) {
    return invalidInput("deadlineMs", "give a whole number of milliseconds, at least 1")
  }
  return whenEmbedderFails === undefined || whenEmbedderFails === "words" || whenEmbedderFails === "refuse"
    ? null
    : invalidInput("whenEmbedderFails", 'give "words" or "refuse"')
}

/** How often access counts are written to the store. */
const FLUSH_EVERY = Duration.seconds(5)

/** A shorter period would only burn the processor. */
const PURGE_MIN = Duration.seconds(1)

const isPeriod = (period: Duration.Input): boolean =>
  Option.exists(Duration.fromInput(period), (every) => Duration.isGreaterThanOrEqualTo(every, PURGE_MIN))

const checkScope = (scope: Scope): Effect.Effect<Scope, MemoryError> => valid(() => readScope(scope))

/** Memory for agents: a `ScopedMemory` per user. */
export class AgentMemory extends Context.Service<
  AgentMemory,
  {
    /**
     * The memory of one user. `InvalidInput` for an id that is empty, too long, or holds control or path
     * characters.
     *
     * With `reads`, recall and context answer from up to seven other scopes too:
     * `memory.for({ agentId, userId: "ana" }, { reads: ["team:blue"] })`. Each costs one search, in parallel.
     */
    for(scope: Scope, options?: ScopeOptions): Effect.Effect<ScopedMemory, MemoryError>
    /** The agent's own notes about this user; see `filesScope`. */
    files(scope: Scope): Effect.Effect<ScopedMemory, MemoryError>
    /**
     * Erases a person: everything of this user, of every agent, expired and superseded memories and agents'
     * own notes included. Refuses the user's writes that wait or begin before it ends, waits for those at the
     * store, and clears this process's caches. For operators, never for a tool: another process that still
     * writes for this user is not stopped.
     */
    eraseUser(request: { readonly userId: string }): Effect.Effect<UserReceipt, MemoryError>
  }
>()("@keepsake/core/AgentMemory") {
  /**
   * Recalls by meaning too if an `Embedder` is provided beside the store; without one, by keyword alone. A `Reranker`
   * that is provided judges the best memories. An application puts its own `Retriever` in the place of Keepsake's by
   * providing one.
   */
  static readonly layer = (
    options: AgentMemoryOptions = {}
  ): Layer.Layer<AgentMemory, MemoryError, MemoryStore | StoreAdmin | StoreFingerprint> =>
    Layer.effect(AgentMemory, make(options))
}

const oldTerms = (tokeniser: string): string =>
  `This store was filled by an earlier version: it works as before, with that version's words (${tokeniser}). ` +
  "`keepsake reembed` moves it to today's, which find a word in every language and spelling, while it serves."

/** A program that ends sooner is spared the request. */
const CHECK_MODEL_AFTER = Duration.minutes(1)

/** Says, once, that another model has come to stand behind the embedder's name. */
const watchModel = (
  store: MemoryStore["Service"],
  admin: StoreAdmin["Service"],
  embedder: Embedder["Service"]
): Effect.Effect<void, never, EffectScope.Scope> =>
  Effect.gen(function* () {
    yield* sleepInBackground(CHECK_MODEL_AFTER)
    const problem = yield* findOtherModel(store, admin, embedder)
    if (problem !== null) {
      yield* warn(
        `${problem}. \`keepsake doctor --embedder …\` checks it; \`keepsake reembed\` moves a store.`
      )
    }
  }).pipe(
    // An embedder or a store that fails says so to its callers.
    Effect.ignoreCause,
    Effect.forkScoped,
    Effect.asVoid
  )

const make = Effect.fnUntraced(function* (options: AgentMemoryOptions) {
  const { deadlineMs = DEADLINE_MS, purgeEvery = Duration.minutes(10), whenEmbedderFails = "words" } = options
  const problem = findProblem(options)
  if (problem !== null) return yield* problem
  if (purgeEvery !== false && !isPeriod(purgeEvery)) {
    return yield* invalidInput("purgeEvery", "give a duration of at least one second, or false")
  }
  const gate = yield* valid(() => readGate(options))
  const limits = yield* valid(() => readLimits(options.limits))
  const calls = new CallQueue(yield* valid(() => readCallLimits(options.queue)))
  const timeZone = yield* valid(() => readTimeZone(options))
  const store = yield* MemoryStore
  const admin = yield* StoreAdmin
  const embedder = Option.getOrNull(yield* Effect.serviceOption(Embedder))

  const { tokeniser } = yield* admin.fingerprint
  if (hasOldTerms({ tokeniser })) yield* warn(oldTerms(tokeniser))

  if (embedder !== null) yield* watchModel(store, admin, embedder)

  const accesses = admin.mode.accessCounts ? new AccessCounter(store) : null
  const retriever =
    Option.getOrUndefined(yield* Effect.serviceOption(Retriever)) ??
    (yield* makeRetrieverWith(whenEmbedderFails))
  const services: MemoryServices = {
    store,
    admin,
    embedder,
    whenEmbedderFails,
    calibrating: embedder === null ? NOTHING_TO_DO : yield* calibrateStore(admin, embedder),
    noteOwed: embedder === null || admin.mode.readOnly ? () => {} : yield* payInBackground(admin, embedder),
    calls,
    deadlineMs,
    limits,
    retriever,
    accesses,
    fences: new WriteFences(),
    gate,
    timeZone,
    sessions: new KeyedLocks()
  }

  if (accesses !== null) {
    const runFlush = Effect.runForkWith(yield* Effect.context())
    yield* Effect.addFinalizer(() => accesses.flush)
    yield* onProcessIdle(() => {
      if (accesses.hasPending) runFlush(accesses.flush)
    })
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(sleepInBackground(FLUSH_EVERY), accesses.flush)))
  }
  if (purgeEvery !== false && !admin.mode.readOnly) {
    const purge = yield* makePurge({ store, admin })
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(purge, sleepInBackground(purgeEvery))))
  }

  return AgentMemory.of({
    for: Effect.fnUntraced(function* (scope, options = {}) {
      const own = yield* checkScope(scope)
      return new BoundMemory(services, own, yield* valid(() => readScopeOptions(own, options)))
    }),
    files: (scope) =>
      Effect.map(checkScope(scope), (checked) => new BoundMemory(services, filesScope(checked))),
    eraseUser: Effect.fnUntraced(function* (request) {
      const userId = yield* valid(() => readUserId(request))
      const erasing = eraseUser(services, userId)
      return yield* traceVerb(admin.backend, { agentId: "", userId }, "eraseUser", erasing)
    })
  })
})
