import { type ContextOptions, type MemoryContext, MemoryError } from "@keepsake/core"
import { spanned } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type Degradation, EMPTY_CONTEXT, readReason } from "../events.ts"
import type { CurrentTurn } from "./CurrentTurn.ts"
import { degrade } from "./report.ts"
import type { SessionServices } from "./SessionServices.ts"

export interface Recalled {
  readonly context: MemoryContext
  readonly degraded: ReadonlyArray<Degradation>
}

/**
 * Leaves the session out of recall while the history holds all of it. Once an exchange was trimmed, the
 * session is recalled like any other, but it is not the "last time".
 */
const chooseContextOptions = ({ conversation, sessionId, settings }: SessionServices): ContextOptions => {
  const { context } = settings
  if (conversation.entries.length === 0) return context
  if (conversation.complete) return { ...context, sessionId }
  return { ...context, omit: [...(context.omit ?? []), "lastTime"] }
}

const explain = (error: unknown, timeoutMs: number): string => {
  if (readReason(error) === "Timeout") return `memory did not answer within ${timeoutMs} ms`
  return error instanceof MemoryError ? error.message : "memory failed in an unexpected way"
}

/** The memory block for a message; empty, with the reason, when memory fails or takes too long. */
export const recall = Effect.fnUntraced(
  function* (services: SessionServices, { budget, user }: CurrentTurn) {
    const { memory, settings } = services
    const context = Effect.tryPromise({
      // Memory knows the limit too: where its embedder is slow, it answers by words in time.
      try: (signal) =>
        memory.context(user.text, chooseContextOptions(services), {
          signal,
          deadlineMs: Math.max(1, budget.leftMs)
        }),
      catch: (error) => error
    })
    const result = yield* Effect.result(
      budget.spend(context, () => Effect.fail({ reason: { _tag: "Timeout" } }))
    )
    if (Result.isSuccess(result)) {
      const missing = result.success.degraded ?? []
      const degraded = missing.map(({ message, reason }) => degrade(services, "recall", reason, message))
      return { context: result.success, degraded } satisfies Recalled
    }
    const reason = readReason(result.failure)
    yield* Effect.annotateCurrentSpan("error.type", reason)
    const why = explain(result.failure, settings.memoryTimeoutMs)
    return {
      context: EMPTY_CONTEXT,
      degraded: [degrade(services, "recall", reason, `Answered without memories: ${why}`)]
    } satisfies Recalled
  },
  (recalled) => spanned(recalled, "Agent.recall")
)
