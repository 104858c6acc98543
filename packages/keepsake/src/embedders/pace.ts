/** Keeps within a service's limits: cuts requests by tokens, spreads them over the minute, retries. */
import type { EmbedderProvider, EmbedPurpose } from "@keepsake/core"
import { fourCharactersPerToken, wasRetryable } from "@keepsake/core/driver"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type { PaceConfig } from "../config/EmbedderConfig.ts"
import { EmbedderError } from "./EmbedderError.ts"
import { type EmbedRequest, learnLimits } from "./learnLimits.ts"

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
  error instanceof EmbedderError && error.retryAfterMs !== undefined
    ? new EmbedderError(
        `${error.message} It asks to come back in ${Math.ceil(error.retryAfterMs / 1_000)} seconds (${Math.ceil(delayMs / 1_000)} s is more than this call may wait).`,
        error
      )
    : error

/** A call that waits for an answer goes on by words soon when the service is not there. */
const maxRetries = (error: unknown, isWaitedFor: boolean): number => {
  if (!(error instanceof EmbedderError)) return Number.POSITIVE_INFINITY
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
  const retryAfterMs = error instanceof EmbedderError ? (error.retryAfterMs ?? 0) : 0
  return Math.max(BACKOFF_MS * 2 ** retry * (0.8 + 0.4 * jitter), retryAfterMs)
}

/** Wraps a single request with the service's limits. No retry begins after `deadline`. */
export const paced = (request: EmbedRequest, pace: PaceConfig) => {
  const requests = makeMeter(pace.requestsPerMinute)
  const tokens = makeMeter(pace.tokensPerMinute)
  const timeoutMs = pace.timeoutMs ?? 30_000
  const learning = learnLimits(async (texts, purpose, signal) =>
    request(texts, purpose, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]))
  )
  const attempt = Effect.fnUntraced(function* (texts: ReadonlyArray<string>, purpose: EmbedPurpose) {
    yield* requests(1)
    yield* tokens(texts.reduce((sum, text) => sum + fourCharactersPerToken(text), 0))
    return yield* Effect.tryPromise({
      try: async (signal) => learning(texts, purpose, signal),
      catch: (cause) => cause
    })
  })
  const retried = Effect.fnUntraced(function* (
    texts: ReadonlyArray<string>,
    purpose: EmbedPurpose,
    deadline: number | null
  ) {
    for (let retry = 0; ; retry++) {
      const result = yield* Effect.result(attempt(texts, purpose))
      if (Result.isSuccess(result)) return result.success
      const error = result.failure
      const delayMs = toDelay(error, retry, pace.retries ?? 4, deadline !== null, yield* Random.next)
      if (delayMs === null) return yield* Effect.fail(error)
      const leftMs = deadline === null ? WAIT_MAX_MS : deadline - (yield* Clock.currentTimeMillis)
      if (delayMs >= leftMs) return yield* Effect.fail(comeBackLater(error, delayMs))
      yield* Effect.sleep(delayMs)
    }
  })
  return (texts: ReadonlyArray<string>, purpose: EmbedPurpose, deadline: number | null = null) =>
    Effect.forEach(cutByTokens(texts, pace.batchTokens ?? Number.POSITIVE_INFINITY), (part) =>
      retried(part, purpose, deadline)
    ).pipe(Effect.map((parts) => parts.flat()))
}

/** `paced` as the `embed` of a provider. */
export const pacedEmbed = (request: EmbedRequest, pace: PaceConfig): PacedEmbed => {
  const embed = paced(request, pace)
  return async (texts, purpose, signal, deadline) =>
    Effect.runPromise(embed(texts, purpose, deadline), { signal })
}

/** The `embed` of a provider, which always answers by a promise. */
export type PacedEmbed = (
  ...args: Parameters<EmbedderProvider["embed"]>
) => Promise<ReadonlyArray<ArrayLike<number>>>
