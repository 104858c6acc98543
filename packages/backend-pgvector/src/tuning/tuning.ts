/** Which large scopes have indexes of their own, and when these are built and measured. */
import { type MemoryError, type Scope, type SearchRequest, unsupported } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { TunedScope } from "../codec/tunedScope.ts"
import type { Database } from "../connection/Database.ts"
import type { StatementRunner } from "../connection/StatementRunner.ts"
import type { StatementLayout } from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"
import { buildIndexes, dropIndexes, measureScope, type TuningProgress } from "./buildIndexes.ts"
import { runTuning } from "./runTuning.ts"
import { makeUpkeep, type TuningOptions } from "./upkeep.ts"

export interface Tuning {
  /** What is known of a scope whose indexes the request may use; `null` for a plain search. */
  readonly choosePlan: (request: SearchRequest) => TunedScope | null
  /** Learns from a search what is known of the scope; starts building its indexes once it has `autoTuneRows`, and measures them as it grows. */
  readonly observe: (scope: Scope, tuned: TunedScope | null, rows: number) => Effect.Effect<void>
  readonly buildIndex: (
    scope: Scope,
    onProgress?: (progress: TuningProgress) => void
  ) => Effect.Effect<TunedScope, MemoryError>
  readonly dropIndex: (scope: Scope) => Effect.Effect<void, MemoryError>
}

/** Why this store can build no index; `null` if it can. */
const findObstacle = (layout: StatementLayout, database: Database): MemoryError | null => {
  if (layout.space.dimensions === null)
    return unsupported("A store without an embedder has no vectors to index.")
  return database.concurrent
    ? null
    : unsupported(
        "PGlite has one session and cannot build an index beside other statements: move large scopes to a PostgreSQL server."
      )
}

export const makeTuning = (
  layout: StatementLayout,
  database: Database,
  runner: StatementRunner,
  options: TuningOptions
): Tuning => {
  const obstacle = findObstacle(layout, database)
  /** By key: scopes whose indexes are ready. */
  const ready = new Map<string, TunedScope>()

  const run = <A>(effect: Effect.Effect<A, MemoryError>): Effect.Effect<A, MemoryError> =>
    obstacle === null ? effect : Effect.fail(obstacle)

  const learn = (scope: Scope) => (tuned: TunedScope) =>
    Effect.sync(() => void ready.set(scopeId(scope), tuned))

  const buildIndex: Tuning["buildIndex"] = (scope, onProgress) =>
    run(
      Effect.tap(
        runTuning(
          database,
          runner,
          (session, tuning) => buildIndexes(session, layout, scope, tuning),
          onProgress
        ),
        learn(scope)
      )
    )

  const measure = (scope: Scope): Effect.Effect<TunedScope, MemoryError> =>
    Effect.tap(
      runTuning(database, runner, (session, tuning) => measureScope(session, layout, scope, tuning)),
      learn(scope)
    )

  const takeUp = obstacle === null ? makeUpkeep({ build: buildIndex, measure }, options) : () => Effect.void

  return {
    choosePlan: ({ asOf, exact, parts, scope }) =>
      exact !== true && parts.some(({ vector }) => vector !== undefined) && asOf === undefined
        ? (ready.get(scopeId(scope)) ?? null)
        : null,

    observe: (scope, tuned, rows) =>
      Effect.suspend(() => {
        if (tuned === null && options.autoTuneRows === null && ready.size === 0) return Effect.void
        const key = scopeId(scope)
        if (tuned !== null) ready.set(key, tuned)
        else ready.delete(key)
        return takeUp(scope, tuned, rows)
      }),

    buildIndex,
    dropIndex: (scope) =>
      run(
        Effect.tap(
          runner.withSession((session) => dropIndexes(session, layout, scope)),
          () => Effect.sync(() => ready.delete(scopeId(scope)))
        )
      )
  }
}
