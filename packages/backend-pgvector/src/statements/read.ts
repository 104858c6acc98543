import {
  type AroundRequest,
  type LatestRequest,
  type ListRequest,
  type Scope,
  STORE_LIMITS
} from "@keepsake/core/driver"
import type { Filter } from "@keepsake/core/driver"
import { filtered, live, notExpired, visible } from "../codec/filter.ts"
import type { SqlStatement } from "../connection/Database.ts"
import { scopeId } from "../schema/identifiers.ts"
import { Parameters } from "../connection/Parameters.ts"
import { MEMORY_SELECT } from "../codec/memoryRow.ts"
import {
  asColumnType,
  distance,
  embeddingColumn,
  type StatementLayout,
  termsColumn,
  weightsColumn
} from "../schema/EmbeddingColumns.ts"
import { textArray, vectorParameter } from "../connection/parameterCodec.ts"

const memories = (layout: StatementLayout): string =>
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
from ${memories(layout)}
where m.scope = ${p.add(scopeId(request.scope))}::uuid and m.id = any (${p.add(textArray(request.ids))}::uuid[])
  and ${notExpired(`${p.add(request.now)}::bigint`)}`
  )
}

/** Rows: a memory, cosine. */
export const aroundStatement = (layout: StatementLayout, request: AroundRequest): SqlStatement => {
  const { names, space } = layout
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const now = `${p.add(request.now)}::bigint`
  const sessions = p.add(textArray(request.anchors.map((anchor) => anchor.sessionId)))
  const turns = p.add(textArray(request.anchors.map((anchor) => anchor.turn)))
  const radius = `${p.add(request.radius)}::bigint`
  const cosine =
    request.vector === undefined || space.dimensions === null
      ? "null::float8"
      : `-(${distance(space, `m.${embeddingColumn(space)}`, asColumnType(space, p.add(vectorParameter(request.vector))))})`
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
where ${visible(p, now, request.asOf)}`
  )
}

/** Walks from name to name through the index instead of reading every row. */
export const speakersStatement = (
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number }
): SqlStatement => {
  const table = layout.names.table("memories")
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const now = `${p.add(request.now)}::bigint`
  const next = (after: string) =>
    `select m.speaker from ${table} m
    where m.scope = ${key} and m.speaker is not null${after} and ${live(now)}
    order by m.speaker limit 1`
  return p.statement(
    "speakers",
    `with recursive names (speaker) as (
  (${next("")})
  union all
  select (${next(" and m.speaker > names.speaker")}) from names where names.speaker is not null
)
select speaker from names where speaker is not null limit ${STORE_LIMITS.speakers}`
  )
}

export const lastTurnStatement = (
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly sessionId: string }
): SqlStatement => {
  const p = new Parameters()
  return p.statement(
    "last_turn",
    `select max(turn) from ${layout.names.table("memories")}
where scope = ${p.add(scopeId(request.scope))}::uuid and session_id = ${p.add(request.sessionId)}::text`
  )
}

/** Rows: a memory; with `spaces`, its terms, weights and vector as text. One row more than asked for, where there is more. */
export const listStatement = (
  layout: StatementLayout,
  request: ListRequest,
  spaces: boolean
): SqlStatement => {
  const { space } = layout
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const now = `${p.add(request.now)}::bigint`
  const vector = space.dimensions === null ? "null::text" : `m.${embeddingColumn(space)}::text`
  const extra = spaces ? `, m.${termsColumn(space)}, m.${weightsColumn(space)}, ${vector}` : ""
  const after =
    request.after === undefined
      ? ""
      : `\n  and (m.created_at, m.id) > (${p.add(request.after.createdAt)}::bigint, ${p.add(request.after.id)}::uuid)`
  return p.statement(
    spaces ? "list_rows" : "list",
    `select ${MEMORY_SELECT}${extra}
from ${memories(layout)}
where m.scope = ${key} and ${request.closed === true ? notExpired(now) : live(now)}${after}${filtered(p, request.filter)}
order by m.created_at, m.id
limit ${p.add(request.limit + 1)}::bigint`
  )
}

export const latestStatement = (layout: StatementLayout, request: LatestRequest): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const now = `${p.add(request.now)}::bigint`
  return p.statement(
    "latest",
    `select ${MEMORY_SELECT}
from ${memories(layout)}
where m.scope = ${key} and ${live(now)}${filtered(p, request.filter)}
order by m.said_at desc, m.turn desc nulls last, m.id
limit ${p.add(request.limit)}::bigint`
  )
}

export const countStatement = (
  layout: StatementLayout,
  request: {
    readonly scope: Scope
    readonly now: number
    readonly filter: Filter
    readonly lifetime?: "live" | "any" | undefined
  }
): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const where = request.lifetime === "any" ? "true" : live(`${p.add(request.now)}::bigint`)
  return p.statement(
    "count",
    `select count(*) from ${layout.names.table("memories")} m
where m.scope = ${key} and ${where}${filtered(p, request.filter)}`
  )
}
