/** Keeps within a service's limits: cuts requests by tokens, spreads them over the minute, retries. */
import type { EmbedderProblem, EmbedderProvider, EmbedPurpose } from "@keepsake/core"
import { fourCharactersPerToken, wasRetryable } from "@keepsake/core/driver"
import { Clock, Duration, Effect, Schedule } from "effect"
import type { PaceConfig } from "../config/EmbedderConfig.ts"
import { hideSecrets } from "../config/hideSecrets.ts"

/** A failed request's own error repeats its address. */
const withoutSecrets = (cause: unknown): unknown => {
  if (!(cause instanceof Error)) return cause
  const message = hideSecrets(cause.message)
  return message === cause.message ? cause : new Error(message)
}

/** Why a provider failed, without the secrets of an address. Core takes over `isRetryable` and `problem`. */
export class EmbedderError extends Error {
  override readonly name = "EmbedderError"
  readonly isRetryable: boolean
  readonly problem: EmbedderProblem | undefined
  readonly retryAfterMs: number | undefined

  constructor(
    message: string,
    options: {
      readonly isRetryable: boolean
      readonly problem?: EmbedderProblem | undefined
      readonly retryAfterMs?: number | undefined
      readonly cause?: unknown
    }
  ) {
    super(hideSecrets(message), { cause: withoutSecrets(options.cause) })
    this.isRetryable = options.isRetryable
    this.problem = options.problem
    this.retryAfterMs = options.retryAfterMs
  }
}

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

/** Exponential backoff from half a second, never shorter than the service's Retry-After. */
const backoff = (retries: number) =>
  Schedule.exponential("500 millis").pipe(
    Schedule.jittered,
    Schedule.upTo({ times: retries }),
    Schedule.setInputType<unknown>(),
    Schedule.modifyDelay(({ duration, input }) =>
      Effect.succeed(
        Duration.max(
          duration,
          Duration.millis(input instanceof EmbedderError ? (input.retryAfterMs ?? 0) : 0)
        )
      )
    )
  )

/** One request to a service. */
export type EmbedRequest = (
  texts: ReadonlyArray<string>,
  purpose: EmbedPurpose,
  signal: AbortSignal
) => Promise<ReadonlyArray<ArrayLike<number>>>

/** Wraps a single request with the service's limits. */
export const paced = (request: EmbedRequest, pace: PaceConfig) => {
  const requests = makeMeter(pace.requestsPerMinute)
  const tokens = makeMeter(pace.tokensPerMinute)
  const timeoutMs = pace.timeoutMs ?? 30_000
  const attempt = Effect.fnUntraced(function* (texts: ReadonlyArray<string>, purpose: EmbedPurpose) {
    yield* requests(1)
    yield* tokens(texts.reduce((sum, text) => sum + fourCharactersPerToken(text), 0))
    return yield* Effect.tryPromise({
      try: async (signal) =>
        request(texts, purpose, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])),
      catch: (cause) => cause
    })
  })
  return (texts: ReadonlyArray<string>, purpose: EmbedPurpose) =>
    Effect.forEach(cutByTokens(texts, pace.batchTokens ?? Number.POSITIVE_INFINITY), (part) =>
      Effect.retry(attempt(part, purpose), {
        while: (error) => wasRetryable(error, true),
        schedule: backoff(pace.retries ?? 4)
      })
    ).pipe(Effect.map((parts) => parts.flat()))
}

/** `paced` as the `embed` of a provider. */
export const pacedEmbed = (request: EmbedRequest, pace: PaceConfig): EmbedderProvider["embed"] => {
  const embed = paced(request, pace)
  return async (texts, purpose, signal) => Effect.runPromise(embed(texts, purpose), { signal })
}
