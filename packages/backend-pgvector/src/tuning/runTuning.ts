/** Runs a tuning beside the store: reports its progress, and ends it on the server when its caller is interrupted. */
import type { MemoryError } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Database, DbSession, SqlStatement } from "../connection/Database.ts"
import type { StatementRunner } from "../connection/StatementRunner.ts"
import type { TuningProgress, TuningRun } from "./buildIndexes.ts"

const PROGRESS_PAUSE = "500 millis"
const CANCEL_PAUSE = "100 millis"

/** One row: rows done and in total. No row while nothing is built. */
const progressStatement = (pid: number): SqlStatement => ({
  operation: "tuning_progress",
  text: "select tuples_done, tuples_total from pg_stat_progress_create_index where pid = $1::int",
  values: [String(pid)]
})

/** Ends a statement that the process runs; one that waits between two statements sees `check`. */
const cancelStatement = (pid: number): SqlStatement => ({
  operation: "cancel_tuning",
  text: "select pg_cancel_backend($1::int)",
  values: [String(pid)]
})

const makeRun = (report: TuningRun["report"]) => {
  let cancelled = false
  let built: { readonly pid: number; readonly step: TuningProgress["step"] } | null = null
  const run: TuningRun = {
    report: (progress) => {
      built = null
      report(progress)
    },
    check: () => {
      if (cancelled) throw new Error("The tuning was cancelled.")
    },
    building: (pid, step) => {
      built = { pid, step }
      report({ step, done: 0, total: 0 })
    }
  }
  return {
    run,
    cancel: () => {
      cancelled = true
    },
    readBuilt: () => built
  }
}

/** An interrupted tuning stops within a second and leaves an invalid index, which the next one replaces. */
export const runTuning = <A>(
  database: Database,
  runner: StatementRunner,
  tune: (session: DbSession, run: TuningRun) => Promise<A>,
  onProgress?: (progress: TuningProgress) => void
): Effect.Effect<A, MemoryError> =>
  Effect.gen(function* () {
    const { cancel, readBuilt, run } = makeRun((progress) => onProgress?.(progress))
    const ask = (statement: SqlStatement) =>
      Effect.promise(() => database.query(statement).catch((): [] => []))
    const fiber = yield* Effect.forkDetach(runner.withSession((session) => tune(session, run)))
    const poll = Effect.gen(function* () {
      const built = readBuilt()
      if (built === null) return
      const [row] = yield* ask(progressStatement(built.pid))
      if (row !== undefined) onProgress?.({ step: built.step, done: Number(row[0]), total: Number(row[1]) })
    })
    const polling = poll.pipe(Effect.delay(PROGRESS_PAUSE), Effect.forever)
    const end = Effect.suspend(() => {
      cancel()
      const built = readBuilt()
      return built === null ? Effect.void : ask(cancelStatement(built.pid))
    }).pipe(Effect.andThen(Effect.sleep(CANCEL_PAUSE)), Effect.forever)
    const joined = Fiber.join(fiber)
    return yield* (onProgress === undefined ? joined : Effect.raceFirst(joined, polling)).pipe(
      // Again until it has ended: a cancellation between two statements is lost.
      Effect.onInterrupt(() => Effect.raceFirst(Fiber.await(fiber), end))
    )
  })
