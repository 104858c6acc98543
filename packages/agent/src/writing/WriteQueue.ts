import { KeyedLocks } from "@keepsake/core/driver"
import { Deferred, Effect, Exit, Fiber, FiberSet } from "effect"
import { attemptWrite, outcomeOf, type WriteJob } from "./attemptWrite.ts"
import type { WriteOutcome } from "../events.ts"

export interface WriteQueueOptions {
  /** Jobs waiting or under way at once. */
  readonly limit: number
  /** Longest one attempt may take. */
  readonly attemptTimeoutMs: number
}

/** Model calls in the background at once, over all users. */
const CONCURRENCY = 8

/** Keeps writes going after the turn: bounded in number, retried, drained at the end, each with an outcome. */
export const makeWriteQueue = Effect.fnUntraced(function* ({ attemptTimeoutMs, limit }: WriteQueueOptions) {
  const fibers = yield* FiberSet.make<void, never>()
  const lanes = new KeyedLocks({ permits: CONCURRENCY })
  let pending = 0

  /** Starts the job and gives what to wait for. Interrupting the wait does not stop the job. */
  const submit = Effect.fnUntraced(function* (job: WriteJob) {
    const outcome = yield* Deferred.make<WriteOutcome>()
    const settle = (one: WriteOutcome): Effect.Effect<void> =>
      Effect.sync(() => job.onOutcome(one)).pipe(
        Effect.andThen(Deferred.succeed(outcome, one)),
        Effect.asVoid
      )
    if (pending >= limit) {
      const error = new Error(`${limit} writes are waiting already; the store does not keep up`)
      yield* settle(outcomeOf(job.policy, 0, { status: "failed", error }))
      return Deferred.await(outcome)
    }
    pending += 1
    const attempts = attemptWrite(job, attemptTimeoutMs)
    const inLane = job.lane === null ? attempts : lanes.withLock(job.lane, attempts)
    const work = inLane.pipe(
      // Closing without draining: what was still waiting is reported as lost.
      Effect.onExit((exit) => {
        pending -= 1
        return settle(
          Exit.isSuccess(exit)
            ? exit.value
            : outcomeOf(job.policy, 0, {
                status: "failed",
                error: new Error("the agent was closed before it was written")
              })
        )
      }),
      Effect.asVoid
    )
    yield* FiberSet.run(fibers, work)
    return Deferred.await(outcome)
  })

  /** Until every write begun so far has its outcome. */
  const flush: Effect.Effect<void> = Effect.suspend(() =>
    Effect.asVoid(
      Effect.forEach(Array.from(fibers), Fiber.await, { discard: true, concurrency: "unbounded" })
    )
  )

  return { submit, flush }
})

export type WriteQueue = Effect.Success<ReturnType<typeof makeWriteQueue>>
