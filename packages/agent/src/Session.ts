import { type MemoryContext, MemoryError, type PromiseMemory } from "@keepsake/core"
import { Clock, Duration, Effect, Queue, Result, Semaphore, Stream } from "effect"
import { agentClosed, type AgentError, invalidOption, toAgentError } from "./AgentError.ts"
import type { Conversation, SessionExport } from "./Conversation.ts"
import {
  type AgentEvent,
  type Degradation,
  EMPTY_CONTEXT,
  reasonOf,
  type ToolCall,
  type TurnEvent,
  type TurnResult,
  type WriteOutcome
} from "./events.ts"
import type { Settings } from "./options.ts"
import type { RecalledText } from "./recalledText.ts"
import { promptOf, systemBlocks, toolsWithBreakpoint, userMessage } from "./request.ts"
import { type ModelClient, runTurn, type TurnReply } from "./runTurn.ts"
import { observed, type runnerTools } from "./tools.ts"
import type { Writer } from "./Writer.ts"

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

/** What a session is made of. */
export interface SessionParts {
  readonly userId: string
  readonly sessionId: string
  readonly settings: Settings
  readonly client: () => ModelClient
  readonly memory: PromiseMemory
  readonly conversation: Conversation
  readonly recalledText: RecalledText
  readonly tools: ReturnType<typeof runnerTools>
  readonly writer: Writer
  readonly isClosed: () => boolean
}

type Emit = (event: TurnEvent<never>) => void

interface Recalled {
  readonly context: MemoryContext
  readonly degraded: ReadonlyArray<Degradation>
}

/** A broken memory must not break the turn, not even where it throws at once. */
const fenceOf = (memory: PromiseMemory): number => {
  try {
    return memory.fence()
  } catch {
    return 0
  }
}

/** More breakpoints than the API allows would fail the request; the one of the turn before is the least useful. */
const OWN_BREAKPOINTS_MAX = 2
const breakpoints = (items: ReadonlyArray<object>): number =>
  items.filter((item) => "cache_control" in item).length

