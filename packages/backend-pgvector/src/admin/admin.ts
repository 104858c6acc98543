import { type MemoryError, type Scope, StoreAdmin } from "@keepsake/core/driver"
import { Context, Effect } from "effect"
import type { Database } from "../connection/Database.ts"
import { readSettings } from "../schema/openSchema.ts"
import { MEMORY_WIDTH, readMemory } from "../codec/memoryRow.ts"
import type { StatementRunner } from "../connection/StatementRunner.ts"
import type { StatementLayout } from "../schema/EmbeddingColumns.ts"
import { commitStage, dropStage, fillStage, openStage, unstagedStatement } from "./staging.ts"
import { eraseUserStatement, expireStatement, scopesStatement } from "../statements/change.ts"
import { ERASURE, removalOf } from "../store.ts"
import type { Tuning } from "../tuning/tuning.ts"

/** What only PostgreSQL has: held by the operator, like `StoreAdmin`. */
export class PgVectorAdmin extends Context.Service<
  PgVectorAdmin,
  {
    /**
     * Gives a heavy scope (from about 20,000 rows) an HNSW index of its own, built beside the work: its vector
     * searches then take a few milliseconds, each insert into it about 7 ms, other scopes are untouched. Needs the
     * tables' owner. `Conflict` while another session tunes; `Unsupported` on PGlite.
     */
    tuneScope(scope: Scope): Effect.Effect<void, MemoryError>
    /** Drops that index: searches of the scope are exact again. */
    untuneScope(scope: Scope): Effect.Effect<void, MemoryError>
    /**
     * Rewrites the tables without what was deleted (`vacuum full`, then `checkpoint` where the role may): they
     * are locked meanwhile. Write-ahead logs, replicas and backups are not reached. True when the checkpoint ran.
     */
    readonly eraseBytes: Effect.Effect<boolean, MemoryError>
  }
>()("@keepsake/backend-pgvector/PgVectorAdmin") {}

export const CLOSED = "This store is closed: open another."
const MOVED = "This store has moved to a new embedding space: open it again with the new embedder."

export const makeAdmin = (
  layout: StatementLayout,
  runner: StatementRunner,
  database: Database
): StoreAdmin["Service"] =>
  StoreAdmin.of({
    backend: "pgvector",
    erasure: ERASURE,

    expire: (request) =>
      Effect.map(
        runner.write("all", () => expireStatement(layout, request)),
        removalOf
      ),

    scopes: (request) =>
      Effect.map(
        runner.read("all", () => scopesStatement(layout, request)),
        (rows) =>
          rows.map(([agentId, userId, count]) => ({
            scope: { agentId: String(agentId), userId: String(userId) },
            rows: Number(count)
          }))
      ),

    eraseUser: ({ userId }) =>
      Effect.map(
        runner.writeAll("all", () => eraseUserStatement(layout, userId)),
        removalOf
      ),

    fingerprint: runner.transaction(
      async (session) => (await readSettings(session, layout.names)).fingerprint
    ),

    stage: (next) => runner.transaction((session) => openStage(session, layout, next)),

    unstaged: ({ limit }) =>
      Effect.map(
        runner.read("all", () => unstagedStatement(layout, limit)),
        (rows) =>
          rows.map((row) =>
            readMemory(row, { agentId: String(row[MEMORY_WIDTH]), userId: String(row[MEMORY_WIDTH + 1]) })
          )
      ),

    fillStage: (rows) => runner.transaction((session) => fillStage(session, layout, rows)),

    commitStage: Effect.tap(
      runner.transaction((session) => commitStage(session, layout)),
      () => Effect.sync(() => runner.seal(MOVED))
    ),

    dropStage: runner.transaction((session) => dropStage(session, layout)),

    close: Effect.suspend(() => {
      runner.seal(CLOSED)
      return Effect.promise(() =>
        runner
          .drained()
          .then(() => database.close())
          .catch(() => {})
      )
    })
  })

/** Tables that hold remembered text or what is derived from it. */
const WITH_TEXT = ["memories", "postings", "accesses", "stage", "scopes"] as const

export const makePgVectorAdmin = (
  layout: StatementLayout,
  runner: StatementRunner,
  tuning: Tuning
): PgVectorAdmin["Service"] =>
  PgVectorAdmin.of({
    tuneScope: tuning.tune,
    untuneScope: tuning.untune,
    eraseBytes: runner.alone(async (session) => {
      await session.execute("set statement_timeout = 0")
      for (const table of WITH_TEXT)
        await session.execute(`vacuum (full, analyze) ${layout.names.table(table)}`)
      return session.execute("checkpoint").then(
        () => true,
        () => false
      )
    })
  })
