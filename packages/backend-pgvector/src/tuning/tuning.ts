import { Conflict, MemoryError, type Scope, type SearchRequest, Unsupported } from "@keepsake/core/driver"
import { Effect } from "effect"
import type { Database, DbSession, SqlStatement } from "../connection/Database.ts"
import { type Identifiers, scopeId } from "../schema/identifiers.ts"
import { Parameters } from "../connection/Parameters.ts"
import type { StatementRunner } from "../connection/StatementRunner.ts"
import { embeddingColumn, type StatementLayout, weightColumn } from "../schema/EmbeddingColumns.ts"

/** Edges of a node's list, and candidates weighed while building: recall@10 above .99 at 100,000 rows. */
const HNSW = "m = 16, ef_construction = 128"

interface HeavyIndex {
  readonly name: string
  readonly create: string
}

/**
 * The indexes of a heavy scope. No user id in their names and predicates: half of the scope's hash tells them apart.
 * The words' one has half the bytes of the postings' key, which begins every entry with the scope; it follows its
 * column when a move to another space renames that.
 */
export const heavyIndexes = ({ names, space }: StatementLayout, scope: string): ReadonlyArray<HeavyIndex> => {
  const half = scope.replaceAll("-", "").slice(0, 16)
  const [graph, words] = [`${names.prefix}hnsw_${space.number}_${half}`, `${names.prefix}words_${half}`]
  return [
    {
      name: graph,
      create: `create index concurrently if not exists "${graph}" on ${names.table("memories")}
  using hnsw (${embeddingColumn(space)} ${space.extension}.${space.vectorType}_ip_ops) with (${HNSW})
  where scope = '${scope}'::uuid and valid_to is null`
    },
    {
      name: words,
      create: `create index concurrently if not exists "${words}" on ${names.table("postings")} (term, id) include (${weightColumn(space)})
  where scope = '${scope}'::uuid and is_current`
    }
  ]
}

const dropIndex = ({ names }: StatementLayout, { name }: HeavyIndex): string =>
  `drop index concurrently if exists ${names.schema}."${name}"`

const scoped = (operation: string, scope: string, text: (key: string) => string): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scope)}::uuid`
  return p.statement(operation, text(key))
}

/** How the vector channel is answered. */
export type SearchPlan = "exact" | "hnsw"

/** Which scopes have an index of their own, and how they get it. */
export interface Tuning {
  readonly planFor: (request: SearchRequest) => SearchPlan
  /** What a search learned: whether the scope has an index, and how many rows. */
  readonly noticed: (scope: Scope, tuned: boolean, rows: number) => Effect.Effect<void>
  readonly tune: (scope: Scope) => Effect.Effect<void, MemoryError>
  readonly untune: (scope: Scope) => Effect.Effect<void, MemoryError>
}

const conflict = (message: string): MemoryError => new MemoryError({ reason: new Conflict({ message }) })

/** One builder at a time. Tried, not waited for: who waits holds a snapshot, and the build waits for snapshots. */
const locked = async (session: DbSession, names: Identifiers): Promise<boolean> => {
  const p = new Parameters()
  const statement = p.statement(
    "lock_tuning",
    `select pg_try_advisory_lock(hashtext('keepsake tuning'), hashtext(${p.add(names.table("tuned"))}::text))`
  )
  const [row] = await session.query(statement)
  return row?.[0] === true
}

const build = async (session: DbSession, layout: StatementLayout, scope: string): Promise<void> => {
  const tuned = layout.names.table("tuned")
  await session.execute("set keepsake.scope = 'all'")
  await session.execute("set statement_timeout = 0")
  if (!(await locked(session, layout.names))) {
    throw conflict("Another session is tuning a scope of this store: try again when it is done.")
  }
  await session.query(
    scoped(
      "tune",
      scope,
      (key) => `insert into ${tuned} (scope, is_ready) values (${key}, false) on conflict (scope) do nothing`
    )
  )
  for (const index of heavyIndexes(layout, scope)) {
    const broken = await session.query({
      operation: "broken_index",
      text: "select from pg_index where indexrelid = to_regclass($1) and not indisvalid",
      values: [`${layout.names.schema}."${index.name}"`]
    })
    if (broken.length > 0) await session.execute(dropIndex(layout, index))
    await session.execute(index.create)
  }
  await session.query(
    scoped("tuned", scope, (key) => `update ${tuned} set is_ready = true where scope = ${key}`)
  )
}

const demolish = async (session: DbSession, layout: StatementLayout, scope: string): Promise<void> => {
  await session.execute("set keepsake.scope = 'all'")
  await session.execute("set statement_timeout = 0")
  await session.query(
    scoped("untune", scope, (key) => `delete from ${layout.names.table("tuned")} where scope = ${key}`)
  )
  for (const index of heavyIndexes(layout, scope)) await session.execute(dropIndex(layout, index))
}

export interface TuningOptions {
  /** Rows from which a scope gets an index by itself; `null`: only on the operator's word. */
  readonly autoTuneRows: number | null
  /** Runs beside the store's work, until it closes. */
  readonly background: (work: Effect.Effect<void>) => Effect.Effect<void>
}

export const makeTuning = (
  layout: StatementLayout,
  database: Database,
  runner: StatementRunner,
  options: TuningOptions
): Tuning => {
  const ready = new Set<string>()
  const underway = new Set<string>()

  const possible = (): MemoryError | null => {
    if (layout.space.dimensions === null) {
      return new MemoryError({
        reason: new Unsupported({ message: "A store without an embedder has no vectors to index." })
      })
    }
    return database.concurrent
      ? null
      : new MemoryError({
          reason: new Unsupported({
            message:
              "PGlite has one session and cannot build an index beside its work: move heavy scopes to a PostgreSQL server."
          })
        })
  }

  const guarded = (body: (session: DbSession) => Promise<void>): Effect.Effect<void, MemoryError> =>
    Effect.suspend(() => {
      const objection = possible()
      return objection === null ? runner.alone(body) : Effect.fail(objection)
    })

  const tune = (scope: Scope) => {
    const key = scopeId(scope)
    return Effect.tap(
      guarded((session) => build(session, layout, key)),
      () => Effect.sync(() => ready.add(key))
    )
  }

  const tuneBeside = (scope: Scope, key: string) =>
    Effect.suspend(() => {
      underway.add(key)
      return options.background(
        tune(scope).pipe(
          Effect.catch((error) =>
            Effect.logWarning(`keepsake: a heavy scope could not be indexed: ${error.message}`)
          ),
          Effect.ensuring(Effect.sync(() => underway.delete(key)))
        )
      )
    })

  return {
    planFor: (request) =>
      request.exact === true ||
      request.vector === undefined ||
      request.asOf !== undefined ||
      !ready.has(scopeId(request.scope))
        ? "exact"
        : "hnsw",

    noticed: (scope, tuned, rows) =>
      Effect.suspend(() => {
        const { autoTuneRows } = options
        if (!tuned && autoTuneRows === null && ready.size === 0) return Effect.void
        const key = scopeId(scope)
        if (tuned) ready.add(key)
        else ready.delete(key)
        const due = autoTuneRows !== null && !tuned && rows >= autoTuneRows && !underway.has(key)
        return due && possible() === null ? tuneBeside(scope, key) : Effect.void
      }),

    tune,

    untune: (scope) => {
      const key = scopeId(scope)
      return Effect.tap(
        guarded((session) => demolish(session, layout, key)),
        () => Effect.sync(() => ready.delete(key))
      )
    }
  }
}
