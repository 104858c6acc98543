import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Calls with the same key that overlap run once and share the outcome. */
export const shareCalls = <A, E>(
  call: (key: string) => Effect.Effect<A, E>
): ((key: string) => Effect.Effect<A, E>) => {
  const underWay = new Map<string, Deferred.Deferred<A | undefined, E>>()
  const share = (key: string): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      const first = underWay.get(key)
      if (first !== undefined) {
        // `undefined`: the first caller was interrupted, and with it the call.
        return Effect.flatMap(Deferred.await(first), (value) =>
          value === undefined ? share(key) : Effect.succeed(value)
        )
      }
      const outcome = Deferred.makeUnsafe<A | undefined, E>()
      underWay.set(key, outcome)
      return Effect.onExit(call(key), (exit) =>
        Effect.sync(() => {
          underWay.delete(key)
          const wasInterrupted = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
          Deferred.doneUnsafe(outcome, wasInterrupted ? Effect.succeed(undefined) : exit)
        })
      )
    })
  return share
}
