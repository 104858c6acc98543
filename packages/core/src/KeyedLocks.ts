import { Effect, Semaphore } from "effect"

/** One at a time per key, within this process; keys nobody holds or waits for cost nothing. */
export class KeyedLocks {
  readonly #locks = new Map<string, { readonly semaphore: Semaphore.Semaphore; holders: number }>()

  withLock<A, E, R>(key: string, body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      const lock = this.#locks.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), holders: 0 }
      this.#locks.set(key, lock)
      lock.holders += 1
      return Effect.ensuring(
        lock.semaphore.withPermit(body),
        Effect.sync(() => {
          lock.holders -= 1
          if (lock.holders === 0) this.#locks.delete(key)
        })
      )
    })
  }
}
