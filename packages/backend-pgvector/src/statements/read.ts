import { type Condition, type Scope, STORE_LIMITS } from "@keepsake/core/driver"
import { matchesCondition } from "../codec/condition.ts"
import { MEMORY_SELECT } from "../codec/memoryRow.ts"
import { isLive, isNotExpired } from "../codec/visibility.ts"
import type { SqlStatement } from "../connection/Database.ts"
import { encodeTextArray } from "../connection/parameterCodec.ts"
import { Parameters } from "../connection/Parameters.ts"
import type { StatementLayout } from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"

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
