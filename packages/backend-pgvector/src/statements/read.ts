import {
  type AroundRequest,
  type AroundRow,
  type Condition,
  cutPage,
  type LatestRequest,
  type ListRequest,
  type Memory,
  type Page,
  type Scope,
  STORE_LIMITS
} from "@keepsake/core/driver"
import { matchesCondition } from "../codec/condition.ts"
import { decodeMemory, MEMORY_SELECT, MEMORY_WIDTH } from "../codec/memoryRow.ts"
import { toNumberOrNull } from "../codec/values.ts"
import { isLive, isNotExpired, isVisible } from "../codec/visibility.ts"
import type { Row, Rows, SqlStatement } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import {
  castToColumn,
  distance,
  embeddingColumn,
  type StatementLayout,
  termsColumn,
  weightsColumn
} from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"
import { encodeTextArray, encodeVector } from "../connection/parameterCodec.ts"

const memoriesJoin = (layout: StatementLayout): string =>
  `${layout.names.table("memories")} m
left join ${layout.names.table("accesses")} a on a.scope = m.scope and a.id = m.id`

export const getStatement = (
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number; readonly ids: ReadonlyArray<string> }
): SqlStatement => {
  const p = new Parameters()
  return p.statement(
    "get",
    `select ${MEMORY_SELECT}
from ${memoriesJoin(layout)}
where m.scope = ${p.add(scopeId(request.scope))}::uuid and m.id = any (${p.add(encodeTextArray(request.ids))}::uuid[])
  and ${isNotExpired(`${p.add(request.now)}::bigint`)}`
  )
}

/** Rows: a memory, its cosine. */
export const aroundStatement = (layout: StatementLayout, request: AroundRequest): SqlStatement => {
  const { names, space } = layout
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const now = `${p.add(request.now)}::bigint`
  const sessions = p.add(encodeTextArray(request.anchors.map((anchor) => anchor.sessionId)))
  const turns = p.add(encodeTextArray(request.anchors.map((anchor) => anchor.turn)))
  const radius = `${p.add(request.radius)}::bigint`
  const cosine =
    request.vector === undefined || space.dimensions === null
      ? "null::float8"
      : `-(${distance(space, `m.${embeddingColumn(space)}`, castToColumn(space, p.add(encodeVector(request.vector))))})`
  return p.statement(
    "around",
    `select ${MEMORY_SELECT}, ${cosine}
from (
  select distinct x.id
  from unnest(${sessions}::text[], ${turns}::bigint[]) as anchor (session_id, turn)
  join ${names.table("memories")} x on x.scope = ${key} and x.session_id = anchor.session_id
    and x.turn between anchor.turn - ${radius} and anchor.turn + ${radius}
) near
cross join lateral (
  select * from ${names.table("memories")} where scope = ${key} and id = near.id limit 1
) m
left join ${names.table("accesses")} a on a.scope = ${key} and a.id = near.id
where ${isVisible(p, now, request.asOf)}`
  )
}

export const decodeAround = (rows: Rows, { scope }: AroundRequest): ReadonlyArray<AroundRow> =>
  rows.map((row) => ({ memory: decodeMemory(row, scope), cosine: toNumberOrNull(row[MEMORY_WIDTH]) }))

/** Skips from speaker to speaker through the index instead of reading each row. */
export const speakersStatement = (
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number }
): SqlStatement => {
  const table = layout.names.table("memories")
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const now = `${p.add(request.now)}::bigint`
  const nextSpeaker = (after: string) =>
    `select m.speaker from ${table} m
    where m.scope = ${key} and m.speaker is not null${after} and ${isLive(now)}
    order by m.speaker limit 1`
  return p.statement(
    "speakers",
    `with recursive names (speaker) as (
  (${nextSpeaker("")})
  union all
  select (${nextSpeaker(" and m.speaker > names.speaker")}) from names where names.speaker is not null
)
select speaker from names where speaker is not null limit ${STORE_LIMITS.speakers}`
  )
}

