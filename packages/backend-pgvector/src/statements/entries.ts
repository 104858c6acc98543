/** What an agent keeps about a session. */
import {
  cutPage,
  type DropEntriesRequest,
  type EntriesRequest,
  type Entry,
  type EntryPage,
  type ListEntriesRequest,
  type Scope,
  toEntryKey
} from "@keepsake/core/driver"
import type { Rows, SqlStatement } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import { encodeTextArray } from "../connection/parameterCodec.ts"
import type { StatementLayout } from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"

const ENTRY_SELECT = "session_id, kind, number, content, created_at"

export const decodeEntries = (rows: Rows): ReadonlyArray<Entry> =>
  rows.map(([sessionId, kind, number, content, createdAt]) => ({
    sessionId: String(sessionId),
    kind: String(kind),
    number: Number(number),
    content: String(content),
    createdAt: Number(createdAt)
  }))

/** An entry with other content becomes an update, which the trigger refuses. Sorted, so that batches cannot deadlock. */
export const appendStatement = (
  { names }: StatementLayout,
  request: {
    readonly scope: Scope
    readonly now: number
    readonly entries: ReadonlyArray<Omit<Entry, "createdAt">>
  }
): SqlStatement => {
  const p = new Parameters()
  const { entries, now, scope } = request
  const [key, agent, user] = [p.add(scopeId(scope)), p.add(scope.agentId), p.add(scope.userId)]
  const column = (value: (entry: Omit<Entry, "createdAt">) => string | number, type: string): string =>
    `${p.add(encodeTextArray(entries.map(value)))}::${type}[]`
  const columns = [
    column((entry) => entry.sessionId, "text"),
    column((entry) => entry.kind, "text"),
    column((entry) => entry.number, "bigint"),
    column((entry) => entry.content, "text")
  ]
  return p.statement(
    "append",
    `insert into ${names.table("entries")} as e (scope, agent_id, user_id, created_at, session_id, kind, number, content)
select ${key}::uuid, ${agent}::text, ${user}::text, ${p.add(now)}::bigint, r.session_id, r.kind, r.number, r.content
from unnest(${columns.join(", ")}) as r (session_id, kind, number, content)
order by r.session_id collate "C", r.kind collate "C", r.number
on conflict (scope, session_id, kind, number) do update set content = excluded.content
where e.content <> excluded.content`
  )
}

export const entriesStatement = (
  { names }: StatementLayout,
  { after, kind, limit, newestFirst, scope, sessionId }: EntriesRequest
): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(scope))}::uuid`
  const [session, kindSql] = [`${p.add(sessionId)}::text`, `${p.add(kind)}::text`]
  const [direction, beyond] = newestFirst === true ? [" desc", "<"] : ["", ">"]
  const following = after === undefined ? "" : ` and number ${beyond} ${p.add(after)}::bigint`
  return p.statement(
    "entries",
    `select ${ENTRY_SELECT} from ${names.table("entries")}
where scope = ${key} and session_id = ${session} and kind = ${kindSql}${following}
order by number${direction}
limit ${p.add(limit)}::bigint`
  )
}

/** Selects one beyond the limit, to see whether a page follows. */
export const listEntriesStatement = (
  { names }: StatementLayout,
  { after, limit, scope }: ListEntriesRequest
): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(scope))}::uuid`
  const following =
    after === undefined
      ? ""
      : ` and (session_id, kind, number) > (${p.add(after.sessionId)}::text, ${p.add(after.kind)}::text, ${p.add(after.number)}::bigint)`
  return p.statement(
    "list_entries",
    `select ${ENTRY_SELECT} from ${names.table("entries")}
where scope = ${key}${following}
order by session_id, kind, number
limit ${p.add(limit + 1)}::bigint`
  )
}

export const decodeEntryPage = (rows: Rows, { limit }: ListEntriesRequest): EntryPage => {
  const { next, page } = cutPage(decodeEntries(rows), limit, toEntryKey)
  return { entries: page, next }
}

/** One row: how many were dropped. */
export const dropEntriesStatement = (
  { names }: StatementLayout,
  { kind, scope, sessionId, through }: DropEntriesRequest
): SqlStatement => {
  const p = new Parameters()
  const conditions = [
    `scope = ${p.add(scopeId(scope))}::uuid`,
    `session_id = ${p.add(sessionId)}::text`,
    ...(kind === undefined ? [] : [`kind = ${p.add(kind)}::text`]),
    ...(kind === undefined || through === undefined ? [] : [`number <= ${p.add(through)}::bigint`])
  ]
  return p.statement(
    "drop_entries",
    `with gone as (
  delete from ${names.table("entries")} where ${conditions.join(" and ")} returning 1
)
select count(*) from gone`
  )
}
