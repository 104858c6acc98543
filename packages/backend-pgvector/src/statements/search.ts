import type { SearchRequest } from "@keepsake/core/driver"
import type { SqlStatement } from "../connection/Database.ts"
import { type StatementLayout, weightColumn } from "../schema/EmbeddingColumns.ts"
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

/** The lexical channel: Σ idf·weight of each passage that shares a term, then the best visible rows. */
const lexicalCtes = (
  { key, layout: { names, space }, limit, where }: SearchSql,
  { suffix }: SearchedPart
): ReadonlyArray<string> => [
  `weighed${suffix} as materialized (
  select p.id, sum(p.${weightColumn(space)} * f.idf) as bm25
  from frequency${suffix} f join ${names.table("postings")} p on p.scope = ${key} and p.term = f.term
  group by p.id
)`,
  `long_words${suffix} as materialized (
  select distinct on (x.id) x.id, x.number, w.bm25
  from weighed${suffix} w
  cross join lateral (
    select id, number from ${names.table("passages")} where scope = ${key} and passage = w.id limit 1
  ) x
  where ${HAS_LONG}
  order by x.id, w.bm25 desc, x.number
)`,
  // In order of score, looked up one by one until enough of them are visible. A passage is no row of memories.
  `by_words${suffix} as (
  select w.id
  from (
    select id, bm25 from weighed${suffix} union all select id, bm25 from long_words${suffix} order by bm25 desc
  ) w
  cross join lateral (
    select from ${names.table("memories")} m
    where m.scope = ${key} and m.id = w.id and ${where}
    limit 1
  ) found
  order by w.bm25 desc
  limit ${limit}
)`
]

/** The vector channel. Alone it selects rows; beside others only ids, which are merged first. */
const vectorCte = (search: SearchSql, { suffix }: SearchedPart, query: string, selected: string): string =>
  `by_meaning${suffix} as (
  ${selectNearest(search, query, selected)}
)`

/** Both channels of each part, exact, with the evidence for every part, n and df: one statement whose plan serves every scope. */
export const searchStatement = (layout: StatementLayout, request: SearchRequest): SqlStatement => {
  const search = toSearchSql(layout, request, (scope, p) => `${p.add(scope)}::uuid`)
  const { parts } = search
  const [only] = parts
  if (parts.length === 1 && only !== undefined && only.query !== null && only.terms === null) {
    const ctes = [countedCte(search), vectorCte(search, only, only.query, "m.*")]
    return assembleSearch(search, "search", ctes, { from: "by_meaning m", worded: () => null })
  }
  const ctes = [countedCte(search)]
  const candidates: Array<string> = []
  const joins: Array<string> = []
  for (const part of parts) {
    const { query, suffix, terms } = part
    if (terms !== null) {
      ctes.push(frequencyCte(search, part, null), ...lexicalCtes(search, part))
      candidates.push(`select id from by_words${suffix}`)
      joins.push(`\nleft join long_words${suffix} on long_words${suffix}.id = hit.id`)
    }
    if (query !== null) {
      ctes.push(vectorCte(search, part, query, "m.id"))
      candidates.push(`select id from by_meaning${suffix}`)
    }
  }
  if (candidates.length === 0) return assembleSearch(search, "search", ctes, null)
  return assembleSearch(search, "search", ctes, {
    from: lookUp(search, `(\n  ${candidates.join(" union ")}\n) hit${joins.join("")}`),
    worded: ({ suffix, terms }) => (terms === null ? null : `long_words${suffix}.number`)
  })
}
