import { Context, Duration, Effect, Layer, Option, Schema } from "effect"
import { AccessCounter } from "../recall/AccessCounter.ts"
import { Embedder } from "../embedding/Embedder.ts"
import { WriteFences } from "../write/WriteFences.ts"
import { StoreFingerprint } from "../store/StoreFingerprint.ts"
import { KeyedLocks } from "../runtime/KeyedLocks.ts"
import { invalidInput, type MemoryError } from "../memory/MemoryError.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { makeContext } from "../context/buildContext.ts"
import { makeEraseUser, type UserReceipt } from "../forget/eraseUser.ts"
import { readFields, valid } from "../input/problems.ts"
import { purge } from "../forget/purge.ts"
import { makeRetriever } from "../recall/Retriever.ts"
import { filesScope, Scope } from "../memory/Scope.ts"
import { makeScopedMemory } from "./makeScopedMemory.ts"
import type { ScopedMemory } from "./ScopedMemory.ts"
import { traced } from "../runtime/spans.ts"
import { StoreAdmin } from "../store/StoreAdmin.ts"

/** What `AgentMemory.layer` takes. */
export interface AgentMemoryOptions {
  /**
   * How often expired memories are removed from the store, beginning at once; every 10 minutes when
   * absent. `false` where another process does it: one purger a store is enough.
   */
  readonly purgeEvery?: Duration.Input | false | undefined
}

/** How often what was recalled is written back as access counts. */
const FLUSH_EVERY = Duration.seconds(5)

/** More often would only burn the processor. */
const isPeriod = (period: Duration.Input): boolean =>
  Option.exists(Duration.fromInput(period), (every) => Duration.isGreaterThanOrEqualTo(every, PURGE_MIN))

const PURGE_MIN = Duration.seconds(1)

/** Stands in for the agent where only the user's id is to be checked. */
const ANY_AGENT = "any"

const decodeScope = Schema.decodeUnknownEffect(Scope)

/** Memory for agents: hands out a `ScopedMemory` per user. */
export class AgentMemory extends Context.Service<
  AgentMemory,
  {
    /** `InvalidInput` for an id that is empty, too long, or holds control or path characters. */
    for(scope: Scope): Effect.Effect<ScopedMemory, MemoryError>
    /** Where the agent's own notes about this user are kept; see `filesScope`. */
    files(scope: Scope): Effect.Effect<ScopedMemory, MemoryError>
    /**
     * Erases a person: everything of this user, of every agent, expired and superseded memories and agents'
     * own notes included. Refuses the user's writes that wait or begin before it has ended, waits for those
     * at the store, and clears what this process holds. The operator's, never a tool's: another process
     * that is still writing for this user is not stopped.
     */
    eraseUser(request: { readonly userId: string }): Effect.Effect<UserReceipt, MemoryError>
  }
>()("@keepsake/core/AgentMemory") {
  /** Recalls by meaning as well where an `Embedder` is provided beside the store, by words alone where not. */
  static readonly layer = (
    options: AgentMemoryOptions = {}
  ): Layer.Layer<AgentMemory, MemoryError, MemoryStore | StoreAdmin | StoreFingerprint> =>
    Layer.effect(AgentMemory, make(options))
}

const make = Effect.fnUntraced(function* ({ purgeEvery = Duration.minutes(10) }: AgentMemoryOptions) {
  if (purgeEvery !== false && !isPeriod(purgeEvery)) {
    return yield* invalidInput("purgeEvery", "give a duration of a second at the least, or false")
  }
  const store = yield* MemoryStore
  const admin = yield* StoreAdmin
  const fingerprint = yield* StoreFingerprint
  const embedder = Option.getOrNull(yield* Effect.serviceOption(Embedder))

  const accesses = new AccessCounter(store)
  const retriever = makeRetriever(store, embedder, fingerprint)
  const parts = {
    store,
    admin,
    embedder,
    retriever,
    accesses,
    context: makeContext(store, retriever),
    fences: new WriteFences(),
    sessions: new KeyedLocks()
  }

  yield* Effect.addFinalizer(() => accesses.flush)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(FLUSH_EVERY), accesses.flush)))
  if (purgeEvery !== false) {
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(purge(admin), Effect.sleep(purgeEvery))))
  }

  const checked = (scope: Scope): Effect.Effect<Scope, MemoryError> =>
    Effect.flatMap(
      // A misspelt `agentId` would share one agent's memories with another.
      valid(() => readFields("scope", scope, ["agentId", "userId"])),
      (given) =>
        Effect.mapError(decodeScope(given), () =>
          invalidInput(
            "scope",
            "agentId and userId are 1 to 256 characters without control characters, slashes or outer spaces"
          )
        )
    )

  const eraseUser = makeEraseUser(parts)

  return AgentMemory.of({
    for: (scope) => Effect.map(checked(scope), (valid) => makeScopedMemory(parts, valid)),
    files: (scope) => Effect.map(checked(scope), (valid) => makeScopedMemory(parts, filesScope(valid))),
    eraseUser: (request) =>
      Effect.gen(function* () {
        const { userId } = yield* valid(() => readFields("request", request, ["userId"]))
        const { userId: known } = yield* checked({ agentId: ANY_AGENT, userId })
        return yield* traced(admin.backend, { agentId: "", userId: known })("eraseUser", eraseUser(known))
      })
  })
})
