/** The move to another embedding space: a table of its own is filled, then one transaction switches to it. */
import {
  checkVectors,
  type Fingerprint,
  noMoveUnderWay,
  otherMoveUnderWay,
  rowsUnstaged,
  sameFingerprint,
  type StagedRow
} from "@keepsake/core/driver"
import { Effect } from "effect"
import { MEMORY_SELECT } from "../codec/memoryRow.ts"
import { flattenTerms } from "../codec/terms.ts"
import type { DbSession, SqlStatement } from "../connection/Database.ts"
import { encodeTextArray, encodeVectorArray } from "../connection/parameterCodec.ts"
import { Parameters } from "../connection/Parameters.ts"
import {
  checkDimensions,
  addEmbedding,
  embeddingColumn,
  type EmbeddingColumns,
  type StatementLayout,
  termsColumn,
  toEmbeddingColumns,
  typeName,
  weightColumn,
  weightsColumn
} from "../schema/EmbeddingColumns.ts"
import type { Identifiers } from "../schema/identifiers.ts"
import { lockStatement, readSettings } from "../schema/storedSettings.ts"
import { triggerFunctions } from "../schema/triggers.ts"
import { scopeId } from "../scopeId.ts"

const setStaged = (names: Identifiers, staged: Fingerprint | null): SqlStatement => {
  const p = new Parameters()
  const value = p.add(staged === null ? null : JSON.stringify(staged))
  return p.statement("set_staged", `update ${names.table("settings")} set staged = ${value}::jsonb`)
}

const nextSpace = (space: EmbeddingColumns, staged: Fingerprint): EmbeddingColumns =>
  toEmbeddingColumns(space.number + 1, staged, space.vectorType, space.extension)

const clearStage = (names: Identifiers): string =>
  `truncate ${names.table("stage")};
alter table ${names.table("stage")} drop column if exists embedding`

/** Opens a stage, or continues the open one. */
export const openStage = async (
  session: DbSession,
  layout: StatementLayout,
  next: Fingerprint
): Promise<void> => {
  const { names, space } = layout
  await session.query(lockStatement(names))
  const { staged } = await readSettings(session, names)
  if (staged !== null) {
    if (sameFingerprint(staged, next)) return
    throw otherMoveUnderWay(staged, next)
  }
  const target = nextSpace(space, next)
  checkDimensions(target.dimensions, target.vectorType)
  await session.execute(clearStage(names))
  if (target.dimensions !== null) {
    await session.execute(
      `alter table ${names.table("stage")} add column embedding ${typeName(target)}(${target.dimensions})`
    )
  }
  await session.query(setStaged(names, next))
}

/** Memories that are not staged. Rows: a memory, agent, user. */
export const unstagedStatement = ({ names }: StatementLayout, limit: number): SqlStatement => {
  const p = new Parameters()
  return p.statement(
    "unstaged",
    `select ${MEMORY_SELECT}, m.agent_id, m.user_id
from ${names.table("memories")} m
left join ${names.table("accesses")} a on a.scope = m.scope and a.id = m.id
where not exists (select from ${names.table("stage")} s where s.scope = m.scope and s.id = m.id)
order by m.scope, m.id
limit ${p.add(limit)}::bigint`
  )
}

const fillStatement = (
  layout: StatementLayout,
  staged: Fingerprint,
  rows: ReadonlyArray<StagedRow>
): SqlStatement => {
  const { names } = layout
  const target = nextSpace(layout.space, staged)
  const p = new Parameters()
  const terms = flattenTerms(rows)
  const arrays = [
    `${p.add(encodeTextArray(rows.map((row) => scopeId(row.scope))))}::uuid[]`,
    `${p.add(encodeTextArray(rows.map((row) => row.id)))}::uuid[]`,
    `${p.add(terms.first)}::int4[]`,
    `${p.add(terms.last)}::int4[]`
  ]
  const [ids, weights] = [p.add(terms.ids), p.add(terms.weights)]
  const embedded = target.dimensions !== null
  if (embedded) {
    const vectors = rows.map((row) => row.vector)
    arrays.push(`${p.add(encodeVectorArray(vectors, layout.vectorOid))}::${typeName(target, "vector")}[]`)
  }
  return p.statement(
    "fill_stage",
    `insert into ${names.table("stage")} (scope, id, terms, weights${embedded ? ", embedding" : ""})
select m.scope, m.id, (${ids}::int4[])[r.first:r.last], (${weights}::float4[])[r.first:r.last]${embedded ? `, r.embedding::${typeName(target)}` : ""}
from unnest(${arrays.join(", ")}) as r (scope, id, first, last${embedded ? ", embedding" : ""})
join ${names.table("memories")} m on m.scope = r.scope and m.id = r.id
order by m.scope, m.id
on conflict (scope, id) do update set
  terms = excluded.terms, weights = excluded.weights${embedded ? ", embedding = excluded.embedding" : ""}`
  )
}

