/** Values of rows that the planner keeps in its statistics. `analyze` replaces them, but not those of an empty table. */
import type { DbSession } from "../connection/Database.ts"
import { encodeTextArray } from "../connection/parameterCodec.ts"
import { Parameters } from "../connection/Parameters.ts"

const regclasses = (p: Parameters, tables: ReadonlyArray<string>): string =>
  `any (${p.add(encodeTextArray(tables))}::text[]::regclass[])`

/** Empties the statistics of tables without rows, as far as the role may: before PostgreSQL 18 a superuser alone. */
export const clearSamples = async (session: DbSession, tables: ReadonlyArray<string>): Promise<void> => {
  for (const table of tables) {
    const p = new Parameters()
    const count = await session.query(p.statement("empty", `select exists (select from ${table})`))
    if (count[0]?.[0] === true) continue
    const literal = `'${table}'::regclass`
    await session
      .execute(`delete from pg_statistic where starelid = ${literal}`)
      .catch(() =>
        session.execute(
          `select pg_clear_attribute_stats(n.nspname::text, c.relname::text, a.attname::text, false)
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.oid = ${literal}`
        )
      )
      .catch(() => undefined)
  }
}

interface SampledColumn {
  /** Quoted, with its schema. */
  readonly table: string
  readonly column: string
  /** Of a value, or of an element where `isArray`. */
  readonly type: string
  readonly isArray: boolean
}

const findColumns = async (
  session: DbSession,
  tables: ReadonlyArray<string>
): Promise<ReadonlyArray<SampledColumn>> => {
  const p = new Parameters()
  const rows = await session.query(
    p.statement(
      "sampled_columns",
      `select c.oid::regclass::text, quote_ident(a.attname), format_type(case when t.typcategory = 'A' then t.typelem else t.oid end, null),
  t.typcategory = 'A'
from pg_stats s
join pg_namespace n on n.nspname = s.schemaname
join pg_class c on c.relnamespace = n.oid and c.relname = s.tablename
join pg_attribute a on a.attrelid = c.oid and a.attname = s.attname
join pg_type t on t.oid = a.atttypid
where c.oid = ${regclasses(p, tables)}
  and (s.most_common_vals is not null or s.histogram_bounds is not null or s.most_common_elems is not null)`
    )
  )
  return rows.map(([table, column, type, isArray]) => ({
    table: String(table),
    column: String(column),
    type: String(type),
    isArray: isArray === true
  }))
}

/** Sampled values of a column that no row has. */
const countInColumn = async (
  session: DbSession,
  { column, isArray, table, type }: SampledColumn
): Promise<number> => {
  const p = new Parameters()
  const lists = isArray ? ["most_common_elems"] : ["most_common_vals", "histogram_bounds"]
  const values = lists.map(
    (list) => `select unnest(s.${list}::text::${type}[]) as v from pg_stats s
  join pg_namespace n on n.nspname = s.schemaname
  join pg_class c on c.relnamespace = n.oid and c.relname = s.tablename
  where c.oid = ${p.add(table)}::text::regclass and quote_ident(s.attname) = ${p.add(column)}`
  )
  const held = isArray
    ? `select from ${table} t, unnest(t.${column}) as e where e = sampled.v`
    : `select from ${table} t where t.${column} = sampled.v`
  const rows = await session.query(
    p.statement(
      "samples",
      `select count(distinct sampled.v) from (\n  ${values.join("\n  union all\n  ")}\n) sampled
where sampled.v is not null and not exists (${held})`
    )
  )
  return Number(rows[0]?.[0])
}

/** Sampled values that no row has; null where row-level security hides the statistics from this role. */
export const countSamples = async (
  session: DbSession,
  tables: ReadonlyArray<string>
): Promise<number | null> => {
  const p = new Parameters()
  const hidden = await session.query(
    p.statement(
      "hidden_samples",
      `select exists (
  select from pg_class c where c.oid = ${regclasses(p, tables)} and row_security_active(c.oid)
)`
    )
  )
  if (hidden[0]?.[0] === true) return null
  let found = 0
  for (const column of await findColumns(session, tables)) found += await countInColumn(session, column)
  return found
}
