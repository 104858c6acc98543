import { KeyedLocks } from "@keepsake/core/driver"
import { Deferred, Effect, Exit, Fiber, FiberSet } from "effect"
import type { WriteOutcome } from "../events.ts"
import { attemptWrite, makeOutcome, type WriteJob } from "./attemptWrite.ts"

export interface WriteQueueOptions {
  /** Most jobs that wait or run at once. */
  readonly limit: number
  /** Longest that one attempt may take. */
  readonly attemptTimeoutMs: number
}

/** Most background writes at once, over all users. */
const CONCURRENCY = 8

const toFailure = (job: WriteJob, message: string): WriteOutcome =>
  makeOutcome(job.policy, 0, { status: "failed", error: new Error(message) })

/** Runs writes after the turn: bounded in number, retried, and each with an outcome. */
export const makeWriteQueue = Effect.fnUntraced(function* ({ attemptTimeoutMs, limit }: WriteQueueOptions) {
  const fibers = yield* FiberSet.make<void, never>()
  const locks = new KeyedLocks({ permits: CONCURRENCY })
  let pendingCount = 0

  /** Starts the job and returns an effect that waits for its outcome. Interrupting the wait does not stop the job. */
  const submit = Effect.fnUntraced(function* (job: WriteJob) {
    const deferred = yield* Deferred.make<WriteOutcome>()
    const settle = (outcome: WriteOutcome): Effect.Effect<void> =>
      Effect.sync(() => job.onOutcome(outcome)).pipe(
        Effect.andThen(Deferred.succeed(deferred, outcome)),
        Effect.asVoid
      )
    if (pendingCount >= limit) {
      yield* settle(toFailure(job, `${limit} writes are waiting already; the store does not keep up`))
      return Deferred.await(deferred)
    }
    pendingCount += 1
    const attempts = attemptWrite(job, attemptTimeoutMs)
    const queued = job.queueKey === null ? attempts : locks.withLock(job.queueKey, attempts)
    const work = queued.pipe(
      Effect.onExit((exit) => {
        pendingCount -= 1
        // Interrupted: the scope closed while the job was waiting or running.
        return settle(
          Exit.isSuccess(exit) ? exit.value : toFailure(job, "the agent was closed before it was written")
        )
      }),
      Effect.asVoid
    )
    yield* FiberSet.run(fibers, work)
    return Deferred.await(deferred)
  })

  /** Waits until every write begun so far has its outcome. */
  const flush: Effect.Effect<void> = Effect.suspend(() =>
    Effect.asVoid(
      Effect.forEach(Array.from(fibers), Fiber.await, { discard: true, concurrency: "unbounded" })
    )
  )

  return { submit, flush }
})

export type WriteQueue = Effect.Success<ReturnType<typeof makeWriteQueue>>
