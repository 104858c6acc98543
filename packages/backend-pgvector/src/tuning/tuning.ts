/** Which large scopes have indexes of their own, and when they are built. */
import {
  type MemoryError,
  type Scope,
  type SearchPlan,
  type SearchRequest,
  unsupported,
  warn
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { Database } from "../connection/Database.ts"
import type { StatementRunner } from "../connection/StatementRunner.ts"
import type { StatementLayout } from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"
import { buildIndexes, dropIndexes } from "./scopeIndexes.ts"

export interface Tuning {
  readonly choosePlan: (request: SearchRequest) => SearchPlan["way"]
  /** Learns from a search whether the scope has its indexes; starts building them once it has `autoTuneRows`. */
  readonly observe: (scope: Scope, tuned: boolean, rows: number) => Effect.Effect<void>
  readonly buildIndex: (scope: Scope) => Effect.Effect<void, MemoryError>
  readonly dropIndex: (scope: Scope) => Effect.Effect<void, MemoryError>
}

export interface TuningOptions {
  /** Rows from which a scope gets its indexes without `tuneScope`; `null` for never. */
  readonly autoTuneRows: number | null
  /** Forks a fiber that is interrupted when the store closes. */
  readonly fork: (build: Effect.Effect<void>) => Effect.Effect<void>
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
  const { autoTuneRows, fork } = options
  const obstacle = findObstacle(layout, database)
  /** Keys of scopes whose indexes are ready, and of those whose indexes are being built. */
  const [ready, building] = [new Set<string>(), new Set<string>()]

  const alter = (
    scope: Scope,
    change: typeof buildIndexes,
    whenDone: (key: string) => void
  ): Effect.Effect<void, MemoryError> => {
    if (obstacle !== null) return Effect.fail(obstacle)
    const key = scopeId(scope)
    return Effect.tap(
      runner.withSession((session) => change(session, layout, key)),
      () => Effect.sync(() => whenDone(key))
    )
  }

  const buildIndex = (scope: Scope) => alter(scope, buildIndexes, (key) => ready.add(key))

  const forkBuild = (scope: Scope, key: string): Effect.Effect<void> => {
    building.add(key)
    return fork(
      buildIndex(scope).pipe(
        Effect.catch((error) => warn(`keepsake: a large scope could not be indexed: ${error.message}`)),
        Effect.ensuring(Effect.sync(() => building.delete(key)))
      )
    )
  }

  return {
    choosePlan: ({ asOf, exact, parts, scope }) =>
      exact !== true &&
      parts.some(({ vector }) => vector !== undefined) &&
      asOf === undefined &&
      ready.has(scopeId(scope))
        ? "tuned"
        : "exact",

    observe: (scope, tuned, rows) =>
      Effect.suspend(() => {
        if (!tuned && autoTuneRows === null && ready.size === 0) return Effect.void
        const key = scopeId(scope)
        if (tuned) ready.add(key)
        else ready.delete(key)
        const due = autoTuneRows !== null && !tuned && rows >= autoTuneRows && !building.has(key)
        return due && obstacle === null ? forkBuild(scope, key) : Effect.void
      }),

    buildIndex,
    dropIndex: (scope) => alter(scope, dropIndexes, (key) => ready.delete(key))
  }
}
