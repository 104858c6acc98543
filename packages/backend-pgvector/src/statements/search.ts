import type { SearchRequest } from "@keepsake/core/driver"
import type { SqlStatement } from "../connection/Database.ts"
import { distance, embeddingColumn, type StatementLayout, weightColumn } from "../schema/EmbeddingColumns.ts"
import { countedCte, frequencyCte, type SearchSql, assembleSearch, toSearchSql } from "./searchParts.ts"

/** The lexical channel: Σ idf·weight of each row that shares a term, then the best visible rows. */
const lexicalCtes = ({ key, layout: { names, space }, limit, where }: SearchSql): ReadonlyArray<string> => [
  `weighed as materialized (
  select p.id, sum(p.${weightColumn(space)} * f.idf) as bm25
  from frequency f join ${names.table("postings")} p on p.scope = ${key} and p.term = f.term
  group by p.id
)`,
  // In order of score, looked up one by one until enough of them are visible.
  `by_words as (
  select w.id, w.bm25
  from (select id, bm25 from weighed order by bm25 desc) w
  cross join lateral (
    select from ${names.table("memories")} m
    where m.scope = ${key} and m.id = w.id and ${where}
    limit 1
  ) found
  order by w.bm25 desc
  limit ${limit}
)`
]

/** The vector channel. */
const vectorCte = (
  { key, layout: { names, space }, limit, terms, where }: SearchSql,
  query: string
): string => {
  const embedding = `m.${embeddingColumn(space)}`
  // Alone it selects rows; beside the lexical channel only ids, which are merged first. `+ 0` keeps the planner off
  // an approximate index.
  return `by_meaning as (
  select ${terms === null ? "m.*" : "m.id"} from ${names.table("memories")} m
  where m.scope = ${key} and ${embedding} is not null and ${where}
  order by (${distance(space, embedding, query)}) + 0
  limit ${limit}
)`
}

/** Both channels, exact, with both scores and the row of each hit, n and df: one statement whose plan serves every scope. */
export const searchStatement = (layout: StatementLayout, request: SearchRequest): SqlStatement => {
  const search = toSearchSql(layout, request, (scope, p) => `${p.add(scope)}::uuid`)
  const { key, query, terms } = search
  const ctes = [countedCte(search)]
  const candidates: Array<string> = []
  if (terms !== null) {
    ctes.push(frequencyCte(search, null), ...lexicalCtes(search))
    candidates.push("select id, bm25 from by_words")
  }
  if (query !== null) {
    ctes.push(vectorCte(search, query))
    candidates.push("select v.id, coalesce(w.bm25, 0) from by_meaning v left join weighed w on w.id = v.id")
  }
  if (candidates.length === 0) return assembleSearch(search, "search", ctes, null)
  if (terms === null)
    return assembleSearch(search, "search", ctes, { from: "by_meaning m", bm25: "0::float8" })
  // Looked up one by one: with a join, a plan made for any scope would read a large scope whole.
  const from = `(
  select id, max(bm25) as bm25 from (${candidates.join(" union all ")}) found (id, bm25) group by id
) hit
cross join lateral (
  select * from ${layout.names.table("memories")} where scope = ${key} and id = hit.id limit 1
) m`
  return assembleSearch(search, "search", ctes, { from, bm25: "hit.bm25" })
}
