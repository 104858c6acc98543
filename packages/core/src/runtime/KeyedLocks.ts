import { Effect, Semaphore } from "effect"

/** One at a time per key, within this process; keys nobody holds or waits for cost nothing. */
export class KeyedLocks {
  readonly #locks = new Map<string, { readonly semaphore: Semaphore.Semaphore; holders: number }>()

  /** Keys that somebody holds or waits for. */
  get size(): number {
    return this.#locks.size
  }

  withLock<A, E, R>(key: string, body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        const lock = this.#locks.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), holders: 0 }
        this.#locks.set(key, lock)
        lock.holders += 1
        return lock
      }),
      (lock) => lock.semaphore.withPermit(body),
      (lock) =>
        Effect.sync(() => {
          lock.holders -= 1
          if (lock.holders === 0) this.#locks.delete(key)
        })
    )
  }

  /** Several keys, always in the same order, so that no two holders wait for each other. */
  withLocks<A, E, R>(keys: Iterable<string>, body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Array.from(new Set(keys))
      .sort()
      .reduceRight((inner, key) => this.withLock(key, inner), body)
  }
}
