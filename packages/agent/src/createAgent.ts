import type { PromiseMemory, RunOptions } from "@keepsake/core"
import { Cause, Effect, Exit, ManagedRuntime, Stream } from "effect"
import { Agent, type SessionOptions } from "./Agent.ts"
import type { SessionExport } from "./conversation/Conversation.ts"
import type { TurnEvent, TurnResult, WriteOutcome } from "./events.ts"
import type { AgentOptions } from "./options.ts"
import type { AgentSession } from "./Session.ts"

/** One conversation of one user. Messages sent while another is under way wait for their turn. */
export interface ChatSession {
  readonly userId: string
  readonly sessionId: string
  /** This user's memory, the same that the agent recalls from. */
  readonly memory: PromiseMemory
  /** Rejects with an `AgentError`, and then leaves the session as it was; with the signal's reason when aborted. */
  send(message: string, run?: RunOptions): Promise<TurnResult>
  /** As `send`, told as it happens. Leaving the loop early aborts the turn. */
  stream(message: string, run?: RunOptions): AsyncIterable<TurnEvent>
  /** Plain JSON, for `agent.session({ userId, resume })` in another process. */
  export(): SessionExport
}

/** What `createAgent` gives: sessions with a model that remembers, for people who do not use Effect. */
export interface ChatAgent extends AsyncDisposable {
  /** Throws an `AgentError` or `MemoryError` of `InvalidInput` for an id, a tool or an export that cannot be used. */
  session(options: SessionOptions): ChatSession
  /** Until every write begun so far is stored or reported. */
  flush(): Promise<void>
  /** No more turns; waits for the writes. Leaves the memory open. Safe to call twice. */
  close(): Promise<void>
}

type Runtime = ManagedRuntime.ManagedRuntime<Agent, never>

const unwrap = <A, E>(exit: Exit.Exit<A, E>, signal: AbortSignal | undefined): A => {
  if (Exit.isSuccess(exit)) return exit.value
  if (signal?.aborted === true && Cause.hasInterruptsOnly(exit.cause)) throw signal.reason
  throw Cause.squash(exit.cause)
}

const withPromise = (
  runtime: Runtime,
  result: TurnResult<Effect.Effect<ReadonlyArray<WriteOutcome>>>
): TurnResult => ({
  ...result,
  written: runtime.runPromise(result.written)
})

const chatSession = (runtime: Runtime, session: AgentSession): ChatSession => ({
  userId: session.userId,
  sessionId: session.sessionId,
  memory: session.memory,
  send: async (message, { signal } = {}) =>
    withPromise(runtime, unwrap(await runtime.runPromiseExit(session.send(message), { signal }), signal)),
  stream: async function* (message, { signal } = {}) {
    const aborted = Effect.callback<never>((resume) => {
      const stop = () => resume(Effect.interrupt)
      if (signal?.aborted === true) stop()
      signal?.addEventListener("abort", stop, { once: true })
      return Effect.sync(() => signal?.removeEventListener("abort", stop))
    })
    const events = Stream.toAsyncIterable(Stream.interruptWhen(session.stream(message), aborted))
    try {
      for await (const event of events) {
        yield event.type === "done" ? { ...event, result: withPromise(runtime, event.result) } : event
      }
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error
    }
    if (signal?.aborted === true) throw signal.reason
  },
  export: () => session.export()
})

/**
 * Claude with a memory. Throws an `AgentError` of `InvalidInput` at once for options that cannot work.
 *
 * ```ts
 * const agent = createAgent({ memory, model: "claude-sonnet-5-5", system: "You are a helpful assistant." })
 * const { text } = await agent.session({ userId: "ana" }).send("What was my project again?")
 * ```
 */
export const createAgent = (options: AgentOptions): ChatAgent => {
  const runtime = ManagedRuntime.make(Agent.layer(options))
  // Building needs nothing that waits; a mistake in the options shows here.
  const agent = unwrap(runtime.runSyncExit(Agent), undefined)
  const close = async (): Promise<void> => {
    await runtime.runPromise(agent.close)
  }
  return {
    session: (one) =>
      chatSession(runtime as Runtime, unwrap(runtime.runSyncExit(agent.session(one)), undefined)),
    flush: () => runtime.runPromise(agent.flush),
    close,
    [Symbol.asyncDispose]: close
  }
}
