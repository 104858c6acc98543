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
import * as Effect from "effect/Effect"
import { MEMORY_SELECT } from "../codec/memoryRow.ts"
import { encodePassages, isLong, lacksVectors, type LongText, PASSAGE_PLACE } from "../codec/passages.ts"
import { encodeTerms, NO_TERMS } from "../codec/terms.ts"
import type { DbSession, SqlStatement } from "../connection/Database.ts"
import { encodeTextArray, encodeVectorArray } from "../connection/parameterCodec.ts"
import { Parameters } from "../connection/Parameters.ts"
import {
  checkDimensions,
  addEmbedding,
  embeddingColumn,
  type EmbeddingColumns,
  lengthColumn,
  normColumn,
  type StatementLayout,
  termsColumn,
  toEmbeddingColumns,
  typeName,
  weightColumn,
  weightsColumn
} from "../schema/EmbeddingColumns.ts"
import type { Identifiers } from "../schema/identifiers.ts"
import { lockStatement, readSettings } from "../schema/storedSettings.ts"
import { countRows, triggerFunctions } from "../schema/triggers.ts"
import { scopeId } from "../scopeId.ts"

const setStaged = (names: Identifiers, staged: Fingerprint | null): SqlStatement => {
  const p = new Parameters()
  const value = p.add(staged === null ? null : JSON.stringify(staged))
  return p.statement("set_staged", `update ${names.table("settings")} set staged = ${value}::jsonb`)
}

const nextSpace = (space: EmbeddingColumns, staged: Fingerprint): EmbeddingColumns =>
  toEmbeddingColumns(space.number + 1, staged, space.vectorType, space.extension)

const STAGES = ["stage", "stage_passages"] as const

const clearStage = (names: Identifiers): string =>
  [
    `truncate ${STAGES.map((table) => names.table(table)).join(", ")}`,
    ...STAGES.map((table) => `alter table ${names.table(table)} drop column if exists embedding`)
  ].join(";\n")

/** A stage that the first version opened has no column for the vectors of passages yet. */
const addStagedEmbeddings = (names: Identifiers, target: EmbeddingColumns): string =>
  target.dimensions === null
    ? ""
    : STAGES.map(
        (table) =>
          `alter table ${names.table(table)} add column if not exists embedding ${typeName(target)}(${target.dimensions})`
      ).join(";\n")

