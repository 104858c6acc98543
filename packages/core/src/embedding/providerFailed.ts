import {
  EMBEDDER_PROBLEMS,
  EmbedderFailed,
  type EmbedderProblem,
  MemoryError,
  RerankerFailed
} from "../memory/MemoryError.ts"
import { wasRetryable } from "../runtime/wasRetryable.ts"

const readProblem = (cause: unknown): EmbedderProblem | undefined =>
  typeof cause === "object" && cause !== null && "problem" in cause
    ? EMBEDDER_PROBLEMS.find((problem) => problem === cause.problem)
    : undefined

const readRetryAfterMs = (cause: unknown): number | undefined =>
  typeof cause === "object" &&
  cause !== null &&
  "retryAfterMs" in cause &&
  typeof cause.retryAfterMs === "number" &&
  Number.isFinite(cause.retryAfterMs)
    ? cause.retryAfterMs
    : undefined

const readCause = (message: string, cause: unknown, isRetryable: boolean) => {
  const [problem, retryAfterMs] = [readProblem(cause), readRetryAfterMs(cause)]
  return {
    message: `${message}: ${cause instanceof Error ? cause.message : String(cause)}`,
    isRetryable: wasRetryable(cause, isRetryable),
    ...(problem === undefined ? {} : { problem }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    cause
  }
}

/**
 * The error of a provider that threw `cause`, whose `isRetryable`, `problem` and `retryAfterMs` it takes over. A cause
 * that does not say whether it is retryable counts as `isRetryable`.
 */
export const embedderFailed = (message: string, cause: unknown, isRetryable: boolean): MemoryError =>
  new MemoryError({ reason: new EmbedderFailed(readCause(message, cause, isRetryable)) })

/** The same of a reranker. */
export const rerankerFailed = (message: string, cause: unknown, isRetryable: boolean): MemoryError =>
  new MemoryError({ reason: new RerankerFailed(readCause(message, cause, isRetryable)) })
