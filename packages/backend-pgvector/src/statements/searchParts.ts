/** The parts that the exact search and the search of a tuned scope share. */
import type { QueryPart, SearchHit, SearchPlan, SearchRequest, SearchResult } from "@keepsake/core/driver"
import { matchesCondition } from "../codec/condition.ts"
import { decodeEvidence, decodeFacts, evidenceWidth, FACT_COLUMNS } from "../codec/evidence.ts"
import { decodeTunedScope, type TunedScope } from "../codec/tunedScope.ts"
import { toNumbers } from "../codec/values.ts"
import { isVisible } from "../codec/visibility.ts"
import type { Rows, SqlStatement } from "../connection/Database.ts"
import { encodeInt4Array, encodeVector } from "../connection/parameterCodec.ts"
import { Parameters } from "../connection/Parameters.ts"
import { castToColumn, embeddingColumn, type StatementLayout } from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"
import { evidenceColumns, nearestDistance, type PartSql, type ScopeSql } from "./evidence.ts"

/** Rows: facts, evidence and NULLs; the last row holds counts, the row of `tuned` and the way instead. */
const searchColumns = (parts: ReadonlyArray<QueryPart>) => {
  const n = FACT_COLUMNS.length + evidenceWidth(parts)
  return { n, df: n + 1, tuned: n + 2, byWordsAlone: n + 3, way: n + 4 }
}

export interface DecodedSearch {
  readonly result: SearchResult
  /** `null` for a scope without indexes of its own. */
  readonly tuned: TunedScope | null
}

/** One list for each part, of one count for each of its terms. */
const splitByPart = (
  counts: ReadonlyArray<number>,
  parts: ReadonlyArray<QueryPart>
): ReadonlyArray<ReadonlyArray<number>> => {
  let at = 0
  return parts.map(({ terms }) => counts.slice(at, (at += terms?.length ?? 0)))
}

export const decodeSearch = (
  rows: Rows,
  { parts }: SearchRequest,
  { fingerprint }: StatementLayout
): DecodedSearch => {
  const counts = rows.at(-1) ?? []
  const columns = searchColumns(parts)
  const way: SearchPlan["way"] = counts[columns.way] === true ? "tuned" : "exact"
  const hits = rows.slice(0, -1).map((row): SearchHit => ({
    facts: decodeFacts(row),
    parts: decodeEvidence(row, FACT_COLUMNS.length, parts, fingerprint)
  }))
  return {
    result: {
      hits,
      n: Number(counts[columns.n]),
      df: splitByPart(toNumbers(counts[columns.df]), parts),
      plan: { way, byWordsAlone: Number(counts[columns.byWordsAlone]) }
    },
    tuned: decodeTunedScope(counts[columns.tuned])
  }
}

/** A part of a request as SQL expressions over its parameters. */
export interface SearchedPart {
  /** Ends the names of the part's tables; empty where there is one part. */
  readonly suffix: string
  readonly query: string | null
  /** The terms, an `int4[]`; `null` without a lexical channel. */
  readonly terms: string | null
}

/** A request as SQL expressions over its parameters. */
export interface SearchSql extends ScopeSql {
  readonly parameters: Parameters
  readonly parts: ReadonlyArray<SearchedPart>
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
  const parts = request.parts.map(({ terms, vector }, i) => ({
    suffix: request.parts.length === 1 ? "" : `_${i + 1}`,
    query:
      vector === undefined || space.dimensions === null
        ? null
        : castToColumn(space, p.add(encodeVector(vector))),
    terms: terms === undefined || terms.length === 0 ? null : `${p.add(encodeInt4Array(terms))}::int4[]`
  }))
  // One text for each combination of channels: few of them are prepared by name.
  if (parts.length > 1) p.markVarying()
  const hasChannel = parts.some(({ query, terms }) => query !== null || terms !== null)
  // PostgreSQL refuses unused parameters, and without a channel no expression uses these.
  const now = hasChannel ? `${p.add(request.now)}::bigint` : ""
  const where = !hasChannel ? "" : `${isVisible(p, now, request.asOf)}${matchesCondition(p, request.filter)}`
  // The limit is a literal: a plan for any limit would sort a large scope instead of walking its index.
  return { layout, parameters: p, key, parts, where, limit: String(request.limit) }
}

