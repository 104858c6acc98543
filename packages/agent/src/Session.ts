import type { PromiseMemory } from "@keepsake/core"
import { spanned } from "@keepsake/core/driver"
import { Clock, Effect, Queue, Semaphore, Stream } from "effect"
import { agentClosed, type AgentError, invalidInput } from "./AgentError.ts"
import { toUserMessage } from "./conversation/prompt.ts"
import type { SessionExport } from "./conversation/SessionExport.ts"
import type { ToolCall, TurnEvent, TurnResult, WriteOutcome } from "./events.ts"
import { readFence } from "./turn/readFence.ts"
import { recall } from "./turn/recall.ts"
import { reply } from "./turn/reply.ts"
import type { Emit, SessionServices } from "./turn/SessionServices.ts"
import { awaitOutcomes, beginWrites, settleWrites } from "./turn/writes.ts"

type Written = Effect.Effect<ReadonlyArray<WriteOutcome>>

/** One conversation of one user. A message waits for the one before it. */
export interface AgentSession {
  readonly userId: string
  readonly sessionId: string
  /** This user's memory, the one that the agent recalls from. */
  readonly memory: PromiseMemory
  send(message: string): Effect.Effect<TurnResult<Written>, AgentError>
  /** Like `send`, as a stream of events. Leaving the stream early aborts the turn. */
  stream(message: string): Stream.Stream<TurnEvent<Written>, AgentError>
  export(): SessionExport
}

/** Recalls, asks the model, and remembers the exchange. */
const takeTurn = Effect.fnUntraced(
  function* (services: SessionServices, message: string, fence: number, emit?: Emit) {
    const { conversation, echoFilter, settings } = services
    const saidAt = yield* Clock.currentTimeMillis
    const { context, degraded } = yield* recall(services, message)
    const recallMs = (yield* Clock.currentTimeMillis) - saidAt
    echoFilter.add(
      context.text,
      context.items.map((item) => item.memory.content)
    )
    emit?.({ type: "recalled", recalled: context })

    const toolCalls: Array<ToolCall> = []
    const { added, ...answer } = yield* reply(services, message, context.text, toolCalls, emit)
    const keepExchange = Effect.suspend(() => {
      const exchangeIndex = conversation.add([toUserMessage(message), ...added], settings.historyTokens)
      return beginWrites(services, {
        exchangeIndex,
        user: message,
        assistant: echoFilter.removeEchoes(answer.text),
        fence,
        saidAt
      })
    })
    // A refused turn in the history would make the model refuse the next one too. Uninterruptible, so that an
    // abort cannot add the exchange to the history without its writes.
    const writes = answer.stopReason === "refusal" ? [] : yield* Effect.uninterruptible(keepExchange)
    const settled = yield* settleWrites(services, writes, Math.max(0, settings.memoryTimeoutMs - recallMs))
    emit?.({ type: "written", outcomes: settled.outcomes })
    return {
      ...answer,
      recalled: context,
      written: awaitOutcomes(writes),
      toolCalls,
      degraded: [...degraded, ...settled.degraded]
    } satisfies TurnResult<Written>
  },
  (turn) => spanned(turn, "Agent.turn")
)

/** Takes turns one at a time, and empties the history after everything was forgotten. */
const makeTurn = (services: SessionServices, oneAtATime: Semaphore.Semaphore) => {
  const { conversation, echoFilter, memory } = services
  let fence = readFence(memory)
  return (message: string, emit?: Emit): Effect.Effect<TurnResult<Written>, AgentError> =>
    oneAtATime.withPermit(
      Effect.suspend(() => {
        if (services.isClosed()) return Effect.fail(agentClosed())
        if (typeof message !== "string" || message.trim() === "") {
          return Effect.fail(invalidInput("message", "is empty; there is nothing to answer"))
        }
        const currentFence = readFence(memory)
        if (currentFence !== fence) {
          // The history holds forgotten text, which must not be sent again.
          conversation.clear()
          echoFilter.clear()
          fence = currentFence
        }
        return takeTurn(services, message, fence, emit)
      })
    )
}

export const makeSession = Effect.fnUntraced(function* (services: SessionServices) {
  const { conversation, memory, sessionId, settings, userId } = services
  const turn = makeTurn(services, yield* Semaphore.make(1))
  const session: AgentSession = {
    userId,
    sessionId,
    memory,
    send: (message) => turn(message),
    stream: (message) =>
      Stream.callback<TurnEvent<Written>, AgentError>(
        (queue) =>
          turn(message, (event) => void Queue.offerUnsafe(queue, event)).pipe(
            Effect.flatMap((result) => Queue.offer(queue, { type: "done", result })),
            Effect.andThen(Queue.end(queue))
          ),
        { bufferSize: Number.POSITIVE_INFINITY }
      ),
    export: () => conversation.export(settings.agentId, userId)
  }
  return session
})