/** Does nothing without an open stage: another process may have dropped it meanwhile. */
export const fillStage = async (
  session: DbSession,
  layout: StatementLayout,
  rows: ReadonlyArray<StagedRow>
): Promise<void> => {
  const { staged } = await readSettings(session, layout.names)
  if (staged === null || rows.length === 0) return
  const vectors = rows.map((row) => row.vector)
  await Effect.runPromise(checkVectors(staged, "rows.vector", vectors))
  await session.query(fillStatement(layout, staged, rows))
}

export const dropStage = async (session: DbSession, { names }: StatementLayout): Promise<void> => {
  await session.query(lockStatement(names))
  await session.execute(clearStage(names))
  await session.query(setStaged(names, null))
}

/** Renames the columns and refills them. With the new names, statements of handles on the old space fail. */
const switchCommands = (
  names: Identifiers,
  from: EmbeddingColumns,
  to: EmbeddingColumns
): ReadonlyArray<string> => {
  const memories = names.table("memories")
  const postings = names.table("postings")
  const embedded = to.dimensions === null ? "" : `, ${embeddingColumn(to)} = s.embedding`
  const unembedded =
    to.dimensions === null
      ? "0"
      : `(
  select count(*) from ${memories} m where m.scope = s.scope and m.valid_to is null and m.${embeddingColumn(to)} is null
)`
  return [
    ...(from.dimensions === null ? [] : [`alter table ${memories} drop column ${embeddingColumn(from)}`]),
    `alter table ${memories} rename column ${termsColumn(from)} to ${termsColumn(to)}`,
    `alter table ${memories} rename column ${weightsColumn(from)} to ${weightsColumn(to)}`,
    `alter table ${postings} rename column ${weightColumn(from)} to ${weightColumn(to)}`,
    ...addEmbedding(names, to),
    ...triggerFunctions(names, to),
    `update ${memories} m set ${termsColumn(to)} = s.terms, ${weightsColumn(to)} = s.weights${embedded}
from ${names.table("stage")} s where s.scope = m.scope and s.id = m.id`,
    `truncate ${postings}`,
    `insert into ${postings} (scope, term, id, is_current, ${weightColumn(to)})
select m.scope, t.term, m.id, m.valid_to is null, t.weight
from ${memories} m, unnest(m.${termsColumn(to)}, m.${weightsColumn(to)}) as t (term, weight)
order by m.scope, t.term, m.id`,
    `update ${names.table("scopes")} s set unembedded_count = ${unembedded}`,
    `truncate ${names.table("tuned")}`
  ]
}

/**
 * Locks the tables throughout: readers wait (some 20 s per 100,000 rows of 384 dimensions), and read the old space
 * or the new one, never both.
 */
export const commitStage = async (session: DbSession, layout: StatementLayout): Promise<void> => {
  const { names, space } = layout
  await session.query(lockStatement(names))
  const { staged } = await readSettings(session, names)
  if (staged === null) throw noMoveUnderWay()
  await session.execute(
    `lock table ${names.table("memories")}, ${names.table("postings")}, ${names.table("stage")} in access exclusive mode`
  )
  const [row] = await session.query({
    operation: "missing",
    text: `select count(*) from ${names.table("memories")} m
where not exists (select from ${names.table("stage")} s where s.scope = m.scope and s.id = m.id)`,
    values: []
  })
  const missing = Number(row?.[0])
  if (missing > 0) throw rowsUnstaged(missing)
  const target = nextSpace(space, staged)
  for (const command of switchCommands(names, space, target)) await session.execute(command)
  await session.execute(clearStage(names))
  await session.execute(
    `update ${names.table("settings")} set fingerprint = staged, staged = null, space = ${target.number}`
  )
}
