/** Tuning a scope: its indexes, built beside reads and writes, and what they find. */
import { conflict, type Scope } from "@keepsake/core/driver"
import { decodeTunedScope, type TunedScope } from "../codec/tunedScope.ts"
import type { DbSession, SqlStatement } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import type { StatementLayout } from "../schema/EmbeddingColumns.ts"
import { buildIndex, dropIndex, tryLock } from "../schema/indexes.ts"
import { TUNED_COLUMNS, tunedColumns } from "../schema/tunedColumns.ts"
import { scopeId } from "../scopeId.ts"
import { measureRecall } from "./recall.ts"
import { countLists, formerIndexes, scopeIndexes } from "./scopeIndexes.ts"

/** How far tuning has come. */
export interface TuningProgress {
  readonly step: "vectors" | "passages" | "words" | "recall"
  /** Rows of an index, or questions whose recall was measured. Both 0 while PostgreSQL waits or trains. */
  readonly done: number
  readonly total: number
}

/** A tuning that runs: who listens, and whether it was cancelled. */
export interface TuningRun {
  readonly report: (progress: TuningProgress) => void
  /** Throws once the tuning was cancelled. */
  readonly check: () => void
  /** The server's process of the session, and what it builds. */
  readonly building: (pid: number, step: TuningProgress["step"]) => void
}

/** A statement over one scope; `text` gets the expression of its key. */
const scopeStatement = (
  operation: string,
  scope: Scope,
  text: (key: string, p: Parameters) => string
): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(scope))}::uuid`
  return p.statement(operation, text(key, p))
}

const prepareSession = async (session: DbSession): Promise<void> => {
  await session.execute("set keepsake.scope = 'all'")
  await session.execute("set statement_timeout = 0")
}

const takeTurn = async (session: DbSession, layout: StatementLayout): Promise<void> => {
  await prepareSession(session)
  if (!(await tryLock(session, "keepsake tuning", layout.names)))
    throw conflict("Another session is tuning a scope of this store: try again when it is done.")
}

/** Adds the columns of a measurement to a store that an earlier version made. */
const addColumns = async (session: DbSession, { names }: StatementLayout): Promise<void> => {
  const p = new Parameters()
  const statement = p.statement(
    "tuned_columns",
    `select count(*) from pg_attribute where attrelid = ${p.add(names.table("tuned"))}::text::regclass
  and attname in (${TUNED_COLUMNS.map((name) => p.add(name)).join(", ")})`
  )
  const [row] = await session.query(statement)
  if (Number(row?.[0]) < TUNED_COLUMNS.length) await session.execute(tunedColumns(names))
}

interface ScopeSize {
  readonly memories: number
  readonly passages: number
  /** As searches count the scope. */
  readonly rows: number
}

const readSize = async (session: DbSession, layout: StatementLayout, scope: Scope): Promise<ScopeSize> => {
  const { names } = layout
  const statement = scopeStatement(
    "tuned_size",
    scope,
    (key) => `select coalesce(max(current_count), 0), coalesce(max(current_count + extra_count), 0), (
  select count(*) from ${names.table("passages")} where scope = ${key} and is_current
) from ${names.table("scopes")} where scope = ${key}`
  )
  const [row] = await session.query(statement)
  return { memories: Number(row?.[0]), rows: Number(row?.[1]), passages: Number(row?.[2]) }
}

const readTuned = async (
  session: DbSession,
  { names }: StatementLayout,
  scope: Scope
): Promise<TunedScope | null> => {
  const [row] = await session.query(
    scopeStatement(
      "tuned_scope",
      scope,
      (key) => `select to_jsonb(t) from ${names.table("tuned")} t where scope = ${key}`
    )
  )
  return decodeTunedScope(row?.[0])
}

const keep = (
  { names }: StatementLayout,
  scope: Scope,
  { lists, measuredRows, probes, recall }: TunedScope
): SqlStatement =>
  scopeStatement(
    "tuned",
    scope,
    (key, p) => `update ${names.table("tuned")} set is_ready = true, lists = ${p.add(lists)}::integer,
  probes = ${p.add(probes)}::integer, recall = ${p.add(recall)}::real, measured_rows = ${p.add(measuredRows)}::bigint
