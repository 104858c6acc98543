import type { PromiseMemory, RunOptions } from "@keepsake/core"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import { Agent, type CloseReport } from "./Agent.ts"
import type { SessionExport } from "./conversation/SessionExport.ts"
import type { UserMessage } from "./conversation/userContent.ts"
import type { TurnEvent, TurnResult, WriteOutcome } from "./events.ts"
import type { AgentOptions, CloseOptions, SessionOptions } from "./options.ts"
import type { AgentSession } from "./Session.ts"
import type { TurnOptions } from "./turn/TurnSettings.ts"

/** The options of one message; what it does not set is the session's. */
export interface SendOptions extends TurnOptions, RunOptions {}

/** One conversation of one user. A message waits for the one before it. */
export interface ChatSession {
  readonly userId: string
  readonly sessionId: string
  /** This user's memory, the one that the agent recalls from. */
  readonly memory: PromiseMemory
  /**
   * Answers a message: a text, or content blocks of the Messages API. Rejects with an `AgentError`, or with the
   * signal's reason when aborted; what the user said is remembered all the same, and the same message can be sent
   * again.
   */
  send(message: UserMessage, options?: SendOptions): Promise<TurnResult>
  /** Like `send`, as events. Leaving the loop early aborts the turn. */
  stream(message: UserMessage, options?: SendOptions): AsyncIterable<TurnEvent>
  /** Plain JSON, for `agent.session({ userId, resume })` in another process. */
  export(): SessionExport
}

/** Conversations with a model that remembers: the Promise twin of the service `Agent`. */
export interface ChatAgent extends AsyncDisposable {
  /** Throws `InvalidInput` (an `AgentError` or `MemoryError`) for an id, a tool or an export that cannot be used. */
  session(options: SessionOptions): ChatSession
  /** Waits until every write begun so far is stored or reported. */
  flush(): Promise<void>
  /**
   * Refuses further turns, waits for those under way and for the writes, and reports what was not written. After the
   * deadline it stops them. The memory stays open. Safe to call twice.
   */
  close(options?: CloseOptions): Promise<CloseReport>
}

type Runtime = ManagedRuntime.ManagedRuntime<Agent, never>

const unwrap = <A, E>(exit: Exit.Exit<A, E>, signal: AbortSignal | undefined): A => {
  if (Exit.isSuccess(exit)) return exit.value
  if (signal?.aborted === true && Cause.hasInterruptsOnly(exit.cause)) throw signal.reason
  throw Cause.squash(exit.cause)
}

const withWrittenPromise = (
  runtime: Runtime,
  result: TurnResult<Effect.Effect<ReadonlyArray<WriteOutcome>>>
): TurnResult => ({
  ...result,
  written: runtime.runPromise(result.written)
})

const toChatSession = (runtime: Runtime, session: AgentSession): ChatSession => ({
  userId: session.userId,
  sessionId: session.sessionId,
  memory: session.memory,
  send: async (message, { signal, ...options } = {}) =>
    withWrittenPromise(
      runtime,
      unwrap(await runtime.runPromiseExit(session.send(message, options), { signal }), signal)
    ),
  stream: async function* (message, { signal, ...options } = {}) {
    const aborted = Effect.callback<never>((resume) => {
      const stop = () => resume(Effect.interrupt)
      if (signal?.aborted === true) stop()
      signal?.addEventListener("abort", stop, { once: true })
      return Effect.sync(() => signal?.removeEventListener("abort", stop))
    })
    const events = Stream.toAsyncIterable(Stream.interruptWhen(session.stream(message, options), aborted))
    try {
      for await (const event of events) {
        yield event.type === "done" ? { ...event, result: withWrittenPromise(runtime, event.result) } : event
      }
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error
    }
    if (signal?.aborted === true) throw signal.reason
  },
  export: () => session.export()
})

/**
 * Claude with a memory. Throws an `AgentError` of `InvalidInput` for options that cannot work.
 *
 * ```ts
 * const agent = createAgent({ memory, model: "claude-sonnet-5-5", system: "You are a helpful assistant." })
 * const { text } = await agent.session({ userId: "ana" }).send("What was my project again?")
 * ```
 */
export const createAgent = (options: AgentOptions): ChatAgent => {
  const runtime = ManagedRuntime.make(Agent.layer(options))
  // The layer builds synchronously, so that a mistake in the options throws here.
  const agent = unwrap(runtime.runSyncExit(Agent), undefined)
  const close = (options?: CloseOptions): Promise<CloseReport> => runtime.runPromise(agent.close(options))
  return {
    session: (sessionOptions) =>
      toChatSession(
        runtime as Runtime,
        unwrap(runtime.runSyncExit(agent.session(sessionOptions)), undefined)
      ),
    flush: () => runtime.runPromise(agent.flush),
    close,
    [Symbol.asyncDispose]: async () => {
      await close()
    }
  }
}
