import { breathe } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"

/**
 * Reads wait while a transaction is open over several turns of the event loop: on the connection that writes, they would
 * see what it may yet roll back.
 */
export class ReadGate {
  /** Null while reads pass. */
  #waiting: Set<() => void> | null = null

  close(): void {
    this.#waiting ??= new Set()
  }

  open(): void {
    const waiting = this.#waiting
    this.#waiting = null
    for (const resume of waiting ?? []) resume()
  }

  get isClosed(): boolean {
    return this.#waiting !== null
  }

  /** Waits for the end of a transaction. Look again afterwards: another may have begun. */
  readonly passed: Effect.Effect<void> = Effect.andThen(
    Effect.callback<void>((resume) => {
      const waiting = this.#waiting
      if (waiting === null) {
        resume(Effect.void)
        return
      }
      const go = () => resume(Effect.void)
      waiting.add(go)
      return Effect.sync(() => waiting.delete(go))
    }),
    // All that waited go on in one turn otherwise.
    breathe
  )

  /** The read, after the transactions under way. */
  guard<A, E>(read: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => (this.isClosed ? Effect.andThen(this.passed, this.guard(read)) : read))
  }
}
