/** What a scope holds. */
import type { Scope, ScopeUsage } from "@keepsake/core/driver"
import type { Rows, SqlStatement } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import type { StatementLayout } from "../schema/EmbeddingColumns.ts"
import type { Identifiers } from "../schema/identifiers.ts"
import { rowBytes } from "../schema/jsonBytes.ts"
import { scopeId } from "../scopeId.ts"

/** Bytes by reading every row and entry of the scope `s`, a row of `scopes`. */
const readBytes = (names: Identifiers): string => `(
    select coalesce(sum(${rowBytes(names, "m")}), 0) from ${names.table("memories")} m where m.scope = s.scope
  ) + (
    select coalesce(sum(octet_length(e.content)), 0) from ${names.table("entries")} e where e.scope = s.scope
  )`

/** The bytes of the scope `s`: counted, or read where it was filled by the first version. */
export const scopeBytes = (names: Identifiers): string =>
  `case when s.bytes is not null then s.bytes else ${readBytes(names)} end`

/** One row: memories, bytes, owed memories, whether the scope keeps count of its bytes. */
export const usageStatement = (
  { names }: StatementLayout,
  { scope }: { readonly scope: Scope }
): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(scope))}::uuid`
  return p.statement(
    "usage",
    `select s.row_count, ${scopeBytes(names)},
  (select count(*) from ${names.table("memories")} o where o.scope = s.scope and o.owed), s.bytes is not null
from ${names.table("scopes")} s where s.scope = ${key}`
  )
}

/** A scope that holds nothing has no row. */
export const decodeUsage = (rows: Rows): ScopeUsage => {
  const [memories, bytes, owed] = rows[0] ?? [0, 0, 0]
  return { memories: Number(memories), bytes: Number(bytes), owed: Number(owed) }
}

/** Whether the scope keeps count of its bytes: one of the first version does not. */
export const isCounted = (rows: Rows): boolean => rows[0] === undefined || rows[0][3] === true

/** Holds the scope's row, so that what is read next is all that was written. */
export const holdScopeStatement = ({ names }: StatementLayout, scope: Scope): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(scope))}::uuid`
  return p.statement("hold_scope", `select from ${names.table("scopes")} where scope = ${key} for update`)
}

/** Begins to keep count of the scope's bytes. */
export const countBytesStatement = ({ names }: StatementLayout, scope: Scope): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(scope))}::uuid`
  return p.statement(
    "count_bytes",
    `update ${names.table("scopes")} s set bytes = ${readBytes(names)} where s.scope = ${key} and s.bytes is null`
  )
}
