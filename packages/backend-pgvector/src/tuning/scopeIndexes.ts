/** The partial indexes of a large scope: their SQL, building and dropping them. */
import { conflict } from "@keepsake/core/driver"
import type { DbSession, SqlStatement } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import { embeddingColumn, type StatementLayout, weightColumn } from "../schema/EmbeddingColumns.ts"
import { buildIndex, type ConcurrentIndex, dropIndex, tryLock } from "../schema/indexes.ts"

/** Edges per node, and candidates while building: recall@10 is above .99 at 100,000 rows. */
const HNSW = "m = 16, ef_construction = 128"

/**
 * Names hold half of the scope's hash and no user id. The term index is half the size of the primary key because it
 * omits the scope; it is renamed with its column.
 */
export const scopeIndexes = (
  { names, space }: StatementLayout,
  scope: string
): ReadonlyArray<ConcurrentIndex> => {
  const halfHash = scope.replaceAll("-", "").slice(0, 16)
  const words = `${names.prefix}words_${halfHash}`
  const graph = (name: string, table: "memories" | "passages", current: string): ConcurrentIndex => ({
    name,
    create: `create index concurrently if not exists "${name}" on ${names.table(table)}
  using hnsw (${embeddingColumn(space)} ${space.extension}.${space.vectorType}_ip_ops) with (${HNSW})
  where scope = '${scope}'::uuid and ${current}`
  })
  return [
    graph(`${names.prefix}hnsw_${space.number}_${halfHash}`, "memories", "valid_to is null"),
    graph(`${names.prefix}passages_${space.number}_${halfHash}`, "passages", "is_current"),
    {
      name: words,
      create: `create index concurrently if not exists "${words}" on ${names.table("postings")} (term, id) include (${weightColumn(space)})
  where scope = '${scope}'::uuid and is_current`
    }
  ]
}

/** A statement over one scope; `text` gets the expression of its key. */
const scopeStatement = (operation: string, scope: string, text: (key: string) => string): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scope)}::uuid`
  return p.statement(operation, text(key))
}

const prepareSession = async (session: DbSession): Promise<void> => {
  await session.execute("set keepsake.scope = 'all'")
  await session.execute("set statement_timeout = 0")
}

export const buildIndexes = async (
  session: DbSession,
  layout: StatementLayout,
  scope: string
): Promise<void> => {
  const tuned = layout.names.table("tuned")
  await prepareSession(session)
  if (!(await tryLock(session, "keepsake tuning", layout.names))) {
    throw conflict("Another session is tuning a scope of this store: try again when it is done.")
  }
  await session.query(
    scopeStatement(
      "tune",
      scope,
      (key) => `insert into ${tuned} (scope, is_ready) values (${key}, false) on conflict (scope) do nothing`
    )
  )
  for (const index of scopeIndexes(layout, scope)) await buildIndex(session, layout.names, index)
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
  for (const index of scopeIndexes(layout, scope)) await session.execute(dropIndex(layout.names, index))
}
