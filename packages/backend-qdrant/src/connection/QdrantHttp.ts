import type { MemoryError } from "@keepsake/core/driver"
import type { QdrantClient } from "@qdrant/js-client-rest"
import { Clock, Effect, Semaphore } from "effect"
import { type Attempted, classify, timedOut, UnreadableAnswer } from "./errors.ts"
import type { QdrantSettings } from "../options.ts"
import type { ConnectionPool } from "./connectionPool.ts"

export type Api = ReturnType<QdrantClient["api"]>

/** Sends one request; `init` carries the signal and the headers, and must be passed on. */
type Request<A> = (api: Api, init: RequestInit) => Promise<{ readonly data: { readonly result?: A } }>

export interface QdrantHttp {
  /**
   * Sends a request until it succeeds, fails for good, or time is up. Every request we make may be sent
   * twice without harm (reads, absolute values, inserts that leave an existing point alone), so all are
   * retried alike.
   */
  readonly send: <A>(
    operation: string,
    request: Request<A>,
    bulk?: "bulk"
  ) => Effect.Effect<NonNullable<A>, MemoryError>
  readonly settings: QdrantSettings
  readonly server: string
}

/**
 * Without this, replies over a few kB are compressed and their last packet waits for a delayed
 * acknowledgement: 48 ms instead of 4 on loopback.
 */
const HEADERS = { "accept-encoding": "identity" }

const BACKOFF_MS = 100
const BACKOFF_MAX_MS = 5_000

/** Deletions by filter walk a whole scope. */
const BULK_FACTOR = 10

/** A server's seconds are the wall's, whatever clock the program runs under: retries must not wait for a test's. */
const wallClock = Clock.Clock.defaultValue()

const backoffMs = (attempt: number): number =>
  Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** attempt) * (0.5 + Math.random() / 2)

/** `pool` holds the connections of a client that is ours; one the application owns has its own. */
export const makeQdrantHttp = (
  client: QdrantClient,
  server: string,
  settings: QdrantSettings,
  pool?: ConnectionPool
): QdrantHttp => {
  const api = client.api()
  const permits = Semaphore.makeUnsafe(settings.concurrency)

  const once = <A>(attempted: Attempted, request: Request<A>, timeoutMs: number) =>
    Effect.suspend(() => {
      let retryAfter: string | null = null
      const listening = pool?.listening((after) => {
        retryAfter = after
      })
      return Effect.tryPromise({
        try: async (signal) => {
          const { data } = await request(api, { signal, headers: HEADERS, ...listening })
          const result = typeof data === "object" && data !== null ? data.result : undefined
          if (result === undefined || result === null) throw new UnreadableAnswer("no result in the answer")
          return result
        },
        catch: (cause) => classify(attempted, cause, retryAfter)
      })
    }).pipe(
      Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => Effect.fail(timedOut(attempted)) }),
      permits.withPermits(1)
    )

  const send: QdrantHttp["send"] = (operation, request, bulk) => {
    const attempted = { operation, server }
    const factor = bulk === undefined ? 1 : BULK_FACTOR
    const attempt = (
      i: number
    ): Effect.Effect<NonNullable<Awaited<ReturnType<typeof request>>["data"]["result"]>, MemoryError> =>
      once(attempted, request, settings.attemptTimeoutMs * factor).pipe(
        Effect.catch((error) => {
          if (!error.isRetryable || i >= settings.retries) return Effect.fail(error)
          const asked = error.reason._tag === "Unavailable" ? (error.reason.retryAfterMs ?? 0) : 0
          // Waiting past our own deadline helps nobody: the caller gets the server's figure instead.
          if (asked >= settings.timeoutMs * factor) return Effect.fail(error)
          return Effect.andThen(Effect.sleep(Math.max(asked, backoffMs(i))), attempt(i + 1))
        })
      )
    return attempt(0).pipe(
      Effect.timeoutOrElse({
        duration: settings.timeoutMs * factor,
        orElse: () => Effect.fail(timedOut(attempted))
      }),
      Effect.provideService(Clock.Clock, wallClock)
    )
  }

  return { send, settings, server }
}
