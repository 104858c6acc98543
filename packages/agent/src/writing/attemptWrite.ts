import { MemoryError } from "@keepsake/core"
import { spanned, wasRetryable } from "@keepsake/core/driver"
import { Duration, Effect, Schedule } from "effect"
import type { WriteOutcome } from "../events.ts"
import type { PolicyResult } from "./WritingPolicy.ts"

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

const RETRIES = 5
const backoff = Schedule.exponential(Duration.millis(200)).pipe(Schedule.jittered)

const isRetryable = (error: unknown): boolean => {
  // The turn's number was taken by another process; the next attempt has another.
  if (error instanceof MemoryError && error.reason._tag === "Conflict") return true
  // An error from outside the contract may be gone the next time.
  return wasRetryable(error, true)
}

/** An outcome without memories; `rest` says what else there is to it. */
export const outcomeOf = (
  policy: string,
  attempts: number,
  rest: Partial<WriteOutcome> & Pick<WriteOutcome, "status">
): WriteOutcome => ({ policy, memories: [], attempts, notes: [], ...rest })

const oneAttempt = (
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

/** Tries until it is stored, void, or not worth another try. Never fails: the outcome says what happened. */
export const attemptWrite = Effect.fnUntraced(
  function* (job: WriteJob, timeoutMs: number) {
    yield* Effect.annotateCurrentSpan("keepsake.write.policy", job.policy)
    let attempts = 0
    const isWorthwhile = (error: unknown): boolean => !job.isVoid() && isRetryable(error)
    const once = Effect.suspend(() => {
      attempts += 1
      return job.isVoid() ? Effect.succeed(null) : oneAttempt(job, attempts > RETRIES, timeoutMs)
    })
    const outcome = yield* once.pipe(
      Effect.tapError((error) =>
        Effect.sync(() => {
          if (attempts <= RETRIES && isWorthwhile(error)) job.onRetry(attempts, error)
        })
      ),
      Effect.retry({ schedule: backoff, times: RETRIES, while: isWorthwhile }),
      Effect.match({
        onSuccess: (result) => {
          if (result === null) return outcomeOf(job.policy, attempts, { status: "void" })
          const { memories, notes = [] } = result
          return outcomeOf(job.policy, attempts, {
            status: memories.length === 0 ? "skipped" : "stored",
            memories,
            notes
          })
        },
        onFailure: (error) =>
          outcomeOf(job.policy, attempts, job.isVoid() ? { status: "void" } : { status: "failed", error })
      }),
      Effect.catchDefect((error) =>
        Effect.succeed(outcomeOf(job.policy, attempts, { status: "failed", error }))
      )
    )
    yield* Effect.annotateCurrentSpan("keepsake.write.status", outcome.status)
    return outcome
  },
  (write) => spanned(write, "Agent.write")
)
