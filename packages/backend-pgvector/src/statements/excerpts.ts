/** Texts by passage: of rows that were found, of rows around them, and of the last that were said. */
import {
  type AroundRequest,
  type AroundRow,
  type Excerpt,
  type ExcerptsRequest,
  type LatestRequest,
  toFacts,
  type WeighedPart
} from "@keepsake/core/driver"
import { matchesCondition } from "../codec/condition.ts"
import { decodeEvidence, decodeWorded } from "../codec/evidence.ts"
import {
  decodeExcerpt,
  decodeUncut,
  PASSAGE_TEXT,
  SELECT_UNCUT,
  selectExcerpt,
  UNCUT_WIDTH
} from "../codec/excerpt.ts"
import { isLive, isNotExpired, isVisible } from "../codec/visibility.ts"
import type { Rows, SqlStatement } from "../connection/Database.ts"
import { encodeInt4Array, encodeTextArray, encodeVector } from "../connection/parameterCodec.ts"
import { Parameters } from "../connection/Parameters.ts"
import { castToColumn, type StatementLayout } from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"
import {
  bestPassage,
  evidenceColumns,
  findWorded,
  longEvidence,
  type PartSql,
  type ScopeSql
} from "./evidence.ts"

/** A part as SQL, and the table of its terms. */
interface AskedPart {
  readonly sql: PartSql
  readonly ctes: ReadonlyArray<string>
}

const toAskedPart = (
  scope: ScopeSql,
  p: Parameters,
  { idfs, terms, vector }: WeighedPart,
  suffix: string
): AskedPart => {
  const { space } = scope.layout
  const query =
    vector === undefined || space.dimensions === null
      ? null
      : castToColumn(space, p.add(encodeVector(vector)))
  if (terms === undefined || terms.length === 0)
    return { sql: { query, terms: null, worded: null }, ctes: [] }
  const table = `asked${suffix}`
  const ids = `${p.add(encodeInt4Array(terms))}::int4[]`
  const weighed = idfs === undefined ? "" : `, ${p.add(encodeTextArray(Array.from(idfs)))}::float8[]`
  const cte = `${table} as materialized (
  select term, ${idfs === undefined ? "1::float8 as idf" : "idf"}
  from unnest(${ids}${weighed}) with ordinality as t (term${idfs === undefined ? "" : ", idf"}, place)
  order by place
)`
  return { sql: { query, terms: { array: ids, table }, worded: findWorded(scope, table) }, ctes: [cte] }
}

const withCtes = (ctes: ReadonlyArray<string>): string =>
  ctes.length === 0 ? "" : `with ${ctes.join(",\n")}\n`

/** The row of `accesses` of `m`. */
const joinAccesses = ({ key, layout: { names } }: ScopeSql): string => `left join lateral (
  select access_count, last_accessed_at from ${names.table("accesses")} where scope = ${key} and id = m.id limit 1
) a on true`

/** The passage of `m`, a long text, that has this number. */
const joinPassage = ({ key, layout: { names } }: ScopeSql, number: string): string => `left join lateral (
  select * from ${names.table("passages")}
  where m.passage_count is not null and scope = ${key} and id = m.id and number = ${number} limit 1
) x on true`

/** Rows: an excerpt. */
export const excerptsStatement = (layout: StatementLayout, request: ExcerptsRequest): SqlStatement => {
  const { names } = layout
  const p = new Parameters()
  const scope = { layout, key: `${p.add(scopeId(request.scope))}::uuid` }
  const ids = p.add(encodeTextArray(request.rows.map(({ id }) => id)))
  const passages = p.add(encodeTextArray(request.rows.map(({ passage }) => passage)))
  const asked = request.part === undefined ? null : toAskedPart(scope, p, request.part, "")
  const best = asked === null ? "0" : bestPassage(scope, asked.sql)
  return p.statement(
    "excerpts",
    `${withCtes(asked?.ctes ?? [])}select ${selectExcerpt(layout, request.vectors === true)}
from unnest(${ids}::uuid[], ${passages}::int4[]) as r (id, passage)
cross join lateral (
  select * from ${names.table("memories")} where scope = ${scope.key} and id = r.id limit 1
) m
${joinAccesses(scope)}
${joinPassage(scope, `coalesce(r.passage, ${best})`)}
where ${isNotExpired(`${p.add(request.now)}::bigint`)}
  and case when m.passage_count is null then coalesce(r.passage, 0) = 0 else x.number is not null end`
  )
}