export const makeSession = (parts: SessionParts): Effect.Effect<AgentSession> =>
  Effect.map(Semaphore.make(1), (oneAtATime) => {
    const { conversation, memory, sessionId, settings, userId } = parts
    let fence = fenceOf(memory)

    const report = (
      event: AgentEvent extends infer E
        ? E extends unknown
          ? Omit<E, "userId" | "sessionId">
          : never
        : never
    ): void => {
      try {
        settings.onEvent?.({ userId, sessionId, ...event })
      } catch {
        // The listener's failure is not the turn's.
      }
    }

    const degrade = (part: Degradation["part"], reason: string, message: string): Degradation => {
      const degradation = { part, reason, message }
      report({ type: "degraded", degradation })
      return degradation
    }

    const recall = Effect.fn("Agent.recall")(function* (text: string) {
      const first = conversation.entries.length === 0
      const without = [
        ...(settings.context?.without ?? []),
        ...(first || conversation.complete ? [] : (["lastTime"] as const))
      ]
      const options = {
        ...settings.context,
        without,
        ...(conversation.complete && !first ? { sessionId } : {})
      }
      const found = yield* Effect.tryPromise({
        try: (signal) => memory.context(text, options, { signal }),
        catch: (error) => error
      }).pipe(
        Effect.timeoutOrElse({
          duration: Duration.millis(settings.memoryTimeoutMs),
          orElse: () => Effect.fail({ reason: { _tag: "Timeout" } })
        }),
        Effect.result
      )
      if (Result.isSuccess(found)) return { context: found.success, degraded: [] } satisfies Recalled
      const reason = reasonOf(found.failure)
      yield* Effect.annotateCurrentSpan("error.type", reason)
      const why =
        found.failure instanceof MemoryError
          ? found.failure.message
          : `memory gave no answer within ${settings.memoryTimeoutMs} ms`
      return {
        context: EMPTY_CONTEXT,
        degraded: [
          degrade(
            "recall",
            reason,
            `Answered without memories: ${reason === "Unexpected" ? "memory failed in an unexpected way" : why}`
          )
        ]
      } satisfies Recalled
    })

    const reply = (
      text: string,
      memoryBlock: string,
      calls: Array<ToolCall>,
      emit: Emit | undefined
    ): Effect.Effect<TurnReply, AgentError> => {
      const { cache, maxTokens, maxTurns, model, params = {}, placement, toolTimeoutMs } = settings
      const system = systemBlocks(settings.system)
      const crowded = breakpoints(system) + breakpoints(parts.tools) > OWN_BREAKPOINTS_MAX
      const prompt = promptOf({
        system,
        history: conversation.entries,
        text,
        memory: memoryBlock,
        placement,
        cache: crowded ? false : cache
      })
      const tools = observed(toolsWithBreakpoint(parts.tools, crowded ? false : cache), {
        timeoutMs: toolTimeoutMs,
        calls,
        emit: emit ?? (() => {})
      })
      return Effect.tryPromise({
        try: (signal) =>
          runTurn(parts.client(), { model, maxTokens, maxTurns, params, tools, ...prompt }, signal, emit),
        catch: (error) => toAgentError(error, model)
      }).pipe(
        Effect.withSpan(
          "Agent.model",
          { attributes: { "gen_ai.request.model": model } },
          { captureStackTrace: false }
        )
      )
    }

    const write = (place: number, user: string, assistant: string, token: number, saidAt: number) =>
      Effect.forEach(settings.policies, (policy) => {
        const scratch = new Map<string, unknown>()
        return Effect.map(
          parts.writer.submit({
            policy: policy.name,
            lane: policy.awaited ? null : userId,
            isVoid: () => fenceOf(memory) !== token,
            onRetry: (attempt, error) => report({ type: "writeRetry", policy: policy.name, attempt, error }),
            onOutcome: (outcome) => report({ type: "written", outcome }),
            run: async (signal, isLastAttempt) => {
              const turn = await conversation.turnOf(place, signal)
              try {
                return await policy.write({
                  memory,
                  user,
                  assistant,
                  sessionId,
                  turn,
                  saidAt,
                  fence: token,
                  signal,
                  client: parts.client(),
                  scratch,
                  isLastAttempt
                })
              } catch (error) {
                const taken =
                  error instanceof MemoryError &&
                  error.reason._tag === "Conflict" &&
                  fenceOf(memory) === token
                if (taken) await conversation.moveBehind(place, signal)
                throw error
              }
            }
          }),
          (outcome) => ({ policy, outcome })
        )
      })

    /** Waits for the awaited policies as long as memory may hold up the turn; what is not done by then goes on. */
    const settle = Effect.fnUntraced(function* (
      writes: Effect.Success<ReturnType<typeof write>>,
      leftMs: number
    ) {
      const awaited = writes.filter(({ policy }) => policy.awaited)
      const outcomes = yield* Effect.all(
        awaited.map(({ outcome }) => outcome),
        { concurrency: "unbounded" }
      ).pipe(Effect.timeoutOrElse({ duration: Duration.millis(leftMs), orElse: () => Effect.succeed(null) }))
      const names = awaited.map(({ policy }) => policy.name).join(", ")
      if (outcomes === null) {
        return {
          outcomes: [],
          degraded: [
            degrade(
              "write",
              "Timeout",
              `${names}: not stored yet; it is being retried in the background, see result.written`
            )
          ]
        }
      }
      const lost = outcomes.filter(({ status }) => status === "failed")
      return {
        outcomes,
        degraded: lost.map(({ error, policy }) =>
          degrade("write", reasonOf(error), `${policy}: not stored (${reasonOf(error)}); see result.written`)
        )
      }
    })

    const turn = Effect.fn("Agent.turn")(function* (message: string, emit?: Emit) {
      if (parts.isClosed()) return yield* agentClosed()
      if (typeof message !== "string" || message.trim() === "")
        return yield* invalidOption("message", "is empty; there is nothing to answer")
      const token = fenceOf(memory)
      // Whoever had everything forgotten does not expect it in the next request either.
      if (token !== fence) conversation.clear()
      fence = token
      const saidAt = yield* Clock.currentTimeMillis
      const { context, degraded } = yield* recall(message)
      const waitedMs = (yield* Clock.currentTimeMillis) - saidAt
      parts.recalledText.add(
        context.text,
        context.items.map((item) => item.memory.content)
      )
      emit?.({ type: "recalled", recalled: context })

      const toolCalls: Array<ToolCall> = []
      const answer = yield* reply(message, context.text, toolCalls, emit)
      const kept = Effect.suspend(() => {
        const place = conversation.add([userMessage(message), ...answer.added], settings.historyTokens)
        return write(place, message, parts.recalledText.without(answer.text), token, saidAt)
      })
      // A refused turn, kept, would have the model refuse the next one as well. An answered one is kept and
      // written together, whenever the caller may abort.
      const writes = answer.stopReason === "refusal" ? [] : yield* Effect.uninterruptible(kept)
      const ended = yield* settle(writes, Math.max(0, settings.memoryTimeoutMs - waitedMs))
      emit?.({ type: "written", outcomes: ended.outcomes })
      const { added: _, ...rest } = answer
      return {
        ...rest,
        recalled: context,
        written: Effect.all(
          writes.map(({ outcome }) => outcome),
          { concurrency: "unbounded" }
        ),
        toolCalls,
        degraded: [...degraded, ...ended.degraded]
      } satisfies TurnResult<Written>
    })

    return {
      userId,
      sessionId,
      memory,
      send: (message) => oneAtATime.withPermit(turn(message)),
      stream: (message) =>
        Stream.callback<TurnEvent<Written>, AgentError>(
          (queue) =>
            oneAtATime.withPermit(turn(message, (event) => void Queue.offerUnsafe(queue, event))).pipe(
              Effect.flatMap((result) => Queue.offer(queue, { type: "done", result })),
              Effect.andThen(Queue.end(queue))
            ),
          { bufferSize: Number.POSITIVE_INFINITY }
        ),
      export: () => conversation.export(settings.agentId, userId)
    }
  })
