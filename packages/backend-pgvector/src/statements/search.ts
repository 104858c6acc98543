import type { SearchRequest } from "@keepsake/core"
import { filtered, visible } from "../conditions.ts"
import type { Statement } from "../Database.ts"
import { scopeId } from "../names.ts"
import { Parameters } from "../Parameters.ts"
import { MEMORY_SELECT, MEMORY_WIDTH } from "../rows.ts"
import { asColumnType, distance, embeddingColumn, type Layout, weightColumn } from "../Space.ts"
import { int4Array, vectorParameter } from "../wire.ts"

/** Rows: a memory, cosine, bm25, and NULLs; and a last one with n, df and whether the scope has an index. */
export const SEARCH_COLUMNS = {
  cosine: MEMORY_WIDTH,
  bm25: MEMORY_WIDTH + 1,
  n: MEMORY_WIDTH + 2,
  df: MEMORY_WIDTH + 3,
  tuned: MEMORY_WIDTH + 4
}

/** How the vector channel is answered. */
export type SearchPlan = "exact" | "hnsw"

/** Candidates an HNSW scan keeps at hand; pgvector allows 1,000. */
const efSearch = (limit: number): number => Math.min(1_000, Math.max(200, 2 * limit))

interface Parts {
  readonly ctes: Array<string>
  readonly candidates: Array<string>
}

/** Document frequencies over the scope's current rows, then Σ idf·weight over everything that shares a term. */
const byWords = (
  layout: Layout,
  parts: Parts,
  key: string,
  terms: string,
  limit: string,
  where: string
): void => {
  const { names, space } = layout
  parts.ctes.push(
    `frequency as materialized (
  select t.term, t.place, d.df, ln(1 + (c.n - d.df + 0.5) / (d.df + 0.5)) as idf
  from counted c
  cross join unnest(${terms}) with ordinality as t (term, place)
  cross join lateral (
    select count(*)::float8 as df from ${names.table("postings")} p
    where p.scope = ${key} and p.term = t.term and p.is_current
  ) d
)`,
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
  )
  parts.candidates.push("select id, bm25 from by_words")
}

const byMeaning = (
  layout: Layout,
  parts: Parts,
  plan: SearchPlan,
  request: {
    key: string
    query: string
    limit: string
    where: string
    ef: number
    words: boolean
  }
): void => {
  const { names, space } = layout
  const embedding = `m.${embeddingColumn(space)}`
  const away = distance(space, embedding, request.query)
  // Alone, it brings the rows; beside words, ids, for the two are joined first.
  const columns = request.words ? "m.id" : "m.*"
  if (plan === "exact") {
    // The sum keeps the planner from an approximate index.
    parts.ctes.push(`by_meaning as (
  select ${columns} from ${names.table("memories")} m
  where m.scope = ${request.key} and ${embedding} is not null and ${request.where}
  order by (${away}) + 0
  limit ${request.limit}
)`)
  } else {
    // The settings hold for this statement's transaction alone, and are made before the scan begins: the
    // lateral join needs their row first.
    parts.ctes.push(`by_meaning as (
  select near.*
  from (
    select set_config('hnsw.iterative_scan', 'strict_order', true) as scan,
      set_config('hnsw.ef_search', '${request.ef}', true) as ef
    offset 0
  ) s
  cross join lateral (
    select ${columns} from ${names.table("memories")} m
    where m.scope = ${request.key} and m.valid_to is null and s.scan is not null and ${request.where}
    order by ${away}
    limit ${request.limit}
  ) near
)`)
  }
  if (!request.words) return
  parts.candidates.push(
    "select v.id, coalesce(w.bm25, 0) from by_meaning v left join weighed w on w.id = v.id"
  )
}

/** Both channels, both exact scores of every hit, its row, n and df: one statement. */
export const searchStatement = (layout: Layout, request: SearchRequest, plan: SearchPlan): Statement => {
  const { names, space } = layout
  const p = new Parameters()
  const scope = scopeId(request.scope)
  // A tuned scope is written out: a plan cached for any scope could not use its index, and would expect so few
  // postings as to sort what is better hashed.
  const key = plan === "hnsw" ? `'${scope}'::uuid` : `${p.add(scope)}::uuid`
  const vector = space.dimensions === null ? undefined : request.vector
  const query = vector === undefined ? null : asColumnType(space, p.add(vectorParameter(vector)))
  const terms =
    request.terms === undefined || request.terms.length === 0
      ? null
      : `${p.add(int4Array(request.terms))}::int4[]`
  const channels = query !== null || terms !== null
  // PostgreSQL wants every parameter used: without a channel there is nothing to bound or to filter.
  const now = channels ? `${p.add(request.now)}::bigint` : ""
  // Written out: a plan made for any limit would sort a heavy scope instead of walking its index.
  const limit = String(request.limit)
  const where = !channels ? "" : `${visible(p, now, request.asOf)}${filtered(p, request.filter)}`
  const parts: Parts = {
    ctes: [
      `counted as materialized (
  select coalesce((select current_count from ${names.table("scopes")} where scope = ${key}), 0)::float8 as n
)`
    ],
    candidates: []
  }
  if (terms !== null) byWords(layout, parts, key, terms, limit, where)
  if (query !== null) {
    const ef = efSearch(request.limit)
    byMeaning(layout, parts, plan, {
      key,
      query,
      limit,
      where,
      ef,
      words: terms !== null
    })
  }
  const cosine =
    query === null ? "null::float8" : `-(${distance(space, `m.${embeddingColumn(space)}`, query)})`
  // Looked up one by one, as the limit says: joined, a heavy scope would be read whole by a plan made for any scope.
  const found =
    terms === null
      ? "by_meaning m"
      : `(
  select id, max(bm25) as bm25 from (${parts.candidates.join(" union all ")}) found (id, bm25) group by id
) hit
cross join lateral (
  select * from ${names.table("memories")} where scope = ${key} and id = hit.id limit 1
) m`
  const hits = `select ${MEMORY_SELECT},
  ${cosine}, ${terms === null ? "0::float8" : "hit.bm25"}, null::float8, null::float8[], null::boolean
from ${found}
left join lateral (
  select access_count, last_accessed_at from ${names.table("accesses")} where scope = ${key} and id = m.id limit 1
) a on true
union all
`
  const text = `with ${parts.ctes.join(",\n")}
${channels ? hits : ""}select ${"null, ".repeat(MEMORY_WIDTH + 2)}c.n,
  ${terms === null ? "'{}'::float8[]" : "(select array_agg(df order by place) from frequency)"},
  exists (select from ${names.table("tuned")} where scope = ${key} and is_ready)
from counted c`
  return p.statement(plan === "exact" ? "search" : "search_hnsw", text)
}
