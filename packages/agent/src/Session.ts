import { type PromiseMemory } from "@keepsake/core"
import { spanned } from "@keepsake/core/driver"
import { Clock, Effect, Queue, Semaphore, Stream } from "effect"
import { agentClosed, type AgentError, invalidOption } from "./AgentError.ts"
import type { SessionExport } from "./conversation/Conversation.ts"
import type { ToolCall, TurnEvent, TurnResult, WriteOutcome } from "./events.ts"
import { userMessage } from "./conversation/prompt.ts"
import { type Emit, fenceOf, type SessionParts } from "./turn/SessionServices.ts"
import { recall } from "./turn/recall.ts"
import { reply } from "./turn/reply.ts"
import { beginWrites, outcomesOf, settleWrites } from "./turn/writes.ts"

type Written = Effect.Effect<ReadonlyArray<WriteOutcome>>

/** One conversation of one user. Messages sent while another is under way wait for their turn. */
export interface AgentSession {
  readonly userId: string
  readonly sessionId: string
  /** This user's memory, the same that the agent recalls from. */
  readonly memory: PromiseMemory
  send(message: string): Effect.Effect<TurnResult<Written>, AgentError>
  /** As `send`, told as it happens. Leaving the stream early aborts the turn. */
  stream(message: string): Stream.Stream<TurnEvent<Written>, AgentError>
  export(): SessionExport
}

/** Recall, inject, run, remember. */
const takeTurn = Effect.fnUntraced(
  function* (parts: SessionParts, message: string, fence: number, emit?: Emit) {
    const { conversation, recalledText, settings } = parts
    const saidAt = yield* Clock.currentTimeMillis
    const { context, degraded } = yield* recall(parts, message)
    const waitedMs = (yield* Clock.currentTimeMillis) - saidAt
    recalledText.add(
      context.text,
      context.items.map((item) => item.memory.content)
    )
    emit?.({ type: "recalled", recalled: context })

    const toolCalls: Array<ToolCall> = []
    const { added, ...answer } = yield* reply(parts, message, context.text, toolCalls, emit)
    const kept = Effect.suspend(() => {
      const place = conversation.add([userMessage(message), ...added], settings.historyTokens)
      return beginWrites(parts, {
        place,
        user: message,
        assistant: recalledText.without(answer.text),
        fence,
        saidAt
      })
    })
    // A refused turn, kept, would have the model refuse the next one as well. An answered one is kept and
    // written together, whenever the caller may abort.
    const writes = answer.stopReason === "refusal" ? [] : yield* Effect.uninterruptible(kept)
    const ended = yield* settleWrites(parts, writes, Math.max(0, settings.memoryTimeoutMs - waitedMs))
    emit?.({ type: "written", outcomes: ended.outcomes })
    return {
      ...answer,
      recalled: context,
      written: outcomesOf(writes),
      toolCalls,
      degraded: [...degraded, ...ended.degraded]
    } satisfies TurnResult<Written>
  },
  (turn) => spanned(turn, "Agent.turn")
)

export const makeSession = (parts: SessionParts): Effect.Effect<AgentSession> =>
  Effect.map(Semaphore.make(1), (oneAtATime) => {
    const { conversation, memory, recalledText, sessionId, settings, userId } = parts
    let fence = fenceOf(memory)

    const turn = (message: string, emit?: Emit): Effect.Effect<TurnResult<Written>, AgentError> =>
      oneAtATime.withPermit(
        Effect.suspend(() => {
          if (parts.isClosed()) return Effect.fail(agentClosed())
          if (typeof message !== "string" || message.trim() === "") {
            return Effect.fail(invalidOption("message", "is empty; there is nothing to answer"))
          }
          const now = fenceOf(memory)
          if (now !== fence) {
            // Whoever had everything forgotten does not expect it in the next request either.
            conversation.clear()
            recalledText.clear()
            fence = now
          }
          return takeTurn(parts, message, fence, emit)
        })
      )

    return {
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
  })