/** Opens a stage, or continues the open one. */
export const openStage = async (
  session: DbSession,
  layout: StatementLayout,
  next: Fingerprint
): Promise<void> => {
  const { names, space } = layout
  await session.query(lockStatement(names))
  const { staged } = await readSettings(session, names)
  if (staged !== null && !sameFingerprint(staged, next)) throw otherMoveUnderWay(staged, next)
  const target = nextSpace(space, next)
  checkDimensions(target.dimensions, target.vectorType)
  if (staged === null) await session.execute(clearStage(names))
  await session.execute(addStagedEmbeddings(names, target))
  if (staged === null) await session.query(setStaged(names, next))
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

/** A staged row, and whether its passages are in `stage_passages`. */
interface FilledRow extends StagedRow {
  readonly content: string
  readonly long: boolean
}

const toText = ({ content, id, passages, scope }: FilledRow): LongText => ({
  scope: scopeId(scope),
  id,
  content,
  passages
})

/** Writes rows to the stage; what was staged of them before is gone already. */
const fillStatement = (
  layout: StatementLayout,
  target: EmbeddingColumns,
  rows: ReadonlyArray<FilledRow>
): SqlStatement => {
  const { names } = layout
  const p = new Parameters()
  const column = (value: (row: FilledRow) => string | number | boolean | null, type: string) =>
    `${p.add(encodeTextArray(rows.map(value)))}::${type}[]`
  const terms = encodeTerms(
    p,
    rows.map(({ long, passages: [first] }) => (long ? NO_TERMS : first.terms))
  )
  const arrays = [
    column(({ scope }) => scopeId(scope), "uuid"),
    column(({ id }) => id, "uuid"),
    column(({ long, passages }) => (long ? passages.length : null), "integer"),
    column(({ long, passages }) => (long ? lacksVectors(passages) : null), "boolean"),
    column(({ owed }) => owed || null, "boolean"),
    ...terms.arrays
  ]
  const isEmbedded = target.dimensions !== null
  if (isEmbedded) {
    const vectors = rows.map(({ long, passages: [first] }) => (long ? null : first.vector))
    arrays.push(`${p.add(encodeVectorArray(vectors, layout.vectorOid))}::${typeName(target, "vector")}[]`)
  }
  const embedding = isEmbedded ? ", embedding" : ""
  const vector = isEmbedded ? `, r.embedding::${typeName(target)}` : ""
  const insertion = `insert into ${names.table("stage")} (scope, id, passage_count, lacks_vectors, owed, terms, weights, length, norm${embedding})
  select m.scope, m.id, r.passage_count, r.lacks_vectors, r.owed, ${terms.ids}, ${terms.weights}, ${terms.length}, ${terms.norm}${vector}
  from unnest(${arrays.join(", ")}) as r (scope, id, passage_count, lacks_vectors, owed, ${terms.names.join(", ")}${embedding})
  join ${names.table("memories")} m on m.scope = r.scope and m.id = r.id
  order by m.scope, m.id
  on conflict (scope, id) do nothing
  returning scope, id`
  const texts = rows.filter(({ long }) => long).map(toText)
  if (texts.length === 0) return p.statement("fill_stage", insertion)
  const { source, values } = encodePassages(p, target, layout.vectorOid, texts)
  return p.statement(
    "fill_stage",
    `with filled as (
  ${insertion}
)
insert into ${names.table("stage_passages")} (scope, id, ${PASSAGE_PLACE}, terms, weights, length, norm${embedding})
select f.scope, f.id, ${values.join(", ")}
from ${source}
join filled f on f.scope = r.scope and f.id = r.id`
  )
}

/** Removes what is staged of these rows. Rows: the place of a row in the list and its text, of those that are still there. */
const unfillStatement = ({ names }: StatementLayout, rows: ReadonlyArray<StagedRow>): SqlStatement => {
  const p = new Parameters()
  const scopes = p.add(encodeTextArray(rows.map(({ scope }) => scopeId(scope))))
  const ids = p.add(encodeTextArray(rows.map(({ id }) => id)))
  return p.statement(
    "unfill_stage",
    `with given as (
  select * from unnest(${scopes}::uuid[], ${ids}::uuid[]) with ordinality as r (scope, id, place)
),
gone as (
  delete from ${names.table("stage")} s using given r where s.scope = r.scope and s.id = r.id
)
select r.place, m.content from given r
join ${names.table("memories")} m on m.scope = r.scope and m.id = r.id`
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
  const vectors = rows.flatMap(({ passages }) => passages.map(({ vector }) => vector))
  await Effect.runPromise(checkVectors(staged, "rows.vector", vectors))
  const texts = new Map(
    (await session.query(unfillStatement(layout, rows))).map(([place, content]) => [
      Number(place) - 1,
      String(content)
    ])
  )
  const filled = rows.flatMap((row, i): ReadonlyArray<FilledRow> => {
    const content = texts.get(i)
    return content === undefined ? [] : [{ ...row, content, long: isLong(row.passages, content) }]
  })
  if (filled.length === 0) return
  await session.query(fillStatement(layout, nextSpace(layout.space, staged), filled))
}

export const dropStage = async (session: DbSession, { names }: StatementLayout): Promise<void> => {
  await session.query(lockStatement(names))
  await session.execute(clearStage(names))
  await session.query(setStaged(names, null))
}

/** Renames the columns of a space. With the new names, statements of handles on the old space fail. */
const renameColumns = (
  names: Identifiers,
  from: EmbeddingColumns,
  to: EmbeddingColumns
): ReadonlyArray<string> => {
  const ofPassages = [termsColumn, weightsColumn, lengthColumn, normColumn]
  return [
    ...(["memories", "passages"] as const).flatMap((table) => [
      ...(from.dimensions === null
        ? []
        : [`alter table ${names.table(table)} drop column ${embeddingColumn(from)}`]),
      ...ofPassages.map(
        (column) => `alter table ${names.table(table)} rename column ${column(from)} to ${column(to)}`
      ),
      ...addEmbedding(names, to, table)
    ]),
    `alter table ${names.table("postings")} rename column ${weightColumn(from)} to ${weightColumn(to)}`,
    ...triggerFunctions(names, to)
  ]
}

/** Refills the columns of a space from the stage, then what follows from them. */
const refill = (names: Identifiers, to: EmbeddingColumns): ReadonlyArray<string> => {
  const [memories, passages, postings] = [
    names.table("memories"),
    names.table("passages"),
    names.table("postings")
  ]
  const [terms, weights] = [termsColumn(to), weightsColumn(to)]
  const isEmbedded = to.dimensions !== null
  const embedding = isEmbedded ? `, ${embeddingColumn(to)}` : ""
  const weighed = `(scope, term, id, is_current, ${weightColumn(to)})`
  return [
    `truncate ${passages}`,
    `update ${memories} m set passage_count = s.passage_count, lacks_vectors = s.lacks_vectors, owed = s.owed,
  ${terms} = s.terms, ${weights} = s.weights, ${lengthColumn(to)} = s.length, ${normColumn(to)} = s.norm${isEmbedded ? `, ${embeddingColumn(to)} = s.embedding` : ""}
from ${names.table("stage")} s where s.scope = m.scope and s.id = m.id`,
    `insert into ${passages} (scope, id, passage, is_current, ${PASSAGE_PLACE}, ${terms}, ${weights}, ${lengthColumn(to)}, ${normColumn(to)}${embedding})
select m.scope, m.id, gen_random_uuid(), m.valid_to is null, ${PASSAGE_PLACE}, s.terms, s.weights, s.length, s.norm${isEmbedded ? ", s.embedding" : ""}
from ${names.table("stage_passages")} s join ${memories} m on m.scope = s.scope and m.id = s.id`,
    `truncate ${postings}`,
    `insert into ${postings} ${weighed}
select m.scope, t.term, m.id, m.valid_to is null, t.weight
from ${memories} m, unnest(m.${terms}, m.${weights}) as t (term, weight)
union all
select x.scope, t.term, x.passage, x.is_current, t.weight
from ${passages} x, unnest(x.${terms}, x.${weights}) as t (term, weight)
order by 1, 2, 3`,
    `update ${names.table("scopes")} s set
  unembedded_count = c.unembedded_count, long_count = c.long_count, extra_count = c.extra_count
from (
  select m.scope, ${countRows(names, to, "m")} from ${memories} m group by m.scope
) c
where c.scope = s.scope`,
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
    `lock table ${(["memories", "passages", "postings", ...STAGES] as const).map((table) => names.table(table)).join(", ")} in access exclusive mode`
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
  for (const command of [...renameColumns(names, space, target), ...refill(names, target)])
    await session.execute(command)
  await session.execute(clearStage(names))
  await session.execute(
    `update ${names.table("settings")} set fingerprint = staged, staged = null, space = ${target.number}`
  )
}
