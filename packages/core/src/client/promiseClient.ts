/**
 * The Promise twin of the Effect API: its types are derived from the Effect services and its methods are
 * made from theirs, so that the two cannot drift apart.
 */
import { Cause, type Context, Effect, Exit, type Layer, ManagedRuntime, Result, Stream } from "effect"
import { AgentMemory } from "./AgentMemory.ts"
import { Closed, MemoryError } from "../memory/MemoryError.ts"
import type { Scope } from "../memory/Scope.ts"
import type { ScopedMemory } from "./ScopedMemory.ts"
import { StoreAdmin } from "../store/StoreAdmin.ts"

/** Last argument of every method: aborting it rejects with the signal's reason. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined
}

/** Effects become promises, streams become async iterables, plain values stay. */
export type Promised<Service> = {
  readonly [Name in keyof Service]: Service[Name] extends Effect.Effect<infer A, infer _E>
    ? (run?: RunOptions) => Promise<A>
    : Service[Name] extends (...args: infer Args) => infer Returned
      ? Returned extends Effect.Effect<infer A, infer _E>
        ? (...args: [...args: Args, run?: RunOptions]) => Promise<A>
        : Returned extends Stream.Stream<infer A, infer _E>
          ? (...args: Args) => AsyncIterable<A>
          : Service[Name]
      : Service[Name]
}

/** A scoped memory for people who do not use Effect. */
export type PromiseMemory = Promised<ScopedMemory>

/** One user of one agent; `agentId` is `"default"` when absent. */
export interface UserScope {
  readonly userId: string
  readonly agentId?: string | undefined
}

/** What `openMemory` gives: a memory per user, and a store to let go of at the end. */
export interface MemoryClient extends AsyncDisposable {
  /** The memory of one user. Throws `InvalidInput` at once for a bad id. */
  for(scope: UserScope): PromiseMemory
  /** The agent's own notes about one user; see `filesScope`. */
  files(scope: UserScope): PromiseMemory
  /**
   * Erases a person: everything of this user, of every agent, with a receipt. Refuses writes of theirs that
   * wait in this process, and clears what it holds. The operator's: never handed to a tool or a model.
   */
  eraseUser: Promised<AgentMemory["Service"]>["eraseUser"]
  /** The operator's side: across users, never handed to a tool or a model. */
  readonly admin: Promised<StoreAdmin["Service"]>
  /** Finishes what was acknowledged and closes the store. Safe to call twice. */
  close(): Promise<void>
}

/** The agent that memories belong to when nobody names one. */
export const DEFAULT_AGENT = "default"

const closed = () =>
  new MemoryError({ reason: new Closed({ message: "This memory is closed; open it again." }) })

/** What else is called `signal` stays where it is, and is refused by the verb. */
const isRunOptions = (value: unknown): value is { readonly signal: AbortSignal | undefined } =>
  typeof value === "object" &&
  value !== null &&
  "signal" in value &&
  (value.signal === undefined || value.signal instanceof AbortSignal)

/** Splits a trailing `{ signal }` from the arguments; other options beside it stay. */
const splitSignal = (
  args: ReadonlyArray<unknown>
): readonly [ReadonlyArray<unknown>, AbortSignal | undefined] => {
  const last = args.at(-1)
  if (!isRunOptions(last)) return [args, undefined]
  const { signal, ...rest } = last
  return [Object.keys(rest).length === 0 ? args.slice(0, -1) : [...args.slice(0, -1), rest], signal]
}

type Run = <A, E>(effect: Effect.Effect<A, E>, signal: AbortSignal | undefined) => Promise<A>

const promised = <Service extends object>(
  service: Service,
  run: Run,
  context: Context.Context<never>
): Promised<Service> => {
  const wrapped = Object.entries(service).map(([name, member]: [string, unknown]) => {
    if (Effect.isEffect(member)) {
      return [name, (options?: RunOptions) => run(member as Effect.Effect<unknown, unknown>, options?.signal)]
    }
    if (typeof member !== "function") return [name, member]
    return [
      name,
      (...given: ReadonlyArray<unknown>): unknown => {
        const [args, signal] = splitSignal(given)
        const returned: unknown = Reflect.apply(member, service, args)
        if (Effect.isEffect(returned)) return run(returned as Effect.Effect<unknown, unknown>, signal)
        return Stream.isStream(returned)
          ? Stream.toAsyncIterableWith(returned as Stream.Stream<unknown, unknown>, context)
          : returned
      }
    ]
  })
  return Object.fromEntries(wrapped) as Promised<Service>
}

/**
 * Builds the layer and gives it a Promise face. Rejects with the `MemoryError` of a store that cannot be
 * opened.
 */
export const promiseClient = async (
  layer: Layer.Layer<AgentMemory | StoreAdmin, MemoryError>
): Promise<MemoryClient> => {
  const runtime = ManagedRuntime.make(layer)
  let open = true

  const run: Run = async (effect, signal) => {
    if (!open) throw closed()
    signal?.throwIfAborted()
    const exit = await runtime.runPromiseExit(effect, signal === undefined ? {} : { signal })
    if (Exit.isSuccess(exit)) return exit.value
    if (Cause.hasInterruptsOnly(exit.cause)) {
      if (signal?.aborted === true) throw signal.reason
      // Closing ends what is under way.
      if (!open) throw closed()
    }
    const failure = Cause.findError(exit.cause)
    throw Result.isSuccess(failure) ? failure.success : Cause.squash(exit.cause)
  }

  const services = await run(
    Effect.all({
      memory: AgentMemory,
      admin: StoreAdmin,
      // Left out, it would be inferred as any.
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

  const bound = (make: (scope: Scope) => Effect.Effect<ScopedMemory, MemoryError>, scope: UserScope) => {
    const named = scope?.agentId === undefined ? { ...scope, agentId: DEFAULT_AGENT } : scope
    const exit = Effect.runSyncExit(make(named as Scope))
    if (Exit.isSuccess(exit)) return promised(exit.value, run, context)
    throw Cause.squash(exit.cause)
  }

  const close = async (): Promise<void> => {
    open = false
    await runtime.dispose()
  }

  return {
    for: (scope) => bound((valid) => memory.for(valid), scope),
    files: (scope) => bound((valid) => memory.files(valid), scope),
    eraseUser: promised(memory, run, context).eraseUser,
    admin: promised(admin, run, context),
    close,
    [Symbol.asyncDispose]: close
  }
}
