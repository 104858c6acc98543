/** The moment until which the answer of a call is of use. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { startTimer } from "./background.ts"

/** Epoch milliseconds; `null` where nothing waits for an answer. What retries or queues does neither beyond it. */
export const Deadline = Context.Reference<number | null>("@keepsake/core/Deadline", {
  defaultValue: () => null
})

/** Milliseconds until the caller's deadline, negative beyond it; `null` without one. */
export const readTimeLeft = (fiber: Fiber.Fiber<unknown, unknown>): number | null => {
  const deadline = fiber.getRef(Deadline)
  return deadline === null ? null : deadline - fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
}

/**
 * Runs an effect with a deadline of `timeoutMs` from now, or an earlier one that stands already. At the deadline the
 * effect is interrupted and `onTimeout` is its failure; an effect that cannot be interrupted goes on by itself.
 */
export const withinDeadline = <A, E>(
  effect: Effect.Effect<A, E>,
  timeoutMs: number,
  onTimeout: () => E
): Effect.Effect<A, E> =>
  Effect.withFiber((parent) => {
    const clock = parent.getRef(Clock.Clock)
    const outer = parent.getRef(Deadline)
    const deadline = clock.currentTimeMillisUnsafe() + timeoutMs
    if (outer !== null && outer <= deadline) return effect
    return Effect.callback<A, E>((resume) => {
      const fork = Effect.runForkWith(Context.add(parent.context, Deadline, deadline))
      const work = fork(effect)
      let onEnd = (): void => {}
      const end = () => {
        resume(Effect.fail(onTimeout()))
        work.interruptUnsafe()
        onEnd()
      }
      const cancel = startTimer(clock, timeoutMs, end, { holdsProcess: true })
      work.addObserver((exit) => {
        cancel()
        resume(exit)
        onEnd()
      })
      // An interrupted caller waits for the effect to end, up to the deadline.
      return Effect.callback<void>((stop) => {
        onEnd = () => stop(Effect.void)
        work.interruptUnsafe()
        if (work.pollUnsafe() !== undefined) onEnd()
      })
    })
  })