export const decodeExcerpts = (
  rows: Rows,
  { scope }: Pick<ExcerptsRequest, "scope">
): ReadonlyArray<Excerpt> => rows.map((row) => decodeExcerpt(row, scope))

const NO_PART: PartSql = { query: null, terms: null, worded: null }

/** Rows: a memory whose passage comes with the first part's evidence, whether the filter holds, evidence. */
export const aroundStatement = (layout: StatementLayout, request: AroundRequest): SqlStatement => {
  const { names } = layout
  const p = new Parameters()
  const scope = { layout, key: `${p.add(scopeId(request.scope))}::uuid` }
  const now = `${p.add(request.now)}::bigint`
  const sessions = p.add(encodeTextArray(request.anchors.map((anchor) => anchor.sessionId)))
  const turns = p.add(encodeTextArray(request.anchors.map((anchor) => anchor.turn)))
  const radius = `${p.add(request.radius)}::bigint`
  const asked = request.parts.map((part, i) => toAskedPart(scope, p, part, `_${i + 1}`))
  if (asked.length > 1) p.markVarying()
  const parts = asked.length === 0 ? [NO_PART] : asked.map(({ sql }) => sql)
  const cut = `, x.start_at, x.end_at, ${PASSAGE_TEXT}`
  const longOf = (part: PartSql, i: number) => longEvidence(scope, part, i === 0 ? cut : "")
  const passes = matchesCondition(p, request.filter)
  return p.statement(
    "around",
    `${withCtes(asked.flatMap(({ ctes }) => ctes))}select ${SELECT_UNCUT}, (true${passes}) is true,
  ${evidenceColumns(scope, parts, longOf).join(", ")}
from (
  select distinct x.id
  from unnest(${sessions}::text[], ${turns}::bigint[]) as anchor (session_id, turn)
  join ${names.table("memories")} x on x.scope = ${scope.key} and x.session_id = anchor.session_id
    and x.turn between anchor.turn - ${radius} and anchor.turn + ${radius}
) near
cross join lateral (
  select * from ${names.table("memories")} where scope = ${scope.key} and id = near.id limit 1
) m
${joinAccesses(scope)}
where ${isVisible(p, now, request.asOf)}`
  )
}

export const decodeAround = (
  rows: Rows,
  { parts, scope }: AroundRequest,
  { fingerprint }: StatementLayout
): ReadonlyArray<AroundRow> =>
  rows.map((row) => {
    const excerpt = decodeUncut(row, scope, decodeWorded(row, UNCUT_WIDTH + 1))
    return {
      facts: toFacts(excerpt.memory),
      parts: decodeEvidence(row, UNCUT_WIDTH + 1, parts, fingerprint),
      passes: row[UNCUT_WIDTH] === true,
      excerpt
    }
  })

/** Rows: an excerpt. */
export const latestStatement = (layout: StatementLayout, request: LatestRequest): SqlStatement => {
  const p = new Parameters()
  const scope = { layout, key: `${p.add(scopeId(request.scope))}::uuid` }
  const now = `${p.add(request.now)}::bigint`
  const order = "order by m.said_at desc, m.turn desc nulls last, m.id"
  return p.statement(
    "latest",
    `select ${selectExcerpt(layout, false)}
from (
  select * from ${layout.names.table("memories")} m
  where m.scope = ${scope.key} and ${isLive(now)}${matchesCondition(p, request.filter)}
  ${order}
  limit ${p.add(request.limit)}::bigint
) m
${joinAccesses(scope)}
${joinPassage(scope, "0")}
${order}`
  )
}
