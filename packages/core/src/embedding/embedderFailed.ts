import { Schema } from "effect"
import { EmbedderFailed, EmbedderProblem, MemoryError } from "../memory/MemoryError.ts"
import { wasRetryable } from "../runtime/wasRetryable.ts"

const isProblem = Schema.is(EmbedderProblem)

/**
 * The error of a provider that threw `cause`, whose `isRetryable` and `problem` it takes over. A cause that
 * does not say whether it is retryable counts as `isRetryable`.
 */
export const embedderFailed = (message: string, cause: unknown, isRetryable: boolean): MemoryError =>
  new MemoryError({
    reason: new EmbedderFailed({
      message: `${message}: ${cause instanceof Error ? cause.message : String(cause)}`,
      isRetryable: wasRetryable(cause, isRetryable),
      ...(typeof cause === "object" && cause !== null && "problem" in cause && isProblem(cause.problem)
        ? { problem: cause.problem }
        : {}),
      cause
    })
  })
