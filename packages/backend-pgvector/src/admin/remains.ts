/** What the server tells of its files and its log. Null, or `undefined` in a query, for what it does not show to a role. */
import type { DbSession, Rows } from "../connection/Database.ts"
import { encodeTextArray } from "../connection/parameterCodec.ts"
import { Parameters } from "../connection/Parameters.ts"

/** Paths of files by the numbers of their relations. */
export type Files = ReadonlyMap<string, string>

/** The files of tables, of their TOAST tables, and of the indexes of both. */
export const findFiles = async (session: DbSession, tables: ReadonlyArray<string>): Promise<Files> => {
  const p = new Parameters()
  const rows = await session.query(
    p.statement(
      "files",
      `with heaps as (
  select c.oid from pg_class c where c.oid = any (${p.add(encodeTextArray(tables))}::text[]::regclass[])
  union all
  select c.reltoastrelid from pg_class c
  where c.oid = any (${p.add(encodeTextArray(tables))}::text[]::regclass[]) and c.reltoastrelid <> 0
)
select r.oid::text, pg_relation_filepath(r.oid) from (
  select oid from heaps union all select i.indexrelid from pg_index i join heaps on i.indrelid = heaps.oid
) r (oid)`
    )
  )
  return new Map(rows.map(([oid, path]) => [String(oid), String(path)]))
}

/** The answer, or null where the server refuses it. */
const ask = (session: DbSession, operation: string, text: string): Promise<Rows | null> =>
  session.query(new Parameters().statement(operation, text)).catch(() => null)

/** Former files that still hold bytes. */
export const countOldFiles = async (
  session: DbSession,
  before: Files,
  after: Files
): Promise<number | null> => {
  const paths = Array.from(before.values()).filter((path) => !new Set(after.values()).has(path))
  const p = new Parameters()
  const statement = p.statement(
    "old_files",
    `select count(*) from unnest(${p.add(encodeTextArray(paths))}::text[]) as f (path)
where (pg_stat_file(f.path, true)).size > 0`
  )
  const rows = await session.query(statement).catch(() => null)
  return rows === null ? null : Number(rows[0]?.[0])
}

/** Tries to read what `vacuum` counted: before PostgreSQL 15 another process writes it down. */
const TRIES = 20

const countAfterVacuum = async (
  session: DbSession,
  tables: ReadonlyArray<string>
): Promise<number | null> => {
  const started = (
    await session.query(new Parameters().statement("clock", "select clock_timestamp()::text"))
  )[0]
  for (const table of tables) await session.execute(`vacuum ${table}`)
  const p = new Parameters()
  const statement = p.statement(
    "dead_rows",
    `select sum(pg_stat_get_dead_tuples(c.oid) + case when c.reltoastrelid = 0 then 0 else pg_stat_get_dead_tuples(c.reltoastrelid) end),
  bool_and(coalesce(pg_stat_get_last_vacuum_time(c.oid) >= ${p.add(String(started?.[0]))}::timestamptz, false))
from pg_class c where c.oid = any (${p.add(encodeTextArray(tables))}::text[]::regclass[])`
  )
  for (let i = 0; i < TRIES; i++) {
    const [dead, isCounted] = (await session.query(statement))[0] ?? []
    if (isCounted === true) return Number(dead)
    await session.execute("select pg_stat_clear_snapshot(), pg_sleep(.1)")
  }
  return null
}

/** Deleted rows that a vacuum finds and must leave, as a session or a slot may see them. */
export const countDeadRows = async (
  session: DbSession,
  tables: ReadonlyArray<string>
): Promise<number | null> => {
  const dead = await countAfterVacuum(session, tables)
  // A session writes its deletions down once a second: those may be counted after the vacuum that took the rows away.
  return dead === null || dead === 0 ? dead : countAfterVacuum(session, tables)
}

/** The write-ahead log, and what takes it in. */
export interface WriteAheadLog {
  /** Files that are there, recycled ones included, which keep old bytes until they are overwritten. */
  readonly files: number | null
  readonly bytes: number | null
  readonly replicas: number
  readonly slots: number
  readonly archives: boolean
}

export const measureLog = async (session: DbSession): Promise<WriteAheadLog> => {
  const files = await ask(session, "log_files", "select count(*), coalesce(sum(size), 0) from pg_ls_waldir()")
  const takers = await ask(
    session,
    "log_takers",
    `select (select count(*) from pg_stat_replication), (select count(*) from pg_replication_slots),
  current_setting('archive_mode') <> 'off'`
  )
  const [replicas, slots, archives] = takers?.[0] ?? []
  return {
    files: files === null ? null : Number(files[0]?.[0]),
    bytes: files === null ? null : Number(files[0]?.[1]),
    replicas: Number(replicas ?? 0),
    slots: Number(slots ?? 0),
    archives: archives === true
  }
}
