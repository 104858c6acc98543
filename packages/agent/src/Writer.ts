import { MemoryError } from "@keepsake/core"
import { Deferred, Duration, Effect, Exit, Fiber, FiberSet, Schedule, Semaphore } from "effect"
import type { WriteOutcome } from "./events.ts"
import type { PolicyResult } from "./writing/WritingPolicy.ts"

/** A write to be made, now or later. */
export interface WriteJob {
  readonly policy: string
  /** Jobs of one lane run one after the other; `null` runs at once. */
  readonly lane: string | null
  /** One attempt. */
  run(signal: AbortSignal, isLastAttempt: boolean): Promise<PolicyResult>
  /** Whether everything was forgotten since the job was made. */
  isVoid(): boolean
  onRetry(attempt: number, error: unknown): void
  onOutcome(outcome: WriteOutcome): void
}

export interface WriterOptions {
  /** Jobs waiting or under way at once. */
  readonly limit: number
  /** Longest one attempt may take. */
  readonly attemptTimeoutMs: number
}

const RETRIES = 5
const backoff = Schedule.exponential(Duration.millis(200)).pipe(Schedule.jittered)
/** Model calls in the background at once, over all users. */
const LANES = 8

const isRetryable = (error: unknown): boolean => {
  if (error instanceof MemoryError && error.reason._tag === "Conflict") return true
  if (typeof error === "object" && error !== null && "isRetryable" in error) return error.isRetryable === true
  // A store that throws what no contract knows may well work the next time.
  return true
}

const outcomeOf = (
  policy: string,
  attempts: number,
  rest: Partial<WriteOutcome> & Pick<WriteOutcome, "status">
): WriteOutcome => ({
  policy,
  memories: [],
  attempts,
  notes: [],
  ...rest
})

/** Keeps writes going after the turn: bounded in number, retried, drained at the end, each with an outcome. */
export const makeWriter = Effect.fnUntraced(function* ({ attemptTimeoutMs, limit }: WriterOptions) {
  const fibers = yield* FiberSet.make<void, never>()
  const slots = yield* Semaphore.make(LANES)
  const lanes = new Map<string, { readonly turn: Semaphore.Semaphore; waiting: number }>()
  let pending = 0

  const inLane = <A, E>(lane: string | null, work: Effect.Effect<A, E>): Effect.Effect<A, E> => {
    if (lane === null) return work
    return Effect.suspend(() => {
      const queue = lanes.get(lane) ?? { turn: Semaphore.makeUnsafe(1), waiting: 0 }
      lanes.set(lane, queue)
      queue.waiting += 1
      return queue.turn.withPermit(slots.withPermit(work)).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            queue.waiting -= 1
            if (queue.waiting === 0) lanes.delete(lane)
          })
        )
      )
    })
  }

  const attempt = (job: WriteJob, isLast: boolean): Effect.Effect<PolicyResult, unknown> =>
    Effect.tryPromise({ try: (signal) => job.run(signal, isLast), catch: (error) => error }).pipe(
      Effect.timeoutOrElse({
        duration: Duration.millis(attemptTimeoutMs),
        orElse: () => Effect.fail(new Error(`the write took longer than ${attemptTimeoutMs} ms`))
      })
    )

  const perform = Effect.fn("Agent.write")(function* (job: WriteJob) {
    yield* Effect.annotateCurrentSpan("keepsake.write.policy", job.policy)
    let attempts = 0
    const once = Effect.suspend(() => {
      attempts += 1
      return job.isVoid() ? Effect.succeed(null) : attempt(job, attempts > RETRIES)
    })
    const exit = yield* once.pipe(
      Effect.tapError((error) =>
        job.isVoid() || attempts > RETRIES ? Effect.void : Effect.sync(() => job.onRetry(attempts, error))
      ),
      Effect.retry({
        schedule: backoff,
        times: RETRIES,
        while: (error) => !job.isVoid() && isRetryable(error)
      }),
      Effect.match({
        onSuccess: (result) =>
          result === null
            ? outcomeOf(job.policy, attempts, { status: "void" })
            : outcomeOf(job.policy, attempts, {
                status: result.memories.length === 0 ? "skipped" : "stored",
                memories: result.memories,
                notes: result.notes ?? []
              }),
        onFailure: (error) =>
          job.isVoid()
            ? outcomeOf(job.policy, attempts, { status: "void" })
            : outcomeOf(job.policy, attempts, { status: "failed", error })
      }),
      Effect.catchDefect((error) =>
        Effect.succeed(outcomeOf(job.policy, attempts, { status: "failed", error }))
      )
    )
    yield* Effect.annotateCurrentSpan("keepsake.write.status", exit.status)
    return exit
  })

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
    const work = inLane(job.lane, perform(job)).pipe(
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

export type Writer = Effect.Success<ReturnType<typeof makeWriter>>
