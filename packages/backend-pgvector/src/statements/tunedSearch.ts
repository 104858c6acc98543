/** The search of a tuned scope: neighbours from its vector indexes or by comparing all, words pruned by MaxScore, evidence exact. */
import { isAny, type SearchRequest } from "@keepsake/core/driver"
import { findsEnough, MEASURED_LIMIT, type TunedScope } from "../codec/tunedScope.ts"
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
  selectNearest,
  toSearchSql
} from "./searchParts.ts"

/**
 * Rows that a vector index must find, for each row asked for: with fewer, the nearest may stand in lists that were
 * not read, and all vectors are compared instead. So a filter that few rows pass costs an exact search.
 */
const MARGIN = 4

/** A filter spreads the nearest rows over more lists: of these, and of the rows that they must hold, so many times more. */
const FILTERED = 2

const spread = ({ filter }: SearchRequest): number => (isAny(filter) ? 1 : FILTERED)

/** Rows that a vector index must find. */
const neededRows = (request: SearchRequest): number => MARGIN * spread(request) * request.limit

/** Lists to read: more for a larger limit, up to half of them, beyond which an exact search costs as much. */
const probesFor = (probes: number, lists: number, request: SearchRequest): number => {
  const factor = Math.max(1, request.limit / MEASURED_LIMIT) * spread(request)
  return Math.min(Math.max(probes, Math.floor(lists / 2)), Math.ceil(probes * factor))
}

/** Candidates of a scan of an HNSW graph, which versions before lists built; pgvector allows up to 1,000. */
const efSearch = (limit: number): number => Math.min(1_000, Math.max(200, 8 * limit))

const indexSettings = (
  { lists, probes }: TunedScope,
  request: SearchRequest
): Readonly<Record<string, string>> =>
  lists === null || probes === null
    ? { "hnsw.iterative_scan": "strict_order", "hnsw.ef_search": String(efSearch(request.limit)) }
    : { "ivfflat.iterative_scan": "off", "ivfflat.probes": String(probesFor(probes, lists, request)) }

/** The settings last for this statement's transaction, and what scans an index needs their row, so they are set before the scan begins. */
const scanCte = (tuned: TunedScope, request: SearchRequest): string => `scan as materialized (
  select ${Object.entries(indexSettings(tuned, request))
    .map(
      ([name, value], i) => `set_config('${name}', '${value}', true) as ${i === 0 ? "scan" : `setting_${i}`}`
    )
    .join(",\n    ")}
)`

/** True where the index found enough. */
const foundEnough = ({ suffix }: SearchedPart, request: SearchRequest): string =>
  `(select count(*) from near${suffix}) >= ${neededRows(request)}`

/** The vector channel: texts of one passage, and of each long text the passage that is nearest. */
const vectorCtes = (
  search: SearchSql,
  part: SearchedPart,
  query: string,
  request: SearchRequest
): ReadonlyArray<string> => {
  const { key, layout, where } = search
  const { suffix } = part
  const { names, space } = layout
  const from = (row: string) => distance(space, `${row}.${embeddingColumn(space)}`, query)
  const count = neededRows(request)
  const enough = foundEnough(part, request)
  return [
    `near${suffix} as materialized (
  select id, distance from (
    (
      select near.* from scan
      cross join lateral (
        select m.id, ${from("m")} as distance from ${names.table("memories")} m
        where m.scope = ${key} and m.valid_to is null and scan.scan is not null and m.passage_count is null
          and m.${embeddingColumn(space)} is not null and ${where}
        order by ${from("m")}
        limit ${count}
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
        limit ${count}
      ) near
      where ${HAS_LONG}
    )
  ) near
  order by distance
  limit ${count}
)`,
    `by_meaning${suffix} as (
  (select id from near${suffix} where ${enough} order by distance limit ${request.limit})
  union all
  select id from (${selectNearest(search, query, "m.id", ` and not ${enough}`)}) compared
)`
  ]
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

/**
 * Both channels of each part, with the evidence for every part, n and df: one statement. A vector index may miss a
 * neighbour; one that is known to find too little is not asked.
 */
export const tunedSearchStatement = (
  layout: StatementLayout,
  request: SearchRequest,
  tuned: TunedScope
): SqlStatement => {
  const { space } = layout
  // The key is a literal: a plan cached for any scope could not use the indexes of one.
  const search = toSearchSql(layout, request, (scope) => `'${scope}'::uuid`)
  const usesIndex = findsEnough(tuned)
  const ctes = usesIndex ? [countedCte(search), scanCte(tuned, request)] : [countedCte(search)]
  const candidates: Array<string> = []
  for (const part of search.parts) {
    const { query, suffix, terms } = part
    if (terms !== null) {
      const top = { sql: `max(p.${weightColumn(space)})`, as: "top" }
      ctes.push(frequencyCte(search, part, top), ...lexicalCtes(search, part))
      candidates.push(`select id from above${suffix}`, `select id from below${suffix}`)
    }
    if (query !== null) {
      if (usesIndex) ctes.push(...vectorCtes(search, part, query, request))
      else ctes.push(`by_meaning${suffix} as (\n  ${selectNearest(search, query, "m.id")}\n)`)
      candidates.push(`select id from by_meaning${suffix}`)
    }
  }
  const asked = search.parts.filter(({ query }) => query !== null)
  return assembleSearch(
    search,
    "search_tuned",
    ctes,
    {
      from: lookUp(search, `(\n  ${candidates.join(" union ")}\n) hit`),
      worded: ({ suffix, terms }) => (terms === null ? null : findWorded(search, `frequency${suffix}`))
    },
    usesIndex ? asked.map((part) => foundEnough(part, request)).join(" and ") : "false"
  )
}
