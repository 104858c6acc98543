import type { PutOutcome, PutResult, Restatable, Scope, StoreRow, Superseded } from "@keepsake/core/driver"
import { encodeRows, hasFormerIds } from "../codec/memoryRow.ts"
import type { Rows, SqlStatement } from "../connection/Database.ts"
import { encodeTextArray } from "../connection/parameterCodec.ts"
import { Parameters } from "../connection/Parameters.ts"
import type { StatementLayout } from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"

const OUTCOMES: ReadonlySet<unknown> = new Set(["created", "refreshed", "reopened"])
const isOutcome = (value: unknown): value is PutOutcome => OUTCOMES.has(value)
const toOutcome = (value: unknown): PutOutcome => (isOutcome(value) ? value : "conflict")

const RESTATABLE: ReadonlyArray<Restatable> = ["metadata", "importance", "pinned"]

/** The columns of the key, and those that `restatement` sets by a rule of their own. */
const SPECIAL_COLUMNS = new Set([
  "scope",
  "agent_id",
  "user_id",
  "id",
  "stated",
  "metadata",
  "importance",
  "pinned",
  "updated_at",
  "expires_at",
  "valid_from",
  "valid_to",
  "superseded_by",
  "past"
])

/**
 * `restate` of core's `lifetime.ts` for each row: `m` is the stored row, `excluded` the new one. The row's lock is
 * held, so fifty writers of one fact write one row.
 */
const restatement = (
  p: Parameters,
  now: string,
  names: ReadonlyArray<string>,
  rows: ReadonlyArray<StoreRow>
): string => {
  const same = "m.content = excluded.content"
  const live = `m.valid_to is null and (m.expires_at is null or m.expires_at > ${now})`
  const ended = `coalesce(m.valid_to, greatest(m.valid_from, coalesce(m.expires_at, ${now})))`
  const reopen = (name: string, reopened: string) =>
    `${name} = case when ${same} then case when ${live} then m.${name} else ${reopened} end else excluded.${name} end`
  const overwritten = (name: Restatable) => {
    const ids = rows.flatMap(({ formerIds = [], memory, overwrites = [] }) =>
      overwrites.includes(name) ? [memory.id, ...formerIds] : []
    )
    return `${name} = case when ${same} and m.id <> all (${p.add(encodeTextArray(ids))}::uuid[]) then m.${name} else excluded.${name} end`
  }
  const unchanged = names
    .filter((name) => !SPECIAL_COLUMNS.has(name))
    .map((name) => `${name} = case when ${same} then m.${name} else excluded.${name} end`)
  return [
    `updated_at = case when ${same} then greatest(m.updated_at, excluded.updated_at) else excluded.updated_at end`,
    // `greatest` passes over null, which is the longest lifetime.
    `expires_at = case when ${same} and m.expires_at is null then null when ${same} and excluded.expires_at is not null then greatest(m.expires_at, excluded.expires_at) else excluded.expires_at end`,
    ...RESTATABLE.map(overwritten),
    reopen("valid_from", `greatest(coalesce(excluded.past[1], excluded.valid_from), ${ended})`),
    reopen("valid_to", "null"),
    reopen("superseded_by", "null"),
    reopen("past", `m.past || array[m.valid_from, ${ended}]`),
    `stated = case when not ${same} then 'created' when ${live} then 'refreshed' else 'reopened' end`,
    ...unchanged
  ].join(",\n    ")
}

/** The id of the row to restate: its own, or else the first former one that the scope has. */
const restatedId = (memories: string, scope: string): string =>
  `coalesce((
      select f.id from unnest(r.id || r.former_ids::uuid[]) with ordinality as possible (id, place)
      join ${memories} f on f.scope = ${scope} and f.id = possible.id
      order by possible.place limit 1
    ), r.id)`

/** `insert … returning id, stated, valid_from`; a conflict returns no row. Sorted by id, so that batches cannot deadlock. */
const insertion = (
  p: Parameters,
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number; readonly rows: ReadonlyArray<StoreRow> }
): string => {
  const now = `${p.add(request.now)}::bigint`
  const rows = request.rows.toSorted((a, b) => (a.memory.id < b.memory.id ? -1 : 1))
  const { columns, source } = encodeRows(p, layout, request.scope, rows)
  const names = columns.map(({ name }) => name)
  const memories = layout.names.table("memories")
  const target = hasFormerIds(rows) ? restatedId(memories, `${p.add(scopeId(request.scope))}::uuid`) : "r.id"
  return `insert into ${memories} as m (
    ${names.join(", ")}
  )
  select
    ${columns.map(({ name, value }) => (name === "id" ? target : value)).join(", ")}
  from ${source}${target === "r.id" ? "" : `\n  order by ${names.indexOf("id") + 1}`}
  on conflict (scope, id) do update set
    ${restatement(p, now, names, rows)}
  where m.content = excluded.content or m.expires_at <= ${now}
  returning m.id, m.stated, m.valid_from`
}

/** Rows: id, outcome. A missing id was a conflict. */
export const putStatement = (
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number; readonly rows: ReadonlyArray<StoreRow> }
): SqlStatement => {
  const p = new Parameters()
  return p.statement("put", insertion(p, layout, request))
}

/** In the order of the request. */
export const decodePut = (
  rows: Rows,
  request: { readonly rows: ReadonlyArray<StoreRow> }
): ReadonlyArray<PutResult> => {
  const outcomes = new Map(rows.map((row) => [row[0], row[1]]))
  return request.rows.map(({ formerIds = [], memory }) => {
    const id = [memory.id, ...formerIds].find((possible) => outcomes.has(possible)) ?? memory.id
    return { id, outcome: toOutcome(outcomes.get(id)) }
  })
}

/** One row: the outcome (null for a conflict), whether the old row was closed, the successor's id. */
export const supersedeStatement = (
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number; readonly id: string; readonly row: StoreRow }
): SqlStatement => {
  const p = new Parameters()
  const text = `with successor as (
  ${insertion(p, layout, { ...request, rows: [request.row] })}
),
closed as (
  update ${layout.names.table("memories")} o set
    valid_to = greatest(s.valid_from, o.valid_from),
    superseded_by = s.id::text,
    updated_at = ${p.add(request.now)}::bigint
  from successor s
  where o.scope = ${p.add(scopeId(request.scope))}::uuid and o.id = ${p.add(request.id)}::uuid
    and o.valid_to is null and (o.expires_at is null or o.expires_at > ${p.add(request.now)}::bigint)
  returning 1
)
select (select stated from successor), exists (select from closed), (select id from successor)`
  return p.statement("supersede", text)
}

export const decodeSupersede = (
  rows: Rows,
  { row: { formerIds = [] } }: { readonly row: StoreRow }
): Superseded => {
  const id = formerIds.find((former) => former === rows[0]?.[2])
  return {
    outcome: toOutcome(rows[0]?.[0]),
    closed: rows[0]?.[1] === true,
    ...(id === undefined ? {} : { id })
  }
}
