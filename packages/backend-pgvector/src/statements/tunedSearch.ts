/** The search of a tuned scope: neighbours from its HNSW index, words pruned by MaxScore, scores exact. */
import type { SearchRequest } from "@keepsake/core/driver"
import type { SqlStatement } from "../connection/Database.ts"
import {
  distance,
  embeddingColumn,
  type StatementLayout,
  termsColumn,
  weightColumn,
  weightsColumn
} from "../schema/EmbeddingColumns.ts"
import { searchStatement } from "./search.ts"
import { countedCte, frequencyCte, type SearchSql, assembleSearch, toSearchSql } from "./searchParts.ts"

/** Candidates of an HNSW scan; pgvector allows up to 1,000. */
const efSearch = (limit: number): number => Math.min(1_000, Math.max(200, 2 * limit))

/**
 * The vector channel. The settings last for this statement's transaction, and the lateral join needs their row, so
 * they are set before the scan begins.
 */
const vectorCte = ({ key, layout, limit, where }: SearchSql, query: string): string => {
  const { names, space } = layout
  return `by_meaning as materialized (
  select near.*
  from (
    select set_config('hnsw.iterative_scan', 'strict_order', true) as scan,
      set_config('hnsw.ef_search', '${efSearch(Number(limit))}', true) as ef
    offset 0
  ) s
  cross join lateral (
    select m.* from ${names.table("memories")} m
    where m.scope = ${key} and m.valid_to is null and s.scan is not null and ${where}
    order by ${distance(space, `m.${embeddingColumn(space)}`, query)}
    limit ${limit}
  ) near
)`
}

/**
 * The lexical channel, pruned by MaxScore (Turtle and Flood 1995): once `limit` rows reach a score, the `floor`, a
 * row whose words cannot add up to it is not among the best. So common words, which hold most postings, are only
 * looked up in rows that a rarer word matched. Bounds and postings come from one snapshot. Sums run in the order of
 * the request, so that equal rows get equal scores.
 */
const lexicalCtes = ({ key, layout: { names, space }, limit, where }: SearchSql): ReadonlyArray<string> => {
  const postings = (term: string) =>
    `${term} t join ${names.table("postings")} p on p.scope = ${key} and p.term = t.term and p.is_current`
  const score = `sum(p.${weightColumn(space)} * t.idf)`
  const floor = "(select bm25 from floor)"
  const bestVisible = (scored: string, count: string) => `select w.bm25, m.*
  from (${scored} order by bm25 desc, id) w
  cross join lateral (
    select * from ${names.table("memories")} m where m.scope = ${key} and m.id = w.id and ${where} limit 1
  ) m
  order by w.bm25 desc, w.id
  limit ${count}`
  return [
    // `at_most`: the highest score from a term and all weaker ones, with room for rounding. `rarer`: the postings of
    // all stronger terms.
    `ranked as materialized (
  select * from (
    select term, place, idf,
      1.000001 * sum(idf * top) over (order by idf * top rows unbounded preceding) as at_most,
      coalesce(sum(df) over (order by idf * top desc rows between unbounded preceding and 1 preceding), 0) as rarer
    from frequency
    where df > 0
    offset 0
  ) bounds
  order by place
)`,
    `floor as materialized (
  select coalesce((
    select ${score} as bm25 from ${postings("ranked")}
    where t.rarer < 2 * ${limit}
    group by p.id order by bm25 desc offset ${limit} - 1 limit 1
  ), 0) as bm25
)`,
    `above as materialized (
  ${bestVisible(
    `select p.id, ${score} as bm25 from ${postings("ranked")}
    where t.at_most >= ${floor} or p.id in (select p.id from ${postings("ranked")} where t.at_most >= ${floor})
    group by p.id having ${score} >= ${floor}`,
    limit
  )}
)`,
    // Rows below the floor, needed only where a filter or expiry leaves too few above it.
    `below as (
  ${bestVisible(
    `select p.id, ${score} as bm25 from ${postings("ranked")}
    where ${floor} > 0
    group by p.id having ${score} < ${floor}`,
    `${limit} - (select count(*) from above)`
  )}
)`
  ]
}

/** Both channels, with both exact scores and the row of each hit, n and df: one statement. The HNSW index may miss a neighbour. */
export const tunedSearchStatement = (layout: StatementLayout, request: SearchRequest): SqlStatement => {
  const { space } = layout
  // The key is a literal: a plan cached for any scope could not use the indexes of one.
  const search = toSearchSql(layout, request, (scope) => `'${scope}'::uuid`)
  const { query, terms } = search
  if (query === null) return searchStatement(layout, request)
  const ctes = [countedCte(search), vectorCte(search, query)]
  if (terms === null) {
    return assembleSearch(search, "search_hnsw", ctes, { from: "by_meaning m", bm25: "0::float8" })
  }
  ctes.push(frequencyCte(search, { sql: `max(p.${weightColumn(space)})`, as: "top" }), ...lexicalCtes(search))
  // The BM25 of a neighbour, from its own terms.
  const bm25 = `case when v.${termsColumn(space)} && ${terms} then (
    select sum(v.${weightsColumn(space)}[array_position(v.${termsColumn(space)}, t.term)] * t.idf) from ranked t
  ) else 0 end`
  const from = `(
  select ${bm25} as bm25, v.* from by_meaning v
  union all
  select w.* from (select * from above union all select * from below) w where w.id not in (select id from by_meaning)
) m`
  return assembleSearch(search, "search_hnsw", ctes, { from, bm25: "m.bm25" })
}
