import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

interface Lock {
  readonly semaphore: Semaphore.Semaphore
  /** Fibers that hold or wait for it. */
  holders: number
}

/** One holder at a time per key, within this process; a key without holders costs nothing. */
export class KeyedLocks {
  readonly #locks = new Map<string, Lock>()
  readonly #permits: Semaphore.Semaphore | null

  /** `permits` bounds the holders of all keys together. */
  constructor({ permits }: { readonly permits?: number | undefined } = {}) {
    this.#permits = permits === undefined ? null : Semaphore.makeUnsafe(permits)
  }

  /** Keys that have a holder or a waiter. */
  get size(): number {
    return this.#locks.size
  }

  /** The key's lock first, then a permit: a fiber that waits for its key occupies none. */
  withLock<A, E, R>(key: string, body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return this.#hold(key, this.#bounded(body))
  }

  /** Several keys, in one order for all callers, so that no two wait for each other; one permit for all of them. */
  withLocks<A, E, R>(keys: Iterable<string>, body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Array.from(new Set(keys))
      .sort()
      .reduceRight((inner, key) => this.#hold(key, inner), this.#bounded(body))
  }

  #bounded<A, E, R>(body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return this.#permits === null ? body : this.#permits.withPermit(body)
  }

  #hold<A, E, R>(key: string, body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.acquireUseRelease(
      Effect.sync(() => this.#join(key)),
      (lock) => lock.semaphore.withPermit(body),
      (lock) => Effect.sync(() => this.#leave(key, lock))
    )
  }

  #join(key: string): Lock {
    const lock = this.#locks.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), holders: 0 }
    this.#locks.set(key, lock)
    lock.holders += 1
    return lock
  }

  #leave(key: string, lock: Lock): void {
    lock.holders -= 1
    if (lock.holders === 0) this.#locks.delete(key)
  }
}