/** Passages of the scope's current rows, current rows that words alone find, and rows that are long texts. */
export const countedCte = ({ key, layout: { names } }: SearchSql): string => `counted as materialized (
  select coalesce(max(current_count + extra_count), 0)::float8 as n, coalesce(max(unembedded_count), 0)::float8 as unembedded,
    coalesce(max(long_count), 0) as long
  from ${names.table("scopes")} where scope = ${key}
)`

/** True where the scope has long texts: without one, what follows it is not run. */
export const HAS_LONG = "(select long > 0 from counted)"

/** Document frequency and IDF of each term over the scope's current passages, and one more aggregate where given. */
export const frequencyCte = (
  { key, layout: { names } }: SearchSql,
  { suffix, terms }: SearchedPart,
  aggregate: { readonly sql: string; readonly as: string } | null
): string => `frequency${suffix} as materialized (
  select t.term, t.place, d.df, ln(1 + (c.n - d.df + 0.5) / (d.df + 0.5)) as idf${aggregate === null ? "" : `, d.${aggregate.as}`}
  from counted c
  cross join unnest(${terms}) with ordinality as t (term, place)
  cross join lateral (
    select count(*)::float8 as df${aggregate === null ? "" : `, ${aggregate.sql} as ${aggregate.as}`} from ${names.table("postings")} p
    where p.scope = ${key} and p.term = t.term and p.is_current
  ) d
  order by t.place
)`

/** The counts of all parts' terms, one after another. */
const frequencies = (parts: ReadonlyArray<SearchedPart>): string => {
  const lists = parts.flatMap(({ suffix, terms }) =>
    terms === null ? [] : [`(select array_agg(df order by place) from frequency${suffix})`]
  )
  return lists.length === 0 ? "'{}'::float8[]" : lists.join(" || ")
}

/** The rows that were found. */
export interface FoundRows {
  /** A table of their ids, each once, and what `worded` needs. */
  readonly from: string
  readonly worded: (part: SearchedPart) => string | null
}

/** The statement of a search; `found` is `null` without a channel. `isTuned`: whether an index found the nearest rows. */
export const assembleSearch = (
  search: SearchSql,
  operation: string,
  ctes: ReadonlyArray<string>,
  found: FoundRows | null,
  isTuned = "false"
): SqlStatement => {
  const { key, layout, parameters, parts } = search
  const { names } = layout
  const toPart = (part: SearchedPart): PartSql => ({
    query: part.query,
    terms: part.terms === null ? null : { array: part.terms, table: `frequency${part.suffix}` },
    worded: found?.worded(part) ?? null
  })
  const columns = [...FACT_COLUMNS, ...evidenceColumns(search, parts.map(toPart))]
  const rows =
    found === null
      ? ""
      : `select ${columns.join(", ")},
  null::float8, null::float8[], null::jsonb, null::float8, null::boolean
from ${found.from}
union all
`
  return parameters.statement(
    operation,
    `with ${ctes.join(",\n")}
${rows}select ${"null, ".repeat(columns.length)}c.n,
  ${frequencies(parts)},
  (select to_jsonb(t) from ${names.table("tuned")} t where scope = ${key} and is_ready), c.unembedded, ${isTuned}
from counted c`
  )
}

/** The nearest rows by comparing all. `condition` is tested once, before the first row. */
export const selectNearest = (search: SearchSql, query: string, selected: string, condition = ""): string => {
  const { key, layout, limit, where } = search
  // An expression that no index has keeps the planner off an approximate one.
  return `select near.* from (
    select ${selected}, ${nearestDistance(search, query)} as distance
    from ${layout.names.table("memories")} m
    where m.scope = ${key} and (m.${embeddingColumn(layout.space)} is not null or m.passage_count is not null)
      and ${where}${condition}
    order by distance
    limit ${limit}
  ) near
  where near.distance is not null`
}

/** The rows of `memories` with these ids, looked up one by one: with a join, a plan made for any scope would read a large scope whole. */
export const lookUp = ({ key, layout: { names } }: SearchSql, ids: string): string => `${ids}
cross join lateral (
  select * from ${names.table("memories")} where scope = ${key} and id = hit.id limit 1
) m`