where scope = ${key}`
  )

const STEPS = ["vectors", "passages", "words"] as const

/** Each index in turn. With other numbers of lists than now they are built again, and meanwhile searches are exact. */
const buildAll = async (
  session: DbSession,
  layout: StatementLayout,
  scope: Scope,
  size: ScopeSize,
  run: TuningRun
): Promise<number> => {
  const { names, space } = layout
  const table = names.table("tuned")
  const toLists = (rows: number) => countLists(rows, space.dimensions ?? 1)
  const lists = { memories: toLists(size.memories), passages: toLists(size.passages) }
  await session.query(
    scopeStatement(
      "tune",
      scope,
      (key) => `insert into ${table} (scope, is_ready) values (${key}, false) on conflict (scope) do nothing`
    )
  )
  const indexes = scopeIndexes(layout, scopeId(scope), lists)
  const former = await readTuned(session, layout, scope)
  if (former !== null && former.lists !== null && former.lists !== lists.memories) {
    await session.query(
      scopeStatement("retune", scope, (key) => `update ${table} set is_ready = false where scope = ${key}`)
    )
    for (const index of indexes) await session.execute(dropIndex(names, index))
  }
  const [row] = await session.query({ operation: "pid", text: "select pg_backend_pid()", values: [] })
  for (const [i, index] of indexes.entries()) {
    run.check()
    run.building(Number(row?.[0]), STEPS[i] ?? "words")
    await buildIndex(session, names, index)
  }
  for (const index of formerIndexes(layout, scopeId(scope))) await session.execute(dropIndex(names, index))
  return lists.memories
}

/** Keeps other sessions from tuning meanwhile; the scope's size. */
const begin = async (session: DbSession, layout: StatementLayout, scope: Scope): Promise<ScopeSize> => {
  await takeTurn(session, layout)
  await addColumns(session, layout)
  return readSize(session, layout, scope)
}

/** Measures the scope's index again, and keeps what it finds. */
export const measureScope = async (
  session: DbSession,
  layout: StatementLayout,
  scope: Scope,
  run: TuningRun
): Promise<TunedScope> => {
  const { rows } = await begin(session, layout, scope)
  const tuned = await readTuned(session, layout, scope)
  return measureAndKeep(session, layout, scope, { rows, lists: tuned?.lists ?? null }, run)
}

const measureAndKeep = async (
  session: DbSession,
  layout: StatementLayout,
  scope: Scope,
  size: { readonly lists: number | null; readonly rows: number },
  run: TuningRun
): Promise<TunedScope> => {
  const tuned = await measureRecall(session, layout, scope, size, (done, total) => {
    run.check()
    run.report({ step: "recall", done, total })
  })
  await session.query(keep(layout, scope, tuned))
  return tuned
}

export const buildIndexes = async (
  session: DbSession,
  layout: StatementLayout,
  scope: Scope,
  run: TuningRun
): Promise<TunedScope> => {
  const size = await begin(session, layout, scope)
  const lists = await buildAll(session, layout, scope, size, run)
  return measureAndKeep(session, layout, scope, { rows: size.rows, lists }, run)
}

export const dropIndexes = async (
  session: DbSession,
  layout: StatementLayout,
  scope: Scope
): Promise<void> => {
  await prepareSession(session)
  const { names } = layout
  await session.query(
    scopeStatement("untune", scope, (key) => `delete from ${names.table("tuned")} where scope = ${key}`)
  )
  const built = scopeIndexes(layout, scopeId(scope), { memories: 1, passages: 1 })
  for (const index of [...built, ...formerIndexes(layout, scopeId(scope))])
    await session.execute(dropIndex(names, index))
}
