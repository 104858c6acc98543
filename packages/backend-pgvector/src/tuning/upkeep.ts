/** What a handle does by itself for large scopes: builds their indexes where it may, and measures them as they grow. */
import { type MemoryError, type Scope, warn } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { findsEnough, type TunedScope } from "../codec/tunedScope.ts"
import { scopeId } from "../scopeId.ts"

export interface TuningOptions {
  /** Rows from which a scope gets its indexes without `tuneScope`; `null` for never. */
  readonly autoTuneRows: number | null
  /** Whether the handle may write down what it measured. */
  readonly writes: boolean
  /** Forks a fiber that is interrupted when the store closes. */
  readonly fork: (build: Effect.Effect<void>) => Effect.Effect<void>
}

interface Work {
  readonly build: (scope: Scope) => Effect.Effect<TunedScope, MemoryError>
  readonly measure: (scope: Scope) => Effect.Effect<TunedScope, MemoryError>
}

/** How much a scope grows until its index is measured again. */
const GROWTH = 1.25

const findDue = (
  tuned: TunedScope | null,
  rows: number,
  { autoTuneRows, writes }: TuningOptions
): keyof Work | null => {
  if (!writes) return null
  if (tuned === null) return autoTuneRows !== null && rows >= autoTuneRows ? "build" : null
  return tuned.measuredRows !== null && rows < GROWTH * tuned.measuredRows ? null : "measure"
}

/** Takes a scope, what is known of it, and its size. */
export const makeUpkeep = ({ build, measure }: Work, options: TuningOptions) => {
  const { autoTuneRows, fork } = options
  /** By key: the size of scopes that this handle has taken up, so that what fails is not tried at each search. */
  const attempted = new Map<string, number>()

  const renew = (scope: Scope): Effect.Effect<unknown, MemoryError> =>
    Effect.flatMap(measure(scope), (tuned) => {
      if (findsEnough(tuned)) return Effect.void
      return autoTuneRows !== null
        ? build(scope)
        : warn(
            "keepsake: the vector index of a large scope no longer finds enough, so its searches are exact: call tuneScope again."
          )
    })

  return (scope: Scope, tuned: TunedScope | null, rows: number): Effect.Effect<void> => {
    const key = scopeId(scope)
    const due = findDue(tuned, rows, options)
    if (due === null || rows < GROWTH * (attempted.get(key) ?? 0)) return Effect.void
    attempted.set(key, rows)
    const work: Effect.Effect<unknown, MemoryError> = due === "build" ? build(scope) : renew(scope)
    return fork(
      work.pipe(
        Effect.asVoid,
        Effect.catch((error) =>
          error.reason._tag === "Conflict"
            ? Effect.sync(() => void attempted.delete(key))
            : warn(`keepsake: a large scope could not be indexed: ${error.message}`)
        )
      )
    )
  }
}
