import {
  checkVectors,
  type Fingerprint,
  type Memory,
  type MemoryError,
  openedReadOnly,
  type Scope,
  type SearchPlan,
  STORE_MOVED,
  StoreAdmin,
  type StoreAdvice,
  type StoreMode
} from "@keepsake/core/driver"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { decodeMemory, MEMORY_WIDTH } from "../codec/memoryRow.ts"
import { findsEnough } from "../codec/tunedScope.ts"
import { decodeCount } from "../codec/values.ts"
import type { Row } from "../connection/Database.ts"
import type { StatementRunner } from "../connection/StatementRunner.ts"
import { toRemoval } from "../erasure.ts"
import type { StatementLayout } from "../schema/EmbeddingColumns.ts"
import { recordCalibration } from "../schema/storedSettings.ts"
import { eraseUserStatement, expireStatement, scopesStatement } from "../statements/change.ts"
import { decodeOwed, owedStatement, payStatement } from "../statements/owed.ts"
import type { TuningProgress } from "../tuning/buildIndexes.ts"
import type { Tuning } from "../tuning/tuning.ts"
import { eraseBytes, type MeasuredErasure } from "./eraseBytes.ts"
import { commitStage, dropStage, fillStage, openStage, unstagedStatement } from "./staging.ts"

/** What tuning a scope has brought. */
export interface TuningResult {
  /** Share of the nearest 100 rows that the vector index finds, with 100 rows of the scope as questions. */
  readonly recall: number
  /** `exact` where that is below .99: vectors are compared one by one. */
  readonly way: SearchPlan["way"]
}

/** Calls that only PostgreSQL has: for the operator, as `StoreAdmin` is. */
export class PgVectorAdmin extends Context.Service<
  PgVectorAdmin,
  {
    /**
     * Builds indexes for one large scope (from about 20,000 rows) while the store serves, and measures them; other
     * scopes stay as they are. Interrupting the call ends it on the server too. The role must own the tables.
     * `Conflict` while another session tunes; `Unsupported` on PGlite.
     */
    tuneScope(
      scope: Scope,
      options?: { readonly onProgress?: ((progress: TuningProgress) => void) | undefined }
    ): Effect.Effect<TuningResult, MemoryError>
    /** Drops those indexes: searches of the scope are exact again. */
    untuneScope(scope: Scope): Effect.Effect<void, MemoryError>
    /**
     * Rewrites the tables without deleted rows (`vacuum full`, which locks them), runs `checkpoint` if the role may,
     * then looks for what remains, and says what it could not look at. Does not reach write-ahead logs, replicas and
     * backups.
     */
    readonly eraseBytes: Effect.Effect<MeasuredErasure, MemoryError>
  }
>()("@keepsake/backend-pgvector/PgVectorAdmin") {}

const decodeUnstaged = (row: Row): Memory =>
  decodeMemory(row, { agentId: String(row[MEMORY_WIDTH]), userId: String(row[MEMORY_WIDTH + 1]) })

/** How a handle stops serving. */
export interface Shutdown {
  /** From now on every call fails as `Closed` with this message; the first one stays. */
  readonly refuse: (reason: string) => void
  /** Refuses, waits for running statements, then closes the connections that the store made. */
  readonly close: Effect.Effect<void>
}

/** What a handle serves until a move closes it. */
export interface Served {
  /** As it was at the opening. */
  readonly fingerprint: Fingerprint
  readonly mode: StoreMode
  readonly advice: ReadonlyArray<StoreAdvice>
}

export const makeAdmin = (
  layout: StatementLayout,
  runner: StatementRunner,
  { advice, fingerprint, mode }: Served,
  shutdown: Shutdown
): StoreAdmin["Service"] => {
  let served = fingerprint
  return StoreAdmin.of({
    backend: "pgvector",
    mode,
    advice,
    expire: (request) => runner.write("all", () => expireStatement(layout, request), toRemoval),

    scopes: (request) =>
      runner.read(
        "all",
        () => scopesStatement(layout, request),
        (rows) =>
          rows.map(([agentId, userId, count, bytes]) => ({
            scope: { agentId: String(agentId), userId: String(userId) },
            rows: Number(count),
            bytes: Number(bytes)
          }))
      ),

    eraseUser: ({ userId }) => runner.writeAll("all", () => eraseUserStatement(layout, userId), toRemoval),

    owed: (request) => runner.read("all", () => owedStatement(layout, request), decodeOwed),

    payOwed: (rows) => {
      const vectors = rows.flatMap((row) => row.vectors)
      return Effect.andThen(
        checkVectors(layout.fingerprint, "rows.vectors", vectors),
        runner.write("all", () => payStatement(layout, rows), decodeCount)
      )
    },

    cache: Effect.succeed(null),
    fingerprint: Effect.sync(() => served),

    calibrate: (measured) =>
      Effect.tap(
        runner.transaction((session) => recordCalibration(session, layout.names, measured)),
        (calibrated) =>
          Effect.sync(() => {
            served = calibrated
          })
      ),

    stage: (next) => runner.transaction((session) => openStage(session, layout, next)),

    unstaged: ({ limit }) =>
      runner.read(
        "all",
        () => unstagedStatement(layout, limit),
        (rows) => rows.map(decodeUnstaged)
      ),

    fillStage: (rows) => runner.transaction((session) => fillStage(session, layout, rows)),

    commitStage: Effect.tap(
      runner.transaction((session) => commitStage(session, layout)),
      () => Effect.sync(() => shutdown.refuse(STORE_MOVED))
    ),

    dropStage: runner.transaction((session) => dropStage(session, layout)),

    close: shutdown.close
  })
}

export const makePgVectorAdmin = (
  layout: StatementLayout,
  runner: StatementRunner,
  tuning: Tuning,
  mode: StoreMode
): PgVectorAdmin["Service"] => {
  const writing = <A>(call: Effect.Effect<A, MemoryError>): Effect.Effect<A, MemoryError> =>
    mode.readOnly ? Effect.fail(openedReadOnly()) : call
  return PgVectorAdmin.of({
    tuneScope: (scope, { onProgress } = {}) =>
      writing(
        Effect.map(tuning.buildIndex(scope, onProgress), (tuned) => ({
          recall: tuned.recall ?? 0,
          way: findsEnough(tuned) ? "tuned" : "exact"
        }))
      ),
    untuneScope: (scope) => writing(tuning.dropIndex(scope)),
    eraseBytes: writing(runner.withSession((session) => eraseBytes(session, layout.names)))
  })
}
