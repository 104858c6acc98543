import { MemoryError } from "@keepsake/core"
import { spanned, wasRetryable } from "@keepsake/core/driver"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { WriteOutcome } from "../events.ts"
import type { PolicyResult } from "./WritingPolicy.ts"

/** Whose words a write holds, for a report of what was not written. */
export interface WrittenExchange {
  readonly userId: string
  readonly sessionId: string
  readonly user: string
  /** The reply as the model wrote it; `""` where there is none. */
  readonly assistant: string
}

/** One policy's write of one exchange. */
export interface WriteJob {
  readonly exchange: WrittenExchange
  readonly policy: string
  /** It stores something other than memories. */
  readonly isForHistory?: boolean | undefined
  /** Half of a write, which has a bound of its own in the queue. */
  readonly isBegin?: boolean | undefined
  /** Jobs with the same key run one after the other; `null` runs at once. */
  readonly queueKey: string | null
  /** Ends the job as void: something else has done its work. */
  readonly ended?: Effect.Effect<void> | undefined
  /** Makes one attempt. */
  run(signal: AbortSignal, isLastAttempt: boolean): Promise<PolicyResult>
  /** Whether everything was forgotten since the job was made. */
  isVoid(): boolean
  onRetry(attempt: number, error: unknown): void
  onOutcome(outcome: WriteOutcome): void
}

const RETRIES = 5
const backoff = Schedule.exponential(Duration.millis(200)).pipe(Schedule.jittered)

const isRetryable = (error: unknown): boolean => {
  // Another process took the turn's number; the next attempt has another number.
  if (error instanceof MemoryError && error.reason._tag === "Conflict") return true
  // An error from outside the contract may be gone the next time.
  return wasRetryable(error, true)
}

/** An outcome, without memories and notes unless `fields` has them. */
export const makeOutcome = (
  policy: string,
  attempts: number,
  fields: Partial<WriteOutcome> & Pick<WriteOutcome, "status">
): WriteOutcome => ({ policy, memories: [], attempts, notes: [], ...fields })

const runAttempt = (
  job: WriteJob,
  isLast: boolean,
  timeoutMs: number
): Effect.Effect<PolicyResult, unknown> =>
  Effect.tryPromise({ try: (signal) => job.run(signal, isLast), catch: (error) => error }).pipe(
    Effect.timeoutOrElse({
      duration: Duration.millis(timeoutMs),
      orElse: () => Effect.fail(new Error(`the write took longer than ${timeoutMs} ms`))
    })
  )

/** Retries until it is stored or void, or another attempt cannot help. Never fails: the outcome has the error. */
const runAttempts = Effect.fnUntraced(
  function* (job: WriteJob, timeoutMs: number) {
    yield* Effect.annotateCurrentSpan("keepsake.write.policy", job.policy)
    let attempts = 0
    const end = (fields: Parameters<typeof makeOutcome>[2]) => makeOutcome(job.policy, attempts, fields)
    const canRetry = (error: unknown): boolean => !job.isVoid() && isRetryable(error)
    const attempt = Effect.suspend(() => {
      attempts += 1
      return job.isVoid() ? Effect.succeed(null) : runAttempt(job, attempts > RETRIES, timeoutMs)
    })
    const outcome = yield* attempt.pipe(
      Effect.tapError((error) =>
        Effect.sync(() => {
          if (attempts <= RETRIES && canRetry(error)) job.onRetry(attempts, error)
        })
      ),
      Effect.retry({ schedule: backoff, times: RETRIES, while: canRetry }),
      Effect.match({
        onSuccess: (result) => {
          if (result === null) return end({ status: "void" })
          const { memories, notes = [] } = result
          const isStored =
            job.isForHistory === true || memories.some((remembered) => remembered.outcome !== "dropped")
          return end({ status: isStored ? "stored" : "skipped", memories, notes })
        },
        onFailure: (error) => end(job.isVoid() ? { status: "void" } : { status: "failed", error })
      }),
      Effect.catchDefect((error) => Effect.succeed(end({ status: "failed", error })))
    )
    yield* Effect.annotateCurrentSpan("keepsake.write.status", outcome.status)
    return outcome
  },
  (write) => spanned(write, "Agent.write")
)

/** Makes attempts until the job has an outcome, or something else has done its work. */
export const attemptWrite = (job: WriteJob, timeoutMs: number): Effect.Effect<WriteOutcome> =>
  job.ended === undefined
    ? runAttempts(job, timeoutMs)
    : Effect.raceFirst(
        runAttempts(job, timeoutMs),
        Effect.as(job.ended, makeOutcome(job.policy, 0, { status: "void" }))
      )
