import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { agentClosed, type AgentError } from "../AgentError.ts"

/** The turns under way, over all sessions of an agent. */
export const makeRunningTurns = Effect.gen(function* () {
  const stopped = yield* Deferred.make<never, AgentError>()
  const ends = new Set<Deferred.Deferred<void>>()

  /** Runs a turn; `stop` interrupts it. */
  const track = <A>(turn: Effect.Effect<A, AgentError>): Effect.Effect<A, AgentError> =>
    Effect.suspend(() => {
      const end = Deferred.makeUnsafe<void>()
      ends.add(end)
      return Effect.raceFirst(turn, Deferred.await(stopped)).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            ends.delete(end)
            Deferred.doneUnsafe(end, Effect.void)
          })
        )
      )
    })

  const wait: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach(Array.from(ends), (end) => Deferred.await(end), {
      discard: true,
      concurrency: "unbounded"
    })
  )

  /** Turns that are stopped keep the user's words. */
  const stop: Effect.Effect<void> = Effect.andThen(Deferred.fail(stopped, agentClosed()), wait)

  return { track, wait, stop }
})

export type RunningTurns = Effect.Success<typeof makeRunningTurns>
