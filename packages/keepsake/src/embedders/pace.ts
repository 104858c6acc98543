/**
 * How a provider that calls a service is driven: requests cut by tokens, spread over the minute, tried
 * again when that can help.
 */
import type { EmbedderProvider, EmbedPurpose } from "@keepsake/core"
import { fourCharactersPerToken } from "@keepsake/core/driver"
import { Clock, Duration, Effect, Schedule } from "effect"
import type { PaceConfig } from "../config/EmbedderConfig.ts"

/** A failure of the service that says whether trying again may help, and when. */
export class EmbeddingRequestError extends Error {
  override readonly name = "EmbeddingRequestError"
  readonly isRetryable: boolean
  readonly retryAfterMs: number | undefined

  constructor(
    message: string,
    options: { isRetryable: boolean; retryAfterMs?: number | undefined; cause?: unknown }
  ) {
    super(message, { cause: options.cause })
    this.isRetryable = options.isRetryable
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Cuts so that no part holds more than `most` tokens; a text longer than that is a part of its own. */
export const cutByTokens = (
  texts: ReadonlyArray<string>,
  most: number
): ReadonlyArray<ReadonlyArray<string>> => {
  const parts: Array<Array<string>> = []
  let room = 0
  for (const text of texts) {
    const tokens = fourCharactersPerToken(text)
    const last = parts.at(-1)
    if (last === undefined || tokens > room) {
      parts.push([text])
      room = most - tokens
    } else {
      last.push(text)
      room -= tokens
    }
  }
  return parts
}

/** Spreads costs over time: waits until what came before has had its share of the minute. */
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

const isRetryable = (error: unknown): boolean =>
  !(error instanceof EmbeddingRequestError) || error.isRetryable

/** Backs off from half a second, doubling, and never sooner than the service asked for. */
const backoff = (retries: number) =>
  Schedule.exponential("500 millis").pipe(
    Schedule.jittered,
    Schedule.upTo({ times: retries }),
    Schedule.setInputType<unknown>(),
    Schedule.modifyDelay(({ duration, input }) =>
      Effect.succeed(
        Duration.max(
          duration,
          Duration.millis(input instanceof EmbeddingRequestError ? (input.retryAfterMs ?? 0) : 0)
        )
      )
    )
  )

export type EmbedRequest = (
  texts: ReadonlyArray<string>,
  purpose: EmbedPurpose,
  signal: AbortSignal
) => Promise<ReadonlyArray<ArrayLike<number>>>

/** Keeps the service's limits around a function that makes a single request. */
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
      Effect.retry(attempt(part, purpose), { while: isRetryable, schedule: backoff(pace.retries ?? 4) })
    ).pipe(Effect.map((parts) => parts.flat()))
}

/** `paced`, as a provider's `embed`. */
export const pacedEmbed = (request: EmbedRequest, pace: PaceConfig): EmbedderProvider["embed"] => {
  const embed = paced(request, pace)
  return async (texts, purpose, signal) => Effect.runPromise(embed(texts, purpose), { signal })
}
