/** Writes under the limits of a scope: the write, then what makes room for it, in one transaction. */
import { excess, limitReached, type Scope, type ScopeLimits, type ScopeUsage } from "@keepsake/core/driver"
import type { DbSession, Rows, SqlStatement } from "../../connection/Database.ts"
import { encodeTextArray } from "../../connection/parameterCodec.ts"
import { Parameters } from "../../connection/Parameters.ts"
import type { StatementLayout } from "../../schema/EmbeddingColumns.ts"
import { rowBytes } from "../../schema/jsonBytes.ts"
import { scopeId } from "../../scopeId.ts"
import { countBytesStatement, decodeUsage, holdScopeStatement, isCounted, usageStatement } from "../usage.ts"

/** A write that keeps to limits. */
export interface LimitedWrite {
  readonly scope: Scope
  readonly now: number
  readonly limits: ScopeLimits
  readonly statement: SqlStatement
  /** The rows of the write, by what its statement selected: they make no room. */
  readonly toIds: (written: Rows) => ReadonlyArray<string>
}

/** A write that has run. */
interface Written extends LimitedWrite {
  readonly ids: ReadonlyArray<string>
  /** The scope's usage before it. */
  readonly before: ScopeUsage
}

type Size = Omit<ScopeUsage, "owed">

/** Rows that may be dropped, oldest first. */
const PAGE = 100

const isOver = ({ bytes, memories }: Size): boolean => bytes > 0 || memories > 0

/** The rows of a write's scope that are not its own, as a condition on `m`. */
const others = (p: Parameters, { ids, scope }: Written): string =>
  `m.scope = ${p.add(scopeId(scope))}::uuid and m.id <> all (${p.add(encodeTextArray(ids))}::uuid[])`

/** One row: the number and the bytes of the others that have expired. */
const expiredStatement = ({ names }: StatementLayout, write: Written): SqlStatement => {
  const p = new Parameters()
  return p.statement(
    "expired_usage",
    `select count(*), coalesce(sum(${rowBytes(names, "m")}), 0) from ${names.table("memories")} m
where ${others(p, write)} and m.expires_at <= ${p.add(write.now)}::bigint`
  )
}

interface DropCursor {
  readonly saidAt: number
  readonly id: string
}

/** Rows: id, time, bytes of the oldest others, after the cursor. `keptLonger`: pins, and rows that supersede another. */
const oldestStatement = (
  { names }: StatementLayout,
  write: Written,
  keptLonger: boolean,
  after: DropCursor | null
): SqlStatement => {
  const p = new Parameters()
  const table = names.table("memories")
  const own = others(p, write)
  const longer = `(m.pinned or exists (
    select from ${table} o where o.scope = m.scope and o.superseded_by = m.id::text
      and o.id <> all (${p.add(encodeTextArray(write.ids))}::uuid[])
  ))`
  const following =
    after === null
      ? ""
      : `\n  and (m.said_at, m.id) > (${p.add(after.saidAt)}::bigint, ${p.add(after.id)}::uuid)`
  return p.statement(
    "oldest",
    `select m.id, m.said_at, ${rowBytes(names, "m")} from ${table} m
where ${own} and (m.expires_at is null or m.expires_at > ${p.add(write.now)}::bigint)${following}
  and ${longer} is ${keptLonger ? "true" : "false"}
order by m.said_at, m.id
limit ${PAGE}`
  )
}

const dropStatement = (
  { names }: StatementLayout,
  write: Written,
  ids: ReadonlyArray<string>
): SqlStatement => {
  const p = new Parameters()
  return p.statement(
    "make_room",
    `delete from ${names.table("memories")} m
where ${others(p, write)}
  and (m.expires_at <= ${p.add(write.now)}::bigint or m.id = any (${p.add(encodeTextArray(ids))}::uuid[]))`
  )
}

/** The oldest rows that must go, and the size that is left without them. */
const chooseOldest = async (
  session: DbSession,
  layout: StatementLayout,
  write: Written,
  size: Size
): Promise<{ readonly ids: ReadonlyArray<string>; readonly left: Size }> => {
  const ids: Array<string> = []
  let left = size
  for (const keptLonger of [false, true]) {
    let after: DropCursor | null = null
    for (;;) {
      if (!isOver(excess(left, write.limits))) return { ids, left }
      const rows: Rows = await session.query(oldestStatement(layout, write, keptLonger, after))
      for (const [id, saidAt, bytes] of rows) {
        if (!isOver(excess(left, write.limits))) break
        ids.push(String(id))
        after = { saidAt: Number(saidAt), id: String(id) }
        left = { memories: left.memories - 1, bytes: left.bytes - Number(bytes) }
      }
      if (rows.length < PAGE) break
    }
  }
  return { ids, left }
}

/** The scope's usage; from now on the scope keeps count of its bytes. */
const readUsage = async (session: DbSession, layout: StatementLayout, scope: Scope): Promise<ScopeUsage> => {
  const rows = await session.query(usageStatement(layout, { scope }))
  if (!isCounted(rows)) {
    await session.query(holdScopeStatement(layout, scope))
    await session.query(countBytesStatement(layout, scope))
  }
  return decodeUsage(rows)
}

/** Drops what makes room; throws `LimitReached` where that is not enough, so that the transaction is rolled back. */
const makeRoom = async (session: DbSession, layout: StatementLayout, write: Written): Promise<void> => {
  const { before, limits, scope } = write
  const after = decodeUsage(await session.query(usageStatement(layout, { scope })))
  if (!isOver(excess(after, limits))) return
  const [row] = await session.query(expiredStatement(layout, write))
  const unexpired = {
    memories: after.memories - Number(row?.[0]),
    bytes: after.bytes - Number(row?.[1])
  }
  const { ids, left } =
    limits.whenFull === "dropOldest"
      ? await chooseOldest(session, layout, write, unexpired)
      : { ids: [], left: unexpired }
  const over = excess(left, limits)
  if (
    (over.memories > 0 && left.memories > before.memories) ||
    (over.bytes > 0 && left.bytes > before.bytes)
  ) {
    throw limitReached(over)
  }
  await session.query(dropStatement(layout, write, ids))
}

/** Runs in a transaction. Writers under limits take turns in a scope: each finds what the one before it left. */
export const runLimitedWrite = async (
  session: DbSession,
  layout: StatementLayout,
  write: LimitedWrite
): Promise<Rows> => {
  const key = scopeId(write.scope)
  await session.execute(
    `set local keepsake.scope = '${key}'; select pg_advisory_xact_lock(hashtext('keepsake limits'), hashtext('${key}'))`
  )
  const before = await readUsage(session, layout, write.scope)
  const rows = await session.query(write.statement)
  await makeRoom(session, layout, { ...write, before, ids: write.toIds(rows) })
  return rows
}
