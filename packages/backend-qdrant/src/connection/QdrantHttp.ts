import { type MemoryError, readTimeLeft } from "@keepsake/core/driver"
import type { QdrantClient } from "@qdrant/js-client-rest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Semaphore from "effect/Semaphore"
import type { QdrantSettings } from "../options.ts"
import type { ConnectionPool } from "./connectionPool.ts"
import { type Attempt, classify, timedOut, UnreadableResponse } from "./errors.ts"

type Api = ReturnType<QdrantClient["api"]>

/** Sends one request; `init` carries the signal and the headers, and must be passed on. */
type Request<A> = (api: Api, init: RequestInit) => Promise<{ readonly data: { readonly result?: A } }>

/** A server, or a node of a cluster. */
export interface QdrantNode {
  readonly client: QdrantClient
  /** Its name in error messages. */
  readonly server: string
  /** The connections of the store's own client; a client of the application has its own. */
  readonly pool?: ConnectionPool | undefined
}

/** Requests to one server or cluster, with timeouts and retries. */
export interface QdrantHttp {
  /**
   * Sends a request until it succeeds, fails with an error that is not retryable, or runs out of time.
   * Retries all requests alike: each of the store's is idempotent (reads, absolute values, inserts that
   * leave an existing point alone). A node that fails is left for the next one, at once the first time. `once` sends what
   * must not come twice.
   */
  readonly send: <A>(
    operation: string,
    request: Request<A>,
    kind?: "bulk" | "once"
  ) => Effect.Effect<NonNullable<A>, MemoryError>
  readonly settings: QdrantSettings
  /** The server's name in error messages. */
  readonly server: string
}

/**
 * The server compresses responses over a few kB, and the last packet of those waits for a delayed
 * acknowledgement: 48 ms instead of 4 on loopback.
 */
const HEADERS = { "accept-encoding": "identity" }

const BACKOFF_MS = 100
const BACKOFF_MAX_MS = 5_000

/** Deletions by filter read a whole scope. */
const BULK_FACTOR = 10

/** Retries use the real clock, because the server does: they must not wait for a `TestClock`. */
const realClock = Clock.Clock.defaultValue()

/** Milliseconds that a request may take with its retries: until the caller's deadline, and `mostMs` at most. */
const limitUntil = (fiber: Fiber.Fiber<unknown, unknown>, mostMs: number): number =>
  Math.max(0, Math.min(mostMs, readTimeLeft(fiber) ?? mostMs))

const backoffMs = (attempt: number): number =>
  Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** attempt) * (0.5 + Math.random() / 2)

/** Which node is asked: all requests leave one that failed. */
const makeChoice = (nodes: ReadonlyArray<QdrantNode>) => {
  let current = 0
  return {
    take: (): QdrantNode => {
      const node = nodes[current % nodes.length]
      if (node === undefined) throw new Error("There is no node.")
      return node
    },
    leave: (node: QdrantNode): void => {
      if (nodes[current % nodes.length] === node) current++
    }
  }
}

/** Requests to these nodes, of which there is at least one. */
export const makeQdrantHttp = (nodes: ReadonlyArray<QdrantNode>, settings: QdrantSettings): QdrantHttp => {
  const choice = makeChoice(nodes)
  const server = nodes.map((node) => node.server).join(", ")
  const permits = Semaphore.makeUnsafe(settings.concurrency)

  const sendOnce = <A>(
    { client, pool }: QdrantNode,
    attempt: Attempt,
    request: Request<A>,
    timeoutMs: number
  ) =>
    Effect.suspend(() => {
      const api = client.api()
      let retryAfter: string | null = null
      const poolInit = pool?.init((header) => {
        retryAfter = header
      })
      return Effect.tryPromise({
        try: async (signal) => {
          const { data } = await request(api, { signal, headers: HEADERS, ...poolInit })
          const result = typeof data === "object" && data !== null ? data.result : undefined
          if (result === undefined || result === null) throw new UnreadableResponse("no result in the body")
          return result
        },
        catch: (cause) => classify(attempt, cause, retryAfter)
      })
    }).pipe(
      Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => Effect.fail(timedOut(attempt)) }),
      permits.withPermits(1)
    )

  const send = <A>(operation: string, request: Request<A>, kind?: "bulk" | "once") =>
    Effect.withFiber<NonNullable<A>, MemoryError>((fiber) => {
      const factor = kind === "bulk" ? BULK_FACTOR : 1
      const retries = kind === "once" ? 0 : settings.retries
      const timeoutMs = limitUntil(fiber, settings.timeoutMs * factor)
      const sendFrom = (attempts: number): Effect.Effect<NonNullable<A>, MemoryError> =>
        Effect.suspend(() => {
          const node = choice.take()
          const failsOver = attempts === 0 && nodes.length > 1 && retries > 0
          const attemptMs = failsOver
            ? Math.min(settings.failoverMs, settings.attemptTimeoutMs)
            : settings.attemptTimeoutMs
          return sendOnce(node, { operation, server: node.server }, request, attemptMs * factor).pipe(
            Effect.catch((error) => {
              if (!error.isRetryable || attempts >= retries) return Effect.fail(error)
              choice.leave(node)
              const retryAfterMs = error.reason._tag === "Unavailable" ? (error.reason.retryAfterMs ?? 0) : 0
              // Past the deadline: return the server's figure to the caller instead of waiting.
              if (retryAfterMs >= timeoutMs) return Effect.fail(error)
              const waitMs = failsOver ? retryAfterMs : Math.max(retryAfterMs, backoffMs(attempts))
              return Effect.andThen(Effect.sleep(waitMs), sendFrom(attempts + 1))
            })
          )
        })
      return sendFrom(0).pipe(
        Effect.timeoutOrElse({
          duration: timeoutMs,
          orElse: () => Effect.fail(timedOut({ operation, server }))
        }),
        Effect.provideService(Clock.Clock, realClock)
      )
    })

  return { send, settings, server }
}
