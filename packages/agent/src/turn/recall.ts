import { type ContextOptions, type MemoryContext, MemoryError } from "@keepsake/core"
import { spanned } from "@keepsake/core/driver"
import { Duration, Effect, Result } from "effect"
import { type Degradation, EMPTY_CONTEXT, reasonOf } from "../events.ts"
import { degrade, type SessionParts } from "./SessionServices.ts"

export interface Recalled {
  readonly context: MemoryContext
  readonly degraded: ReadonlyArray<Degradation>
}

/**
 * What the model has before its eyes need not be recalled: the session is left out while all of it is in the
 * history. Once a part was trimmed it may be recalled, and is still no "last time".
 */
const optionsOf = ({ conversation, sessionId, settings }: SessionParts): ContextOptions => {
  const { context = {} } = settings
  if (conversation.entries.length === 0) return context
  if (conversation.complete) return { ...context, sessionId }
  const { without, ...others } = context
  return { ...others, omit: [...(context.omit ?? without ?? []), "lastTime"] }
}

const explain = (failure: unknown, timeoutMs: number): string => {
  if (failure instanceof MemoryError) return failure.message
  return reasonOf(failure) === "Timeout"
    ? `memory gave no answer within ${timeoutMs} ms`
    : "memory failed in an unexpected way"
}

/** The memory block for a message; an empty one, and why, when memory fails or takes too long. */
export const recall = Effect.fnUntraced(
  function* (parts: SessionParts, text: string) {
    const { memory, settings } = parts
    const found = yield* Effect.tryPromise({
      try: (signal) => memory.context(text, optionsOf(parts), { signal }),
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
    const why = explain(found.failure, settings.memoryTimeoutMs)
    return {
      context: EMPTY_CONTEXT,
      degraded: [degrade(parts, "recall", reason, `Answered without memories: ${why}`)]
    } satisfies Recalled
  },
  (recalled) => spanned(recalled, "Agent.recall")
)
