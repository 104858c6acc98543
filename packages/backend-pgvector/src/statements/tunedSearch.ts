/** The search of a heavy scope with an index of its own: neighbours from its graph, words pruned, scores exact. */
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
import { answered, type Asked, asked, counted, frequency } from "./searchParts.ts"

/** Candidates an HNSW scan keeps at hand; pgvector allows 1,000. */
const efSearch = (limit: number): number => Math.min(1_000, Math.max(200, 2 * limit))

/** The settings hold for this statement's transaction alone, and are made before the scan begins: the lateral join needs their row first. */
const byMeaning = ({ key, layout, limit, where }: Asked, query: string): string => {
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
 * MaxScore (Turtle and Flood 1995): once enough rows are known to reach a score, the `floor`, a row that has only
 * words too common to add up to it cannot be among the best. So the common words, which most postings belong to,
 * are only looked for in rows that a rarer word brought in. The bounds are read from the same snapshot as
 * everything else. Every sum runs in the order of the request, so that equal rows have equal scores.
 */
const byWords = ({ key, layout: { names, space }, limit, where }: Asked): ReadonlyArray<string> => {
  const postings = (term: string) =>
    `${term} t join ${names.table("postings")} p on p.scope = ${key} and p.term = t.term and p.is_current`
  const score = `sum(p.${weightColumn(space)} * t.idf)`
  const floor = "(select bm25 from floor)"
  const best = (walk: string, count: string) => `select w.bm25, m.*
  from (${walk} order by bm25 desc, id) w
  cross join lateral (
    select * from ${names.table("memories")} m where m.scope = ${key} and m.id = w.id and ${where} limit 1
  ) m
  order by w.bm25 desc, w.id
  limit ${count}`
  return [
    // What a term and all lesser ones can add to a row at most (a little more, for what rounding may add), and how
    // many rows the greater ones are in.
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
  ${best(
    `select p.id, ${score} as bm25 from ${postings("ranked")}
    where t.at_most >= ${floor} or p.id in (select p.id from ${postings("ranked")} where t.at_most >= ${floor})
    group by p.id having ${score} >= ${floor}`,
    limit
  )}
)`,
    // What lies below the floor, only where a filter or expiry left too little above it.
    `below as (
  ${best(
    `select p.id, ${score} as bm25 from ${postings("ranked")}
    where ${floor} > 0
    group by p.id having ${score} < ${floor}`,
    `${limit} - (select count(*) from above)`
  )}
)`
  ]
}

/** Both channels, both exact scores of every hit, its row, n and df: one statement. The graph may miss a neighbour. */
export const tunedSearchStatement = (layout: StatementLayout, request: SearchRequest): SqlStatement => {
  const { space } = layout
  // Written out: a plan cached for any scope could not use its index.
  const search = asked(layout, request, (scope) => `'${scope}'::uuid`)
  const { query, terms } = search
  if (query === null) return searchStatement(layout, request)
  const ctes = [counted(search), byMeaning(search, query)]
  if (terms === null) {
    return answered(search, "search_hnsw", ctes, { found: "by_meaning m", bm25: "0::float8" })
  }
  ctes.push(frequency(search, { of: `max(p.${weightColumn(space)})`, as: "top" }), ...byWords(search))
  // A neighbour's own terms say what it has of BM25.
  const bm25 = `case when v.${termsColumn(space)} && ${terms} then (
    select sum(v.${weightsColumn(space)}[array_position(v.${termsColumn(space)}, t.term)] * t.idf) from ranked t
  ) else 0 end`
  const found = `(
  select ${bm25} as bm25, v.* from by_meaning v
  union all
  select w.* from (select * from above union all select * from below) w where w.id not in (select id from by_meaning)
) m`
  return answered(search, "search_hnsw", ctes, { found, bm25: "m.bm25" })
}
