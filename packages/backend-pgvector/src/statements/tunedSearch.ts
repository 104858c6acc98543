/** The search of a tuned scope: neighbours from its HNSW indexes, words pruned by MaxScore, evidence exact. */
import type { SearchRequest } from "@keepsake/core/driver"
import type { SqlStatement } from "../connection/Database.ts"
import { distance, embeddingColumn, type StatementLayout, weightColumn } from "../schema/EmbeddingColumns.ts"
import { findWorded } from "./evidence.ts"
import {
  assembleSearch,
  countedCte,
  frequencyCte,
  HAS_LONG,
  lookUp,
  type SearchedPart,
  type SearchSql,
  toSearchSql
} from "./searchParts.ts"

/** Candidates of an HNSW scan; pgvector allows up to 1,000. Of a user's 100 nearest, twice the limit finds .75, eight times .95. */
const efSearch = (limit: number): number => Math.min(1_000, Math.max(200, 8 * limit))

/**
 * The settings last for this statement's transaction, and what scans an index needs their row, so they are set before
 * the scan begins. With pgvector's 20,000 tuples, a filter that few rows pass would end a scan too early.
 */
const scanCte = (limit: number): string => `scan as materialized (
  select set_config('hnsw.iterative_scan', 'strict_order', true) as scan,
    set_config('hnsw.ef_search', '${efSearch(limit)}', true) as ef,
    set_config('hnsw.max_scan_tuples', '2000000', true) as tuples,
    set_config('hnsw.scan_mem_multiplier', '4', true) as memory
)`

/** The vector channel: texts of one passage, and of each long text the passage that is nearest. */
const vectorCte = (
  { key, layout, limit, where }: SearchSql,
  { suffix }: SearchedPart,
  query: string
): string => {
  const { names, space } = layout
  const from = (row: string) => distance(space, `${row}.${embeddingColumn(space)}`, query)
  return `by_meaning${suffix} as (
  select id from (
    (
      select near.* from scan
      cross join lateral (
        select m.id, ${from("m")} as distance from ${names.table("memories")} m
        where m.scope = ${key} and m.valid_to is null and scan.scan is not null and m.passage_count is null
          and m.${embeddingColumn(space)} is not null and ${where}
        order by ${from("m")}
        limit ${limit}
      ) near
    )
    union all
    (
      select near.* from scan
      cross join lateral (
        select x.id, ${from("x")} as distance from ${names.table("passages")} x
        where x.scope = ${key} and x.is_current and scan.scan is not null and x.${embeddingColumn(space)} is not null
          and x.number = (
            select y.number from ${names.table("passages")} y where y.scope = ${key} and y.id = x.id
            order by ${from("y")}, y.number limit 1
          )
          and (select true from ${names.table("memories")} m where m.scope = ${key} and m.id = x.id and ${where})
        order by ${from("x")}
        limit ${limit}
      ) near
      where ${HAS_LONG}
    )
  ) near
  order by distance
  limit ${limit}
)`
}

/** Passages as rows of `memories`, of each long text its best passage: `scored` selects `id` and `bm25`. */
const toMemories = (
  { key, layout: { names } }: SearchSql,
  scored: string
): string => `select id, bm25 from ${scored}
  where not ${HAS_LONG}
  union all
  select coalesce(x.id, s.id), max(s.bm25)
  from ${scored} s
  left join lateral (
    select id from ${names.table("passages")} where scope = ${key} and passage = s.id limit 1
  ) x on true
  where ${HAS_LONG}
  group by 1`

/**
 * The lexical channel, pruned by MaxScore (Turtle and Flood 1995): once `limit` rows reach a score, the `floor`, a
 * row whose words cannot add up to it is not among the best. So common words, which hold most postings, are only
 * looked up in passages that a rarer word matched. Bounds and postings come from one snapshot. Sums run in the order
 * of the request, so that equal rows get equal scores.
 */
