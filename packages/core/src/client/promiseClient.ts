/**
 * The Promise twin of the Effect API: its methods are made from those of the Effect services, so that the
 * two cannot drift apart.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Result from "effect/Result"
import { Closed, MemoryError } from "../memory/MemoryError.ts"
import type { ScopeOptions } from "../input/scope.ts"
import type { Scope } from "../memory/Scope.ts"
import { StoreAdmin } from "../store/StoreAdmin.ts"
import { AgentMemory } from "./AgentMemory.ts"
import { type Promised, promised, type Runner } from "./promised.ts"
import { PromisedMemory, type PromiseMemory } from "./PromisedMemory.ts"
import type { ScopedMemory } from "./ScopedMemory.ts"

/** One user of one agent; `agentId` is `"default"` when absent. */
export interface UserScope {
  readonly userId: string
  readonly agentId?: string | undefined
}

/** What `openMemory` returns: a memory per user, and a store to close at the end. */
export interface MemoryClient extends AsyncDisposable {
  /**
   * The memory of one user. Throws `InvalidInput` at once for a bad id.
   *
   * With `reads`, recall and context answer from up to seven other scopes too:
   * `memory.for({ userId: "ana" }, { reads: ["team:blue"] })`. Each costs one search, in parallel.
   */
  for(scope: UserScope, options?: ScopeOptions): PromiseMemory
  /** The agent's own notes about one user; see `filesScope`. */
  files(scope: UserScope): PromiseMemory
  /**
   * Erases a person: everything of this user, of every agent, with a receipt. Refuses their writes that wait
   * in this process, and clears its caches of them. For operators: never hand it to a tool or a model.
   */
  eraseUser: Promised<AgentMemory["Service"]>["eraseUser"]
  /** Calls across users, for operators: never hand it to a tool or a model. */
  readonly admin: Promised<StoreAdmin["Service"]>
  /** Finishes acknowledged writes and closes the store. Safe to call twice. */
  close(): Promise<void>
}

/** The `agentId` of a scope that names none. */
export const DEFAULT_AGENT = "default"

const closed = () =>
  new MemoryError({ reason: new Closed({ message: "This memory is closed; open it again." }) })

/** Builds the layer and wraps its services in promises. Rejects with the `MemoryError` of a store that does not open. */
export const promiseClient = async (
  layer: Layer.Layer<AgentMemory | StoreAdmin, MemoryError>
): Promise<MemoryClient> => {
  const runtime = ManagedRuntime.make(layer)
  let open = true

  const run: Runner["run"] = async (effect, signal) => {
    if (!open) throw closed()
    signal?.throwIfAborted()
    const exit = await runtime.runPromiseExit(effect, signal === undefined ? {} : { signal })
    if (Exit.isSuccess(exit)) return exit.value
    if (Cause.hasInterruptsOnly(exit.cause)) {
      if (signal?.aborted === true) throw signal.reason
      // Closing interrupts calls under way.
      if (!open) throw closed()
    }
    const failure = Cause.findError(exit.cause)
    throw Result.isSuccess(failure) ? failure.success : Cause.squash(exit.cause)
  }

  const services = await run(
    Effect.all({
      memory: AgentMemory,
      admin: StoreAdmin,
      // Without the type argument it is inferred as any.
      // oxlint-disable-next-line typescript/no-unnecessary-type-arguments
      context: Effect.context<never>()
    }) as Effect.Effect<{
      memory: AgentMemory["Service"]
      admin: StoreAdmin["Service"]
      context: Context.Context<never>
    }>,
    undefined
  )
  const { admin, context, memory } = services
  const runner: Runner = { run, context }

  const bind = (make: (scope: Scope) => Effect.Effect<ScopedMemory, MemoryError>, input: UserScope) => {
    const scope = input?.agentId === undefined ? { ...input, agentId: DEFAULT_AGENT } : input
    const exit = Effect.runSyncExit(make(scope as Scope))
    if (Exit.isSuccess(exit)) return PromisedMemory.of(exit.value, runner)
    throw Cause.squash(exit.cause)
  }

  const close = async (): Promise<void> => {
    open = false
    await runtime.dispose()
  }

  return {
    for: (input, options) => bind((scope) => memory.for(scope, options), input),
    files: (input) => bind((scope) => memory.files(scope), input),
    eraseUser: promised(memory, runner).eraseUser,
    admin: promised(admin, runner),
    close,
    [Symbol.asyncDispose]: close
  }
}
