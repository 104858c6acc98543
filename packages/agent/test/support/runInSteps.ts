import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

/** Runs an effect on virtual time, which advances in steps until the effect ends. */
export const runInSteps = Effect.fnUntraced(function* <A, E>(effect: Effect.Effect<A, E>, stepMs: number) {
  const fiber = yield* Effect.forkChild(effect)
  while (fiber.pollUnsafe() === undefined) {
    yield* TestClock.adjust(stepMs)
    // The model is a real server, so its answer needs real time.
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  }
  return yield* Fiber.join(fiber)
})
