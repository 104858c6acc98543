import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** How much longer memory may hold up the turn. */
export class MemoryBudget {
  #leftMs: number

  constructor(totalMs: number) {
    this.#leftMs = totalMs
  }

  get leftMs(): number {
    return this.#leftMs
  }

  /** After a wait that took all that was left, memory is not waited for again in this turn. */
  exhaust(): void {
    this.#leftMs = 0
  }

  /** Waits within what is left, and takes the wait off it. */
  spend<A, E, B, E2>(
    effect: Effect.Effect<A, E>,
    onTimeout: () => Effect.Effect<B, E2>
  ): Effect.Effect<A | B, E | E2> {
    return Effect.flatMap(Clock.currentTimeMillis, (start) =>
      effect.pipe(
        Effect.timeoutOrElse({
          duration: Duration.millis(this.#leftMs),
          orElse: () =>
            Effect.suspend(() => {
              this.exhaust()
              return onTimeout()
            })
        }),
        Effect.ensuring(
          Effect.map(Clock.currentTimeMillis, (end) => {
            this.#leftMs = Math.max(0, this.#leftMs - (end - start))
          })
        )
      )
    )
  }
}
