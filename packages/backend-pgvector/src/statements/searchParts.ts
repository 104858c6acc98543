/** The parts that the exact search and the search of a tuned scope share. */
import type { SearchHit, SearchPlan, SearchRequest, SearchResult } from "@keepsake/core/driver"
import { matchesCondition } from "../codec/condition.ts"
import { decodeMemory, MEMORY_SELECT, MEMORY_WIDTH } from "../codec/memoryRow.ts"
import { toNumberOrNull, toNumbers } from "../codec/values.ts"
import { isVisible } from "../codec/visibility.ts"
import type { Rows, SqlStatement } from "../connection/Database.ts"
import { encodeInt4Array, encodeVector } from "../connection/parameterCodec.ts"
import { Parameters } from "../connection/Parameters.ts"
import { castToColumn, distance, embeddingColumn, type StatementLayout } from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"

/** Rows: a memory, cosine, bm25 and NULLs; the last row holds counts and whether the scope is tuned instead. */
const SEARCH_COLUMNS = {
  cosine: MEMORY_WIDTH,
  bm25: MEMORY_WIDTH + 1,
  n: MEMORY_WIDTH + 2,
  df: MEMORY_WIDTH + 3,
  tuned: MEMORY_WIDTH + 4,
  byWordsAlone: MEMORY_WIDTH + 5
}

export interface DecodedSearch {
  readonly result: SearchResult
  /** Whether the scope has indexes of its own. */
  readonly tuned: boolean
}

export const decodeSearch = (rows: Rows, { scope }: SearchRequest, way: SearchPlan["way"]): DecodedSearch => {
  const counts = rows.at(-1) ?? []
  const hits = rows.slice(0, -1).map((row): SearchHit => ({
    memory: decodeMemory(row, scope),
    cosine: toNumberOrNull(row[SEARCH_COLUMNS.cosine]),
    bm25: Number(row[SEARCH_COLUMNS.bm25])
  }))
  return {
    result: {
      hits,
      n: Number(counts[SEARCH_COLUMNS.n]),
      df: toNumbers(counts[SEARCH_COLUMNS.df]),
      plan: { way, byWordsAlone: Number(counts[SEARCH_COLUMNS.byWordsAlone]) }
    },
    tuned: counts[SEARCH_COLUMNS.tuned] === true
  }
}

/** A request as SQL expressions over its parameters. */
export interface SearchSql {
  readonly layout: StatementLayout
  readonly parameters: Parameters
  /** The scope's key. */
  readonly key: string
  /** The query's vector; `null` without a vector channel. */
  readonly query: string | null
  /** The query's terms, an `int4[]`; `null` without a lexical channel. */
  readonly terms: string | null
  /** Condition on `m`: visible, and passes the filter. */
  readonly where: string
  readonly limit: string
}

/** `keySql` makes the scope's key: a parameter or a literal. */
export const toSearchSql = (
  layout: StatementLayout,
  request: SearchRequest,
  keySql: (scope: string, p: Parameters) => string
): SearchSql => {
  const { space } = layout
  const p = new Parameters()
  const key = keySql(scopeId(request.scope), p)
  const vector = space.dimensions === null ? undefined : request.vector
  const query = vector === undefined ? null : castToColumn(space, p.add(encodeVector(vector)))
  const terms =
    request.terms === undefined || request.terms.length === 0
      ? null
      : `${p.add(encodeInt4Array(request.terms))}::int4[]`
  const hasChannel = query !== null || terms !== null
  // PostgreSQL refuses unused parameters, and without a channel no expression uses these.
  const now = hasChannel ? `${p.add(request.now)}::bigint` : ""
  const where = !hasChannel ? "" : `${isVisible(p, now, request.asOf)}${matchesCondition(p, request.filter)}`
  // The limit is a literal: a plan for any limit would sort a large scope instead of walking its index.
  return { layout, parameters: p, key, query, terms, where, limit: String(request.limit) }
}

/** The number of the scope's current rows, and of those without a vector. */
export const countedCte = ({ key, layout: { names } }: SearchSql): string => `counted as materialized (
  select coalesce(max(current_count), 0)::float8 as n, coalesce(max(unembedded_count), 0)::float8 as unembedded
  from ${names.table("scopes")} where scope = ${key}
)`

/** Document frequency and IDF of each term over the scope's current rows, and one more aggregate where given. */
export const frequencyCte = (
  { key, layout: { names }, terms }: SearchSql,
  aggregate: { readonly sql: string; readonly as: string } | null
): string => `frequency as materialized (
  select t.term, t.place, d.df, ln(1 + (c.n - d.df + 0.5) / (d.df + 0.5)) as idf${aggregate === null ? "" : `, d.${aggregate.as}`}
  from counted c
  cross join unnest(${terms}) with ordinality as t (term, place)
  cross join lateral (
    select count(*)::float8 as df${aggregate === null ? "" : `, ${aggregate.sql} as ${aggregate.as}`} from ${names.table("postings")} p
    where p.scope = ${key} and p.term = t.term and p.is_current
  ) d
)`

/** `hits.from` is a table expression of rows `m` of `memories`; `hits.bm25` is the score of each. */
export const assembleSearch = (
  { key, layout, parameters, query, terms }: SearchSql,
  operation: string,
  ctes: ReadonlyArray<string>,
  hits: { readonly from: string; readonly bm25: string } | null
): SqlStatement => {
  const { names, space } = layout
  const cosine =
    query === null ? "null::float8" : `-(${distance(space, `m.${embeddingColumn(space)}`, query)})`
  const rows =
    hits === null
      ? ""
      : `select ${MEMORY_SELECT},
  ${cosine}, ${hits.bm25}, null::float8, null::float8[], null::boolean, null::float8
from ${hits.from}
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
  exists (select from ${names.table("tuned")} where scope = ${key} and is_ready), c.unembedded
from counted c`
  )
}
