import { type EmbedderFailed, type MemoryError } from "../memory/MemoryError.ts"

/** How long an embedder or a reranker that failed is not asked. */
export const REST_MS = 5_000

/** The longest rest that a service's Retry-After brings: after it the service is asked once more. */
const REST_MAX_MS = 600_000

const breakers = new WeakMap<object, Breaker>()

/** A circuit breaker: a service that fails rests for some seconds, so that each call does not wait for it again. */
export class Breaker {
  #restsUntil = 0
  #failure: MemoryError | null = null
  readonly #listeners = new Set<() => void>()

  /** The one of an embedder, which writes and questions share, or of a reranker. */
  static of(service: object): Breaker {
    const known = breakers.get(service)
    if (known !== undefined) return known
    const breaker = new Breaker()
    breakers.set(service, breaker)
    return breaker
  }

  /** Why the service is not asked now; `null` when it is. */
  failureAt(now: number): MemoryError | null {
    return now < this.#restsUntil ? this.#failure : null
  }

  open(failure: MemoryError, now: number): void {
    const { retryAfterMs = 0 } = failure.reason as Partial<EmbedderFailed>
    this.#failure = failure
    this.#restsUntil = now + Math.min(REST_MAX_MS, Math.max(REST_MS, retryAfterMs))
  }

  /** The service answered. */
  close(): void {
    if (this.#failure === null) return
    this.#failure = null
    this.#restsUntil = 0
    for (const listener of this.#listeners) listener()
  }

  /** Calls `listener` when a service that failed answers again, until the function returned is called. */
  onClose(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
