import { KeyedLocks } from "@keepsake/core/driver"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type { WriteOutcome } from "../events.ts"
import { attemptWrite, makeOutcome, type WriteJob, type WrittenExchange } from "./attemptWrite.ts"

export interface WriteQueueOptions {
  /** Most writes that wait or run at once. */
  readonly limit: number
  /** Longest that one attempt may take. */
  readonly attemptTimeoutMs: number
}

/** An exchange that a policy could not write. */
export interface Unwritten extends WrittenExchange {
  readonly policy: string
  readonly error: unknown
}

/** Most background writes at once, over all users. */
const CONCURRENCY = 8

const CLOSED = "the agent was closed before it was written"

const toFailure = (job: WriteJob, message: string): WriteOutcome =>
  makeOutcome(job.policy, 0, { status: "failed", error: new Error(message) })

/** Runs writes after the turn: bounded in number, retried, and each with an outcome. */
export const makeWriteQueue = Effect.fnUntraced(function* ({ attemptTimeoutMs, limit }: WriteQueueOptions) {
  const fibers = yield* FiberSet.make<void, never>()
  const locks = new KeyedLocks({ permits: CONCURRENCY })
  const pending = { begin: 0, write: 0 }
  /** Failures since draining began; `undefined` before. */
  let unwritten: Array<Unwritten> | undefined

  /** Starts the job and returns an effect that waits for its outcome. Interrupting the wait does not stop the job. */
  const submit = Effect.fnUntraced(function* (job: WriteJob) {
    const deferred = yield* Deferred.make<WriteOutcome>()
    const settle = (outcome: WriteOutcome): Effect.Effect<void> =>
      Effect.sync(() => {
        if (outcome.status === "failed")
          unwritten?.push({ ...job.exchange, policy: job.policy, error: outcome.error })
        job.onOutcome(outcome)
      }).pipe(Effect.andThen(Deferred.succeed(deferred, outcome)), Effect.asVoid)
    const kind = job.isBegin === true ? "begin" : "write"
    if (pending[kind] >= limit) {
      yield* settle(toFailure(job, `${limit} writes are waiting already; the store does not keep up`))
      return Deferred.await(deferred)
    }
    pending[kind] += 1
    const attempts = attemptWrite(job, attemptTimeoutMs)
    const queued = job.queueKey === null ? attempts : locks.withLock(job.queueKey, attempts)
    const work = queued.pipe(
      Effect.onExit((exit) => {
        pending[kind] -= 1
        // Interrupted: the scope closed while the job was waiting or running.
        return settle(Exit.isSuccess(exit) ? exit.value : toFailure(job, CLOSED))
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

  /** Waits like `flush`, then stops what is left; returns what was not written. */
  const drain = (deadlineMs: number): Effect.Effect<ReadonlyArray<Unwritten>> =>
    Effect.suspend(() => {
      const failures = (unwritten ??= [])
      return flush.pipe(
        Effect.timeoutOption(deadlineMs),
        Effect.andThen(FiberSet.clear(fibers)),
        Effect.andThen(flush),
        Effect.map(() => mergeUnwritten(failures))
      )
    })

  return { submit, flush, drain }
})

/** One entry per exchange and policy: a write in two steps may fail twice. */
const mergeUnwritten = (failures: ReadonlyArray<Unwritten>): ReadonlyArray<Unwritten> =>
  Array.from(
    new Map(
      failures.map((failure) => [
        JSON.stringify([failure.userId, failure.sessionId, failure.policy, failure.user]),
        failure
      ])
    ).values()
  )

export type WriteQueue = Effect.Success<ReturnType<typeof makeWriteQueue>>
