/** What every search is made of, whichever way its two channels are answered. */
import type { SearchRequest } from "@keepsake/core/driver"
import { filtered, visible } from "../codec/filter.ts"
import type { SqlStatement } from "../connection/Database.ts"
import { scopeId } from "../schema/identifiers.ts"
import { Parameters } from "../connection/Parameters.ts"
import { MEMORY_SELECT, MEMORY_WIDTH } from "../codec/memoryRow.ts"
import { asColumnType, distance, embeddingColumn, type StatementLayout } from "../schema/EmbeddingColumns.ts"
import { int4Array, vectorParameter } from "../connection/parameterCodec.ts"

/** Rows: a memory, cosine, bm25, and NULLs; and a last one with n, df and whether the scope has an index. */
export const SEARCH_COLUMNS = {
  cosine: MEMORY_WIDTH,
  bm25: MEMORY_WIDTH + 1,
  n: MEMORY_WIDTH + 2,
  df: MEMORY_WIDTH + 3,
  tuned: MEMORY_WIDTH + 4
}

/** A request as SQL: expressions over its parameters. */
export interface Asked {
  readonly layout: StatementLayout
  readonly parameters: Parameters
  /** The scope's key. */
  readonly key: string
  /** The vector asked about; `null` for words alone. */
  readonly query: string | null
  /** The terms asked about, an `int4[]`; `null` for meaning alone. */
  readonly terms: string | null
  /** Which rows `m` may be found. */
  readonly where: string
  readonly limit: string
}

/** `scopeKey` gives the scope's key: a parameter, or written out. */
export const asked = (
  layout: StatementLayout,
  request: SearchRequest,
  scopeKey: (scope: string, p: Parameters) => string
): Asked => {
  const { space } = layout
  const p = new Parameters()
  const key = scopeKey(scopeId(request.scope), p)
  const vector = space.dimensions === null ? undefined : request.vector
  const query = vector === undefined ? null : asColumnType(space, p.add(vectorParameter(vector)))
  const terms =
    request.terms === undefined || request.terms.length === 0
      ? null
      : `${p.add(int4Array(request.terms))}::int4[]`
  const channels = query !== null || terms !== null
  // PostgreSQL wants every parameter used: without a channel there is nothing to bound or to filter.
  const now = channels ? `${p.add(request.now)}::bigint` : ""
  const where = !channels ? "" : `${visible(p, now, request.asOf)}${filtered(p, request.filter)}`
  // Written out: a plan made for any limit would sort a heavy scope instead of walking its index.
  return { layout, parameters: p, key, query, terms, where, limit: String(request.limit) }
}

/** The scope's current rows. */
export const counted = ({ key, layout: { names } }: Asked): string => `counted as materialized (
  select coalesce((select current_count from ${names.table("scopes")} where scope = ${key}), 0)::float8 as n
)`

/** Document frequency (and what `also` counts) of each term over the scope's current rows, and its IDF. */
export const frequency = (
  { key, layout: { names }, terms }: Asked,
  also: { readonly of: string; readonly as: string } | null
): string => `frequency as materialized (
  select t.term, t.place, d.df, ln(1 + (c.n - d.df + 0.5) / (d.df + 0.5)) as idf${also === null ? "" : `, d.${also.as}`}
  from counted c
  cross join unnest(${terms}) with ordinality as t (term, place)
  cross join lateral (
    select count(*)::float8 as df${also === null ? "" : `, ${also.of} as ${also.as}`} from ${names.table("postings")} p
    where p.scope = ${key} and p.term = t.term and p.is_current
  ) d
)`

/** `found` is a table expression of hits: rows `m` of `memories`; `bm25` says what each has of it. */
export const answered = (
  { key, layout, parameters, query, terms }: Asked,
  operation: string,
  ctes: ReadonlyArray<string>,
  hits: { readonly found: string; readonly bm25: string } | null
): SqlStatement => {
  const { names, space } = layout
  const cosine =
    query === null ? "null::float8" : `-(${distance(space, `m.${embeddingColumn(space)}`, query)})`
  const rows =
    hits === null
      ? ""
      : `select ${MEMORY_SELECT},
  ${cosine}, ${hits.bm25}, null::float8, null::float8[], null::boolean
from ${hits.found}
left join lateral (
  select access_count, last_accessed_at from ${names.table("accesses")} where scope = ${key} and id = m.id limit 1
) a on true
union all
`
  return parameters.statement(
    operation,
    `with ${ctes.join(",\n")}
${rows}select ${"null, ".repeat(MEMORY_WIDTH + 2)}c.n,
  ${terms === null ? "'{}'::float8[]" : "(select array_agg(df order by place) from frequency)"},
  exists (select from ${names.table("tuned")} where scope = ${key} and is_ready)
from counted c`
  )
}
