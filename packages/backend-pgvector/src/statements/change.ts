import type { MemoryChange, RemoveTarget, Scope } from "@keepsake/core/driver"
import { matchesCondition } from "../codec/condition.ts"
import { isNotExpired } from "../codec/visibility.ts"
import type { SqlStatement } from "../connection/Database.ts"
import { scopeId } from "../scopeId.ts"
import { Parameters } from "../connection/Parameters.ts"
import { MEMORY_SELECT, metadataBytes } from "../codec/memoryRow.ts"
import type { StatementLayout } from "../schema/EmbeddingColumns.ts"
import { ENDS_TURNS, hashSql } from "../schema/triggers.ts"
import { encodeTextArray } from "../connection/parameterCodec.ts"
import { scopeBytes } from "./usage.ts"

export const patchStatement = (
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number; readonly id: string; readonly change: MemoryChange }
): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const id = `${p.add(request.id)}::uuid`
  const now = `${p.add(request.now)}::bigint`
  const { change } = request
  const assignments = [`updated_at = ${now}`]
  if (change.expiresAt !== undefined) {
    assignments.push(
      `expires_at = ${p.add(change.expiresAt === null ? null : String(change.expiresAt))}::bigint`
    )
  }
  if (change.importance !== undefined) assignments.push(`importance = ${p.add(change.importance)}::float8`)
  if (change.pinned !== undefined) assignments.push(`pinned = ${p.add(change.pinned)}::boolean`)
  if (change.metadata !== undefined) {
    assignments.push(
      `metadata = ${p.add(JSON.stringify(change.metadata))}::jsonb`,
      `metadata_bytes = ${p.add(metadataBytes(change.metadata))}::integer`
    )
  }
  return p.statement(
    "patch",
    `with m as (
  update ${layout.names.table("memories")} m set ${assignments.join(", ")}
  where m.scope = ${key} and m.id = ${id} and ${isNotExpired(now)}
  returning m.*
)
select ${MEMORY_SELECT} from m left join ${layout.names.table("accesses")} a on a.scope = m.scope and a.id = m.id`
  )
}

/** Counts in a table of their own, locked in the order of ids so that two calls cannot deadlock. */
export const touchStatement = (
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number; readonly ids: ReadonlyArray<string> }
): SqlStatement => {
  const p = new Parameters()
  return p.statement(
    "touch",
    `insert into ${layout.names.table("accesses")} as a (scope, id, access_count, last_accessed_at)
select m.scope, m.id, 1, ${p.add(request.now)}::bigint
from ${layout.names.table("memories")} m
where m.scope = ${p.add(scopeId(request.scope))}::uuid and m.id = any (${p.add(encodeTextArray(request.ids))}::uuid[])
order by m.id
on conflict (scope, id) do update set
  access_count = a.access_count + 1,
  last_accessed_at = excluded.last_accessed_at`
  )
}

/** Whether the planner may hold samples of the rows: when it takes them, it counts the rows of the table. */
const wereSampled = ({ names }: StatementLayout): string =>
  `(select reltuples > 0 from pg_class where oid = '${names.table("memories")}'::regclass)`

const countDeleted = (layout: StatementLayout, deletion: string): string => `with gone as (
${deletion}
  returning 1
)
select count(*), 0, ${wereSampled(layout)} from gone`

/**
 * One row as of every removal, of whole scopes with their entries and last turns. The triggers run after the
 * statement, so they find the setting.
 */
const countErased = (
  layout: StatementLayout,
  scopes: { readonly ctes?: string; readonly condition: string; readonly turns: string }
): string => `with ending as (
  select set_config('${ENDS_TURNS}', 'on', true) as setting
),
${scopes.ctes ?? ""}gone as (
  delete from ${layout.names.table("memories")} m where m.${scopes.condition} returning 1
),
entries_gone as (
  delete from ${layout.names.table("entries")} where ${scopes.condition} returning 1
),
turns_gone as (
  delete from ${layout.names.table("session_turns")} where ${scopes.turns}
)
select count(*), (select count(*) from entries_gone), ${wereSampled(layout)}, (select setting from ending) from gone`

/**
 * One row: the numbers of memories and of entries removed, whether the planner may hold samples of them. Triggers and
 * a foreign key remove postings, passages, counts and staged vectors.
 */
export const removeStatement = (
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly target: RemoveTarget }
): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const { target } = request
  if (target._tag === "All") {
    const condition = `scope = ${key}`
    return p.statement("remove_all", countErased(layout, { condition, turns: condition }))
  }
  const condition =
    target._tag === "Ids"
      ? ` and m.id = any (${p.add(encodeTextArray(target.ids))}::uuid[])`
      : matchesCondition(p, target.filter)
  return p.statement(
    `remove_${target._tag.toLowerCase()}`,
    countDeleted(
      layout,
      `  delete from ${layout.names.table("memories")} m\n  where m.scope = ${key}${condition}`
    )
  )
}

/** Across scopes; skips rows that another purger has locked. */
export const expireStatement = (
  layout: StatementLayout,
  request: { readonly now: number; readonly limit: number }
): SqlStatement => {
  const table = layout.names.table("memories")
  const p = new Parameters()
  return p.statement(
    "expire",
    countDeleted(
      layout,
      `  delete from ${table} m
  where (m.scope, m.id) in (
    select e.scope, e.id from ${table} e
    where e.expires_at <= ${p.add(request.now)}::bigint
    order by e.expires_at
    limit ${p.add(request.limit)}::bigint
    for update skip locked
  )`
    )
  )
}

export const eraseUserStatement = (layout: StatementLayout, userId: string): SqlStatement => {
  const p = new Parameters()
  const user = `${p.add(userId)}::text`
  return p.statement(
    "erase_user",
    countErased(layout, {
      ctes: `erased as materialized (
  select scope from ${layout.names.table("scopes")} where user_id = ${user}
),
`,
      condition: "scope in (select scope from erased)",
      // A scope without rows and entries has last turns alone.
      turns: `user_hash = ${hashSql(user)}`
    })
  )
}

/** Rows: agent, user, count, bytes; ordered by the scope's key. */
export const scopesStatement = (
  layout: StatementLayout,
  request: { readonly after?: Scope | undefined; readonly limit: number }
): SqlStatement => {
  const p = new Parameters()
  const after = request.after === undefined ? "" : `where s.scope > ${p.add(scopeId(request.after))}::uuid\n`
  return p.statement(
    "scopes",
    `select s.agent_id, s.user_id, s.row_count, ${scopeBytes(layout.names)} from ${layout.names.table("scopes")} s
${after}order by s.scope limit ${p.add(request.limit)}::bigint`
  )
}
