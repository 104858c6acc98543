import type { Scope, StoreRow, Terms } from "@keepsake/core/driver"
import type { SqlStatement } from "../connection/Database.ts"
import { scopeId } from "../schema/identifiers.ts"
import { Parameters } from "../connection/Parameters.ts"
import { STORED_COLUMNS } from "../codec/memoryRow.ts"
import {
  asColumnType,
  embeddingColumn,
  type StatementLayout,
  termsColumn,
  weightsColumn
} from "../schema/EmbeddingColumns.ts"
import { float4Array, int4Array, textArray, vectorArray } from "../connection/parameterCodec.ts"

/** Terms of many rows in two flat arrays: row i has `[first[i], last[i]]`, counted from 1 as SQL does. */
export const flattenTerms = (rows: ReadonlyArray<{ readonly terms: Terms }>) => {
  const [ids, weights]: [Array<number>, Array<number>] = [[], []]
  const [first, last]: [Array<number>, Array<number>] = [[], []]
  for (const { terms } of rows) {
    first.push(ids.length + 1)
    for (let i = 0; i < terms.ids.length; i++) {
      ids.push(terms.ids[i] ?? 0)
      weights.push(terms.weights[i] ?? 0)
    }
    last.push(ids.length)
  }
  return {
    ids: int4Array(ids),
    weights: float4Array(weights),
    first: int4Array(first),
    last: int4Array(last)
  }
}

/** What a restated row keeps of itself, and takes over whole where an expired row with other content is replaced. */
const KEPT = new Set(["id", "updated_at", "expires_at", "valid_from", "valid_to", "superseded_by", "past"])

/** The rows of a statement, as `from unnest(…)` and a select list named like the columns. */
const given = (p: Parameters, layout: StatementLayout, scope: Scope, rows: ReadonlyArray<StoreRow>) => {
  const { space } = layout
  const terms = flattenTerms(rows)
  const key = p.add(scopeId(scope))
  const [agent, user] = [p.add(scope.agentId), p.add(scope.userId)]
  const arrays = STORED_COLUMNS.map((column) => {
    const values = p.add(textArray(rows.map((row) => column.value(row.memory))))
    // An array of arrays would have to be rectangular, and JSON is quoted twice otherwise: both travel as text.
    const wire = column.type === "bigint[]" || column.type === "jsonb" ? "text" : column.type
    return {
      name: column.name,
      array: `${values}::${wire}[]`,
      cast: wire === column.type ? "" : `::${column.type}`
    }
  })
  const bounds = [`${p.add(terms.first)}::int4[]`, `${p.add(terms.last)}::int4[]`]
  const [ids, weights] = [p.add(terms.ids), p.add(terms.weights)]
  const columns = [
    { name: "scope", value: `${key}::uuid` },
    { name: "agent_id", value: `${agent}::text` },
    { name: "user_id", value: `${user}::text` },
    ...arrays.map(({ cast, name }) => ({ name, value: `r.${name}${cast}` })),
    { name: "stated", value: "'created'" },
    { name: termsColumn(space), value: `(${ids}::int4[])[r.first:r.last]` },
    { name: weightsColumn(space), value: `(${weights}::float4[])[r.first:r.last]` }
  ]
  const names = [...arrays.map(({ name }) => name), "first", "last"]
  if (space.dimensions !== null) {
    bounds.push(
      `${p.add(
        vectorArray(
          rows.map((row) => row.vector),
          layout.vectorOid
        )
      )}::${space.extension}.vector[]`
    )
    names.push("embedding")
    columns.push({
      name: embeddingColumn(space),
      value: space.vectorType === "vector" ? "r.embedding" : asColumnType(space, "r.embedding")
    })
  }
  return {
    columns,
    source: `unnest(
      ${[...arrays.map(({ array }) => array), ...bounds].join(", ")}
    ) as r (${names.join(", ")})`
  }
}

/**
 * `restate` of core's `lifetime.ts`, row by row: `m` is what is there, `excluded` what is stated. Deciding here,
 * under the row's lock, is what makes fifty writers of one fact write one row.
 */
const restatement = (now: string, names: ReadonlyArray<string>): string => {
  const same = "m.content = excluded.content"
  const seen = `m.valid_to is null and (m.expires_at is null or m.expires_at > ${now})`
  const ended = `coalesce(m.valid_to, greatest(m.valid_from, coalesce(m.expires_at, ${now})))`
  const restated = (name: string, reopened: string) =>
    `${name} = case when ${same} then case when ${seen} then m.${name} else ${reopened} end else excluded.${name} end`
  const kept = names
    .filter((name) => !KEPT.has(name) && !["scope", "agent_id", "user_id", "stated"].includes(name))
    .map((name) => `${name} = case when ${same} then m.${name} else excluded.${name} end`)
  return [
    `updated_at = case when ${same} then greatest(m.updated_at, excluded.updated_at) else excluded.updated_at end`,
    "expires_at = excluded.expires_at",
    restated("valid_from", `greatest(coalesce(excluded.past[1], excluded.valid_from), ${ended})`),
    restated("valid_to", "null"),
    restated("superseded_by", "null"),
    restated("past", `m.past || array[m.valid_from, ${ended}]`),
    `stated = case when not ${same} then 'created' when ${seen} then 'refreshed' else 'reopened' end`,
    ...kept
  ].join(",\n    ")
}

/** `insert … returning id, stated, valid_from`; a conflict returns no row. Ids in one order, so that batches cannot wait for each other. */
const insertion = (
  p: Parameters,
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number; readonly rows: ReadonlyArray<StoreRow> }
): string => {
  const now = `${p.add(request.now)}::bigint`
  const rows = request.rows.toSorted((a, b) => (a.memory.id < b.memory.id ? -1 : 1))
  const { columns, source } = given(p, layout, request.scope, rows)
  const names = columns.map(({ name }) => name)
  return `insert into ${layout.names.table("memories")} as m (
    ${names.join(", ")}
  )
  select
    ${columns.map(({ value }) => value).join(", ")}
  from ${source}
  on conflict (scope, id) do update set
    ${restatement(now, names)}
  where m.content = excluded.content or m.expires_at <= ${now}
  returning m.id, m.stated, m.valid_from`
}

/** Rows: id, outcome. An id that is missing was a conflict. */
export const putStatement = (
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number; readonly rows: ReadonlyArray<StoreRow> }
): SqlStatement => {
  const p = new Parameters()
  return p.statement("put", insertion(p, layout, request))
}

/** One row: the outcome (null for a conflict), whether the old row was closed. */
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
select (select stated from successor), exists (select from closed)`
  return p.statement("supersede", text)
}
