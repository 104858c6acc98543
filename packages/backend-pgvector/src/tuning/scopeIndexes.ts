/** The two partial indexes of a large scope: their SQL, building and dropping them. */
import { conflict } from "@keepsake/core/driver"
import type { DbSession, SqlStatement } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import { embeddingColumn, type StatementLayout, weightColumn } from "../schema/EmbeddingColumns.ts"
import type { Identifiers } from "../schema/identifiers.ts"

/** Edges per node, and candidates while building: recall@10 is above .99 at 100,000 rows. */
const HNSW = "m = 16, ef_construction = 128"

interface ScopeIndex {
  readonly name: string
  readonly create: string
}

/**
 * Names hold half of the scope's hash and no user id. The term index is half the size of the primary key because it
 * omits the scope; it is renamed with its column.
 */
export const scopeIndexes = ({ names, space }: StatementLayout, scope: string): ReadonlyArray<ScopeIndex> => {
  const halfHash = scope.replaceAll("-", "").slice(0, 16)
  const [graph, words] = [
    `${names.prefix}hnsw_${space.number}_${halfHash}`,
    `${names.prefix}words_${halfHash}`
  ]
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

const dropCommand = ({ names }: StatementLayout, { name }: ScopeIndex): string =>
  `drop index concurrently if exists ${names.schema}."${name}"`

/** A statement over one scope; `text` gets the expression of its key. */
const scopeStatement = (operation: string, scope: string, text: (key: string) => string): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scope)}::uuid`
  return p.statement(operation, text(key))
}

/** Tries the lock and does not wait: a waiting session holds a snapshot, and the build waits for snapshots. */
const tryLock = async (session: DbSession, names: Identifiers): Promise<boolean> => {
  const p = new Parameters()
  const statement = p.statement(
    "lock_tuning",
    `select pg_try_advisory_lock(hashtext('keepsake tuning'), hashtext(${p.add(names.table("tuned"))}::text))`
  )
  const [row] = await session.query(statement)
  return row?.[0] === true
}

const prepareSession = async (session: DbSession): Promise<void> => {
  await session.execute("set keepsake.scope = 'all'")
  await session.execute("set statement_timeout = 0")
}

/** Leaves a valid index as it is; one from an interrupted build is dropped first. */
const buildIndex = async (session: DbSession, layout: StatementLayout, index: ScopeIndex): Promise<void> => {
  const invalid = await session.query({
    operation: "broken_index",
    text: "select from pg_index where indexrelid = to_regclass($1) and not indisvalid",
    values: [`${layout.names.schema}."${index.name}"`]
  })
  if (invalid.length > 0) await session.execute(dropCommand(layout, index))
  await session.execute(index.create)
}

export const buildIndexes = async (
  session: DbSession,
  layout: StatementLayout,
  scope: string
): Promise<void> => {
  const tuned = layout.names.table("tuned")
  await prepareSession(session)
  if (!(await tryLock(session, layout.names))) {
    throw conflict("Another session is tuning a scope of this store: try again when it is done.")
  }
  await session.query(
    scopeStatement(
      "tune",
      scope,
      (key) => `insert into ${tuned} (scope, is_ready) values (${key}, false) on conflict (scope) do nothing`
    )
  )
  for (const index of scopeIndexes(layout, scope)) await buildIndex(session, layout, index)
  await session.query(
    scopeStatement("tuned", scope, (key) => `update ${tuned} set is_ready = true where scope = ${key}`)
  )
}

export const dropIndexes = async (
  session: DbSession,
  layout: StatementLayout,
  scope: string
): Promise<void> => {
  await prepareSession(session)
  await session.query(
    scopeStatement(
      "untune",
      scope,
      (key) => `delete from ${layout.names.table("tuned")} where scope = ${key}`
    )
  )
  for (const index of scopeIndexes(layout, scope)) await session.execute(dropCommand(layout, index))
}
