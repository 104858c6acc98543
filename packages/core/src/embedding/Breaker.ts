import { type EmbedderFailed, type MemoryError } from "../memory/MemoryError.ts"
import type { Embedder } from "./Embedder.ts"

/** How long an embedder that failed is not asked. */
export const REST_MS = 5_000

/** The longest rest that a service's Retry-After brings: after it the service is asked once more. */
const REST_MAX_MS = 600_000

const breakers = new WeakMap<Embedder["Service"], Breaker>()

/** A circuit breaker: an embedder that fails rests for some seconds, so that each call does not wait for it again. */
export class Breaker {
  #restsUntil = 0
  #failure: MemoryError | null = null
  readonly #listeners = new Set<() => void>()

  /** The one of an embedder, which writes and questions share. */
  static of(embedder: Embedder["Service"]): Breaker {
    const known = breakers.get(embedder)
    if (known !== undefined) return known
    const breaker = new Breaker()
    breakers.set(embedder, breaker)
    return breaker
  }

  /** Why the embedder is not asked now; `null` when it is. */
  failureAt(now: number): MemoryError | null {
    return now < this.#restsUntil ? this.#failure : null
  }

  open(failure: MemoryError, now: number): void {
    const { retryAfterMs = 0 } = failure.reason as Partial<EmbedderFailed>
    this.#failure = failure
    this.#restsUntil = now + Math.min(REST_MAX_MS, Math.max(REST_MS, retryAfterMs))
  }

  /** The embedder answered. */
  close(): void {
    if (this.#failure === null) return
    this.#failure = null
    this.#restsUntil = 0
    for (const listener of this.#listeners) listener()
  }

  /** Calls `listener` when an embedder that failed answers again, until the function returned is called. */
  onClose(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
