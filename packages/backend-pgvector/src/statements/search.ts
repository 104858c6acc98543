import type { SearchRequest } from "@keepsake/core/driver"
import type { SqlStatement } from "../connection/Database.ts"
import { distance, embeddingColumn, type StatementLayout, weightColumn } from "../schema/EmbeddingColumns.ts"
import { answered, type Asked, asked, counted, frequency } from "./searchParts.ts"

/** Σ idf·weight over everything that shares a term, then the best that are visible. */
const byWords = ({ key, layout: { names, space }, limit, where }: Asked): ReadonlyArray<string> => [
  `weighed as materialized (
  select p.id, sum(p.${weightColumn(space)} * f.idf) as bm25
  from frequency f join ${names.table("postings")} p on p.scope = ${key} and p.term = f.term
  group by p.id
)`,
  // Best first, looked up one by one until enough of them are visible.
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

const byMeaning = ({ key, layout: { names, space }, limit, terms, where }: Asked, query: string): string => {
  const embedding = `m.${embeddingColumn(space)}`
  // Alone, it brings the rows; beside words, ids, for the two are joined first. The sum keeps the planner from an
  // approximate index.
  return `by_meaning as (
  select ${terms === null ? "m.*" : "m.id"} from ${names.table("memories")} m
  where m.scope = ${key} and ${embedding} is not null and ${where}
  order by (${distance(space, embedding, query)}) + 0
  limit ${limit}
)`
}

/** Both channels, exact, both scores of every hit, its row, n and df: one statement, whose plan serves every scope. */
export const searchStatement = (layout: StatementLayout, request: SearchRequest): SqlStatement => {
  const search = asked(layout, request, (scope, p) => `${p.add(scope)}::uuid`)
  const { key, query, terms } = search
  const ctes = [counted(search)]
  const candidates: Array<string> = []
  if (terms !== null) {
    ctes.push(frequency(search, null), ...byWords(search))
    candidates.push("select id, bm25 from by_words")
  }
  if (query !== null) {
    ctes.push(byMeaning(search, query))
    candidates.push("select v.id, coalesce(w.bm25, 0) from by_meaning v left join weighed w on w.id = v.id")
  }
  if (candidates.length === 0) return answered(search, "search", ctes, null)
  if (terms === null) return answered(search, "search", ctes, { found: "by_meaning m", bm25: "0::float8" })
  // Looked up one by one, as the limit says: joined, a heavy scope would be read whole by a plan made for any scope.
  const found = `(
  select id, max(bm25) as bm25 from (${candidates.join(" union all ")}) found (id, bm25) group by id
) hit
cross join lateral (
  select * from ${layout.names.table("memories")} where scope = ${key} and id = hit.id limit 1
) m`
  return answered(search, "search", ctes, { found, bm25: "hit.bm25" })
}
