/**
 * Indexes over tables that may be large already. On a server they are built beside the reads and writes, after the
 * migration, and statements are right without them.
 */
import type { DbSession } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import type { Identifiers } from "./identifiers.ts"
import { buildIndex, type ConcurrentIndex, tryLock } from "./indexes.ts"

interface LaterIndex {
  readonly name: string
  /** `on …`. */
  readonly definition: string
}

export const laterIndexes = (n: Identifiers): ReadonlyArray<LaterIndex> => [
  {
    name: `${n.prefix}memories_superseded`,
    definition: `on ${n.table("memories")} (scope, superseded_by) where superseded_by is not null`
  },
  {
    // Without an owed row, it is empty.
    name: `${n.prefix}memories_owed`,
    definition: `on ${n.table("memories")} (scope, id) where owed`
  }
]

/** For a transaction: in a new database, and on PGlite, which has one session. */
export const createIndexes = (n: Identifiers): ReadonlyArray<string> =>
  laterIndexes(n).map(({ definition, name }) => `create index "${name}" ${definition}`)

export const toConcurrentIndex = ({ definition, name }: LaterIndex): ConcurrentIndex => ({
  name,
  create: `create index concurrently if not exists "${name}" ${definition}`
})

/** How many there are, without one that an interrupted build left invalid. */
export const countLaterIndexes = (n: Identifiers, p: Parameters): string => {
  const found = laterIndexes(n).map(({ name }) => `to_regclass(${p.add(`${n.schema}."${name}"`)}::text)`)
  return `select count(*) from pg_index where indisvalid and indexrelid in (${found.join(", ")})`
}

/** Does nothing while another session builds them. */
export const buildLaterIndexes = async (session: DbSession, n: Identifiers): Promise<void> => {
  await session.execute("set statement_timeout = 0")
  if (!(await tryLock(session, "keepsake indexes", n))) return
  for (const index of laterIndexes(n)) await buildIndex(session, n, toConcurrentIndex(index))
}