const lexicalCtes = (search: SearchSql, { suffix }: SearchedPart): ReadonlyArray<string> => {
  const {
    key,
    layout: { names, space },
    limit,
    where
  } = search
  const [ranked, above] = [`ranked${suffix}`, `above${suffix}`]
  const postings = (term: string) =>
    `${term} t join ${names.table("postings")} p on p.scope = ${key} and p.term = t.term and p.is_current`
  const score = `sum(p.${weightColumn(space)} * t.idf)`
  const floor = `(select bm25 from floor${suffix})`
  const bestVisible = (scored: string, count: string, other = "") => `select w.id
  from (select id, bm25 from (${toMemories(search, scored)}) best (id, bm25)${other} order by bm25 desc, id) w
  cross join lateral (
    select from ${names.table("memories")} m where m.scope = ${key} and m.id = w.id and ${where} limit 1
  ) found
  order by w.bm25 desc, w.id
  limit ${count}`
  return [
    // `at_most`: the highest score from a term and all weaker ones, with room for rounding. `rarer`: the postings of
    // all stronger terms.
    `${ranked} as materialized (
  select * from (
    select term, place, idf,
      1.000001 * sum(idf * top) over (order by idf * top rows unbounded preceding) as at_most,
      coalesce(sum(df) over (order by idf * top desc rows between unbounded preceding and 1 preceding), 0) as rarer
    from frequency${suffix}
    where df > 0
    offset 0
  ) bounds
  order by place
)`,
    `rare${suffix} as materialized (
  select p.id, ${score} as bm25 from ${postings(ranked)}
  where t.rarer < 2 * ${limit}
  group by p.id
)`,
    `floor${suffix} as materialized (
  select coalesce((
    select bm25 from (${toMemories(search, `rare${suffix}`)}) best (id, bm25) order by bm25 desc offset ${limit} - 1 limit 1
  ), 0) as bm25
)`,
    `scored_above${suffix} as materialized (
  select p.id, ${score} as bm25 from ${postings(ranked)}
  where t.at_most >= ${floor} or p.id in (select p.id from ${postings(ranked)} where t.at_most >= ${floor})
  group by p.id having ${score} >= ${floor}
)`,
    `${above} as materialized (
  ${bestVisible(`scored_above${suffix}`, limit)}
)`,
    // Rows below the floor, needed only where a filter or expiry leaves too few above it.
    `scored_below${suffix} as materialized (
  select p.id, ${score} as bm25 from ${postings(ranked)}
  where ${floor} > 0 and (select count(*) from ${above}) < ${limit}
  group by p.id having ${score} < ${floor}
)`,
    `below${suffix} as (
  ${bestVisible(
    `scored_below${suffix}`,
    `${limit} - (select count(*) from ${above})`,
    `\n    where id not in (select id from ${above})`
  )}
)`
  ]
}

/** Both channels of each part, with the evidence for every part, n and df: one statement. An HNSW index may miss a neighbour. */
export const tunedSearchStatement = (layout: StatementLayout, request: SearchRequest): SqlStatement => {
  const { space } = layout
  // The key is a literal: a plan cached for any scope could not use the indexes of one.
  const search = toSearchSql(layout, request, (scope) => `'${scope}'::uuid`)
  const ctes = [countedCte(search), scanCte(request.limit)]
  const candidates: Array<string> = []
  for (const part of search.parts) {
    const { query, suffix, terms } = part
    if (terms !== null) {
      const top = { sql: `max(p.${weightColumn(space)})`, as: "top" }
      ctes.push(frequencyCte(search, part, top), ...lexicalCtes(search, part))
      candidates.push(`select id from above${suffix}`, `select id from below${suffix}`)
    }
    if (query !== null) {
      ctes.push(vectorCte(search, part, query))
      candidates.push(`select id from by_meaning${suffix}`)
    }
  }
  return assembleSearch(search, "search_hnsw", ctes, {
    from: lookUp(search, `(\n  ${candidates.join(" union ")}\n) hit`),
    worded: ({ suffix, terms }) => (terms === null ? null : findWorded(search, `frequency${suffix}`))
  })
}
