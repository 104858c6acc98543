/** Building an index beside reads and writes. */
import type { DbSession } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import type { Identifiers } from "./identifiers.ts"

export interface ConcurrentIndex {
  readonly name: string
  /** `create index concurrently if not exists …`. */
  readonly create: string
}

/** Tries the lock and does not wait: a waiting session holds a snapshot, and the build waits for snapshots. */
export const tryLock = async (session: DbSession, kind: string, names: Identifiers): Promise<boolean> => {
  const p = new Parameters()
  const statement = p.statement(
    "try_lock",
    `select pg_try_advisory_lock(hashtext(${p.add(kind)}::text), hashtext(${p.add(names.table("tuned"))}::text))`
  )
  const [row] = await session.query(statement)
  return row?.[0] === true
}

export const dropIndex = ({ schema }: Identifiers, { name }: Pick<ConcurrentIndex, "name">): string =>
  `drop index concurrently if exists ${schema}."${name}"`

/** Leaves a valid index as it is; one from an interrupted build is dropped first. */
export const buildIndex = async (
  session: DbSession,
  names: Identifiers,
  index: ConcurrentIndex
): Promise<void> => {
  const invalid = await session.query({
    operation: "broken_index",
    text: "select from pg_index where indexrelid = to_regclass($1) and not indisvalid",
    values: [`${names.schema}."${index.name}"`]
  })
  if (invalid.length > 0) await session.execute(dropIndex(names, index))
  await session.execute(index.create)
}
