/** Rows that are owed vectors. */
import type { OwedRow, PaidRow } from "@keepsake/core/driver"
import { decodeMemory, MEMORY_SELECT, MEMORY_WIDTH } from "../codec/memoryRow.ts"
import type { Rows, SqlStatement } from "../connection/Database.ts"
import { encodeTextArray, encodeVectorArray } from "../connection/parameterCodec.ts"
import { Parameters } from "../connection/Parameters.ts"
import { castToColumn, embeddingColumn, type StatementLayout, typeName } from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"

/** Rows: a memory, agent, user, the places of a long text's passages as JSON. */
export const owedStatement = (
  { names }: StatementLayout,
  { limit }: { readonly limit: number }
): SqlStatement => {
  const p = new Parameters()
  return p.statement(
    "owed",
    `select ${MEMORY_SELECT}, m.agent_id, m.user_id, case when m.passage_count is not null then (
    select json_agg(json_build_object('start', x.start_at, 'end', x.end_at) order by x.number)
    from ${names.table("passages")} x where x.scope = m.scope and x.id = m.id
  ) end
from ${names.table("memories")} m
left join ${names.table("accesses")} a on a.scope = m.scope and a.id = m.id
where m.owed
limit ${p.add(limit)}::bigint`
  )
}

export const decodeOwed = (rows: Rows): ReadonlyArray<OwedRow> =>
  rows.map((row) => {
    const [agentId, userId, spans] = row.slice(MEMORY_WIDTH)
    const memory = decodeMemory(row, { agentId: String(agentId), userId: String(userId) })
    return {
      memory,
      spans: (spans as OwedRow["spans"] | null) ?? [{ start: 0, end: memory.content.length }]
    }
  })

/** One row: how many were paid. A row that owes nothing, or has another number of passages, is passed over. */
export const payStatement = (layout: StatementLayout, rows: ReadonlyArray<PaidRow>): SqlStatement => {
  const { names, space } = layout
  const p = new Parameters()
  const column = (values: ReadonlyArray<string | number | boolean>, type: string) =>
    `${p.add(encodeTextArray(values))}::${type}[]`
  const scopes = column(
    rows.map(({ scope }) => scopeId(scope)),
    "uuid"
  )
  const ids = column(
    rows.map(({ id }) => id),
    "uuid"
  )
  const counts = column(
    rows.map(({ vectors }) => vectors.length),
    "integer"
  )
  const lacking = column(
    rows.map(({ vectors }) => vectors.includes(null)),
    "boolean"
  )
  const vectors = rows.flatMap((row) => row.vectors.map((vector, number) => ({ row, vector, number })))
  const embedded = space.dimensions !== null
  const list = embedded
    ? `${p.add(
        encodeVectorArray(
          vectors.map(({ vector }) => vector),
          layout.vectorOid
        )
      )}::${typeName(space, "vector")}[]`
    : ""
  const cast = (vector: string) => (space.vectorType === "vector" ? vector : castToColumn(space, vector))
  const first = column(
    rows.map((row) => vectors.findIndex((one) => one.row === row) + 1),
    "integer"
  )
  const embedding = embeddingColumn(space)
  const vectorOfMemory = embedded
    ? `,\n    ${embedding} = case when m.passage_count is null then ${cast(`(${list})[r.first]`)} end`
    : ""
  const filled = embedded
    ? `,
filled as (
  update ${names.table("passages")} x set ${embedding} = ${cast(`(${list})[paid.first + x.number]`)}
  from paid
  where x.scope = paid.scope and x.id = paid.id and paid.passage_count is not null
)`
    : ""
  return p.statement(
    "pay_owed",
    `with paid as (
  update ${names.table("memories")} m set owed = null, stated = 'created',
    lacks_vectors = case when m.passage_count is not null then r.lacking end${vectorOfMemory}
  from unnest(${scopes}, ${ids}, ${counts}, ${first}, ${lacking}) as r (scope, id, count, first, lacking)
  where m.scope = r.scope and m.id = r.id and m.owed and coalesce(m.passage_count, 1) = r.count
  returning m.scope, m.id, m.passage_count, r.first
)${filled}
select count(*) from paid`
  )
}
