/** Pages of a scope's rows, which long texts end early. */
import { type ListRequest, type Memory, type Page, STORE_LIMITS } from "@keepsake/core/driver"
import { matchesCondition } from "../codec/condition.ts"
import { decodeMemory, decodeRow, MEMORY_SELECT, selectRow } from "../codec/memoryRow.ts"
import { isLive, isNotExpired } from "../codec/visibility.ts"
import type { Row, Rows, SqlStatement } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import type { StatementLayout } from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"

const ORDER_COLUMNS = { createdAt: "m.created_at", saidAt: "m.said_at" } as const

/**
 * Rows: how many were found, one beyond the limit included, then what `selected` says. The bytes of the texts, which
 * the server knows without reading them, end a page: outside ASCII it ends before its characters would.
 */
const pageStatement = (
  layout: StatementLayout,
  request: ListRequest,
  operation: string,
  selected: string
): SqlStatement => {
  const { names } = layout
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const now = `${p.add(request.now)}::bigint`
  const at = ORDER_COLUMNS[request.by ?? "createdAt"]
  const [direction, beyond] = request.newestFirst === true ? [" desc", "<"] : ["", ">"]
  const after =
    request.after === undefined
      ? ""
      : `\n    and (${at}, m.id) ${beyond} (${p.add(request.after.at)}::bigint, ${p.add(request.after.id)}::uuid)`
  const order = `${at}${direction}, m.id${direction}`
  return p.statement(
    operation,
    `select m.found, ${selected}
from (
  select m.*, count(*) over () as found,
    sum(octet_length(m.content)) over (order by ${order} rows between unbounded preceding and 1 preceding) as bytes_before
  from (
    select * from ${names.table("memories")} m
    where m.scope = ${key} and ${request.closed === true ? isNotExpired(now) : isLive(now)}${after}${matchesCondition(p, request.filter)}
    order by ${order}
    limit ${p.add(request.limit + 1)}::bigint
  ) m
) m
left join ${names.table("accesses")} a on a.scope = m.scope and a.id = m.id
where coalesce(m.bytes_before, 0) < ${STORE_LIMITS.pageCharacters}
order by ${order}`
  )
}

export const listStatement = (layout: StatementLayout, request: ListRequest): SqlStatement =>
  pageStatement(layout, request, "list", MEMORY_SELECT)

export const listRowsStatement = (layout: StatementLayout, request: ListRequest): SqlStatement =>
  pageStatement(layout, request, "list_rows", selectRow(layout))

/** The first `limit` rows; the next page begins after the last of them, if a row follows it. */
const toPage = <A>(
  rows: Rows,
  { by = "createdAt", limit }: ListRequest,
  decode: (row: Row) => A,
  toMemory: (decoded: A) => Memory
): Page<A> => {
  const found = Number(rows[0]?.[0] ?? 0)
  const page = rows.slice(0, limit).map((row) => decode(row.slice(1)))
  const last = page.at(-1)
  if (last === undefined || found <= page.length) return { rows: page, next: null }
  const memory = toMemory(last)
  return { rows: page, next: { at: memory[by], id: memory.id } }
}

export const decodeList = (rows: Rows, request: ListRequest): Page<Memory> =>
  toPage(
    rows,
    request,
    (row) => decodeMemory(row, request.scope),
    (memory) => memory
  )

export const decodeListRows = (rows: Rows, request: ListRequest, layout: StatementLayout) =>
  toPage(
    rows,
    request,
    (row) => decodeRow(row, request.scope, layout),
    ({ memory }) => memory
  )