const ORDER_COLUMNS = { createdAt: "m.created_at", saidAt: "m.said_at" } as const

/** Rows: a memory; `withVectors` adds its terms, weights and vector as text. Selects one row beyond the limit, to see whether a page follows. */
const pageStatement = (layout: StatementLayout, request: ListRequest, withVectors: boolean): SqlStatement => {
  const { space } = layout
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const now = `${p.add(request.now)}::bigint`
  const vector = space.dimensions === null ? "null::text" : `m.${embeddingColumn(space)}::text`
  const extra = withVectors ? `, m.${termsColumn(space)}, m.${weightsColumn(space)}, ${vector}` : ""
  const at = ORDER_COLUMNS[request.by ?? "createdAt"]
  const [direction, beyond] = request.newestFirst === true ? [" desc", "<"] : ["", ">"]
  const after =
    request.after === undefined
      ? ""
      : `\n  and (${at}, m.id) ${beyond} (${p.add(request.after.at)}::bigint, ${p.add(request.after.id)}::uuid)`
  return p.statement(
    withVectors ? "list_rows" : "list",
    `select ${MEMORY_SELECT}${extra}
from ${memoriesJoin(layout)}
where m.scope = ${key} and ${request.closed === true ? isNotExpired(now) : isLive(now)}${after}${matchesCondition(p, request.filter)}
order by ${at}${direction}, m.id${direction}
limit ${p.add(request.limit + 1)}::bigint`
  )
}

export const listStatement = (layout: StatementLayout, request: ListRequest): SqlStatement =>
  pageStatement(layout, request, false)

export const listRowsStatement = (layout: StatementLayout, request: ListRequest): SqlStatement =>
  pageStatement(layout, request, true)

/** The first `limit` rows; the next page begins after the last of them, if a row follows it. */
export const toPage = <A>(
  rows: Rows,
  { by = "createdAt", limit, scope }: ListRequest,
  decode: (row: Row, scope: Scope) => A,
  toMemory: (decoded: A) => Memory
): Page<A> => {
  const { next, page } = cutPage(rows, limit, (last) => {
    const memory = toMemory(decode(last, scope))
    return { at: memory[by], id: memory.id }
  })
  return { rows: page.map((row) => decode(row, scope)), next }
}

export const latestStatement = (layout: StatementLayout, request: LatestRequest): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const now = `${p.add(request.now)}::bigint`
  return p.statement(
    "latest",
    `select ${MEMORY_SELECT}
from ${memoriesJoin(layout)}
where m.scope = ${key} and ${isLive(now)}${matchesCondition(p, request.filter)}
order by m.said_at desc, m.turn desc nulls last, m.id
limit ${p.add(request.limit)}::bigint`
  )
}

/** Rows that were superseded by one of the ids. */
export const predecessorsStatement = (
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number; readonly ids: ReadonlyArray<string> }
): SqlStatement => {
  const p = new Parameters()
  return p.statement(
    "predecessors",
    `select ${MEMORY_SELECT}
from ${memoriesJoin(layout)}
where m.scope = ${p.add(scopeId(request.scope))}::uuid and m.superseded_by = any (${p.add(encodeTextArray(request.ids))}::text[])
  and ${isNotExpired(`${p.add(request.now)}::bigint`)}
limit ${STORE_LIMITS.rows}`
  )
}

export const countStatement = (
  layout: StatementLayout,
  request: {
    readonly scope: Scope
    readonly now: number
    readonly filter: Condition
    readonly lifetime?: "live" | "any" | undefined
  }
): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const lifetime = request.lifetime === "any" ? "true" : isLive(`${p.add(request.now)}::bigint`)
  return p.statement(
    "count",
    `select count(*) from ${layout.names.table("memories")} m
where m.scope = ${key} and ${lifetime}${matchesCondition(p, request.filter)}`
  )
}
