/** Keeps within a service's limits: cuts requests by tokens, spreads them over the minute, retries. */
import { fourCharactersPerToken, wasRetryable } from "@keepsake/core/driver"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { PaceConfig } from "../config/EmbedderConfig.ts"
import { ServiceError } from "./ServiceError.ts"
import { learnLimits, type TextsRequest } from "./learnLimits.ts"

/** Cuts so that no part exceeds `tokensMax`, except for a part of a single long text. */
export const cutByTokens = (
  texts: ReadonlyArray<string>,
  tokensMax: number
): ReadonlyArray<ReadonlyArray<string>> => {
  const parts: Array<Array<string>> = []
  let tokensLeft = 0
  for (const text of texts) {
    const tokens = fourCharactersPerToken(text)
    const last = parts.at(-1)
    if (last === undefined || tokens > tokensLeft) {
      parts.push([text])
      tokensLeft = tokensMax - tokens
    } else {
      last.push(text)
      tokensLeft -= tokens
    }
  }
  return parts
}

/** A rate limiter without bursts: each cost waits until the minute's share of the costs before it is over. */
export const makeMeter = (perMinute: number | undefined): ((cost: number) => Effect.Effect<void>) => {
  if (perMinute === undefined) return () => Effect.void
  let freeAt = 0
  return Effect.fnUntraced(function* (cost: number) {
    const now = yield* Clock.currentTimeMillis
    const start = Math.max(now, freeAt)
    freeAt = start + (cost * 60_000) / perMinute
    if (start > now) yield* Effect.sleep(start - now)
  })
}

/** The first delay between two attempts; each later one is twice as long. */
const BACKOFF_MS = 500

/** The longest wait of a call without a deadline that a Retry-After brings. */
const WAIT_MAX_MS = 300_000

/** A failure that names when the service wants to be asked again. */
const comeBackLater = (error: unknown, delayMs: number): unknown =>
  error instanceof ServiceError && error.retryAfterMs !== undefined
    ? new ServiceError(
        `${error.message} It asks to come back in ${Math.ceil(error.retryAfterMs / 1_000)} seconds (${Math.ceil(delayMs / 1_000)} s is more than this call may wait).`,
        error
      )
    : error

/** A call that waits for an answer goes on by words soon when the service is not there. */
const maxRetries = (error: unknown, isWaitedFor: boolean): number => {
  if (!(error instanceof ServiceError)) return Number.POSITIVE_INFINITY
  return isWaitedFor && error.problem === "unreachable" ? Math.min(1, error.retriesMax) : error.retriesMax
}

/**
 * How long to wait before another attempt, with exponential backoff and never less than the service's Retry-After;
 * `null` for no other attempt.
 */
const toDelay = (
  error: unknown,
  retry: number,
  retriesMax: number,
  isWaitedFor: boolean,
  jitter: number
): number | null => {
  if (!wasRetryable(error, true)) return null
  if (retry >= Math.min(retriesMax, maxRetries(error, isWaitedFor))) return null
  const retryAfterMs = error instanceof ServiceError ? (error.retryAfterMs ?? 0) : 0
  return Math.max(BACKOFF_MS * 2 ** retry * (0.8 + 0.4 * jitter), retryAfterMs)
}

/** Wraps a single request with the service's limits. No retry begins after `deadline`. */
export const paced = <Ask, A>(request: TextsRequest<Ask, A>, pace: PaceConfig) => {
  const requests = makeMeter(pace.requestsPerMinute)
  const tokens = makeMeter(pace.tokensPerMinute)
  const timeoutMs = pace.timeoutMs ?? 30_000
  const learning = learnLimits<Ask, A>(async (texts, ask, signal) =>
    request(texts, ask, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]))
  )
  const attempt = Effect.fnUntraced(function* (texts: ReadonlyArray<string>, ask: Ask) {
    yield* requests(1)
    yield* tokens(texts.reduce((sum, text) => sum + fourCharactersPerToken(text), 0))
    return yield* Effect.tryPromise({
      try: async (signal) => learning(texts, ask, signal),
      catch: (cause) => cause
    })
  })
  const retried = Effect.fnUntraced(function* (
    texts: ReadonlyArray<string>,
    ask: Ask,
    deadline: number | null
  ) {
    for (let retry = 0; ; retry++) {
      const result = yield* Effect.result(attempt(texts, ask))
      if (Result.isSuccess(result)) return result.success
      const error = result.failure
      const delayMs = toDelay(error, retry, pace.retries ?? 4, deadline !== null, Math.random())
      if (delayMs === null) return yield* Effect.fail(error)
      const leftMs = deadline === null ? WAIT_MAX_MS : deadline - (yield* Clock.currentTimeMillis)
      if (delayMs >= leftMs) return yield* Effect.fail(comeBackLater(error, delayMs))
      yield* Effect.sleep(delayMs)
    }
  })
  return (texts: ReadonlyArray<string>, ask: Ask, deadline: number | null = null) =>
    Effect.forEach(cutByTokens(texts, pace.batchTokens ?? Number.POSITIVE_INFINITY), (part) =>
      retried(part, ask, deadline)
    ).pipe(Effect.map((parts) => parts.flat()))
}

/** `paced` as a provider's method; `deadline` in epoch milliseconds. */
export const pacedRequest = <Ask, A>(request: TextsRequest<Ask, A>, pace: PaceConfig) => {
  const run = paced(request, pace)
  return async (
    texts: ReadonlyArray<string>,
    ask: Ask,
    signal: AbortSignal,
    deadline?: number | null
  ): Promise<ReadonlyArray<A>> => Effect.runPromise(run(texts, ask, deadline), { signal })
}
