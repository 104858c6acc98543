/** Memories and store rows as columns, in both directions. */
import {
  type Interval,
  type JsonObject,
  type Memory,
  type MemorySource,
  type MemoryType,
  type Passages,
  type Scope,
  type StoreRow,
  type Terms,
  toBytes
} from "@keepsake/core/driver"
import type { Row, Rows } from "../connection/Database.ts"
import type { Parameters } from "../connection/Parameters.ts"
import { encodeTextArray, encodeVectorArray } from "../connection/parameterCodec.ts"
import {
  castToColumn,
  embeddingColumn,
  lengthColumn,
  normColumn,
  type StatementLayout,
  termsColumn,
  weightsColumn
} from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"
import { measureWeights } from "./firstVersion.ts"
import { decodePassages, isLong, lacksVectors } from "./passages.ts"
import { encodeTerms, NO_TERMS } from "./terms.ts"
import { toNumberOrNull, toNumbers } from "./values.ts"
import { parseVector } from "./vectorColumn.ts"

/**
 * The select list of a memory: `m` is its row in `memories`, `a` its row in `accesses` or NULLs. `decodeMemory`
 * reads the values in this order.
 */
const memoryColumns = (content: string, metadata: string): ReadonlyArray<string> => [
  "m.id",
  content,
  "m.type",
  metadata,
  "m.source",
  "m.speaker",
  "m.session_id",
  "m.turn",
  "m.said_at",
  "m.importance",
  "m.pinned",
  "m.created_at",
  "m.updated_at",
  "m.expires_at",
  "m.valid_from",
  "m.valid_to",
  "m.past",
  "m.superseded_by",
  "m.access_count + coalesce(a.access_count, 0)",
  "coalesce(a.last_accessed_at, m.last_accessed_at)",
  "m.key"
]

/** The select list of a memory, with these expressions for its text and its metadata. */
export const selectMemory = (content: string, metadata: string): string =>
  memoryColumns(content, metadata).join(", ")

export const MEMORY_SELECT = selectMemory("m.content", "m.metadata")
export const MEMORY_WIDTH = memoryColumns("", "").length

type MemoryTuple = readonly [
  id: string,
  content: string,
  type: MemoryType,
  metadata: JsonObject,
  source: MemorySource,
  speaker: string | null,
  sessionId: string | null,
  turn: number | null,
  saidAt: number,
  importance: number,
  pinned: boolean,
  createdAt: number,
  updatedAt: number,
  expiresAt: number | null,
  validFrom: number,
  validTo: number | null,
  past: ReadonlyArray<number>,
  supersededBy: string | null,
  accessCount: number,
  lastAccessedAt: number | null,
  key: string | null
]

const decodeIntervals = (
  past: ReadonlyArray<number>,
  from: number,
  to: number | null
): ReadonlyArray<Interval> => {
  const intervals: Array<Interval> = []
  for (let i = 0; i + 1 < past.length; i += 2) intervals.push({ from: past[i] ?? 0, to: past[i + 1] ?? 0 })
  intervals.push({ from, to })
  return intervals
}

/** Decodes the first `MEMORY_WIDTH` values of a row; our migrations fix their types. */
export const decodeMemory = (row: Row, scope: Scope): Memory => {
  // The select list above, in its order.
  const m = row as MemoryTuple
  // By index: a search decodes hundreds of rows, and destructuring would iterate over each.
  return {
    id: m[0],
    scope,
    key: m[20],
    content: m[1],
    type: m[2],
    metadata: m[3],
    source: m[4],
    speaker: m[5],
    sessionId: m[6],
    turn: m[7],
    saidAt: m[8],
    importance: m[9],
    pinned: m[10],
    createdAt: m[11],
    updatedAt: m[12],
    expiresAt: m[13],
    validity: decodeIntervals(m[16], m[14], m[15]),
    supersededBy: m[17],
    accessCount: m[18],
    lastAccessedAt: m[19]
  }
}

export const decodeMemories = (rows: Rows, { scope }: { readonly scope: Scope }): ReadonlyArray<Memory> =>
  rows.map((row) => decodeMemory(row, scope))

/** The select list of a row: a memory, whether it is owed vectors, its terms and vector, and its passages as JSON. */
export const selectRow = ({ names, space }: StatementLayout): string => {
  const embedding = (row: string) =>
    space.dimensions === null ? "null::text" : `${row}.${embeddingColumn(space)}::text`
  const columns = [termsColumn(space), weightsColumn(space), lengthColumn(space), normColumn(space)]
  const passages = ["start_at", "end_at", ...columns].map((name) => `x.${name}`)
  return `${MEMORY_SELECT}, m.owed, ${columns.map((name) => `m.${name}`).join(", ")}, ${embedding("m")},
  case when m.passage_count is not null then (
    select json_agg(json_build_array(${passages.join(", ")}, ${embedding("x")}) order by x.number)
    from ${names.table("passages")} x where x.scope = m.scope and x.id = m.id
  ) end`
}

const decodeTerms = (row: Row, at: number, layout: StatementLayout): Terms => {
  const weights = Float32Array.from(toNumbers(row[at + 1]))
  const [length, norm] = [toNumberOrNull(row[at + 2]), toNumberOrNull(row[at + 3])]
  return {
    ids: Uint32Array.from(toNumbers(row[at]), (id) => id >>> 0),
    weights,
    ...(length === null || norm === null ? measureWeights(weights, layout.fingerprint) : { length, norm })
  }
}

/** Decodes what `selectRow` selects. */
export const decodeRow = (row: Row, scope: Scope, layout: StatementLayout): StoreRow => {
  const memory = decodeMemory(row, scope)
  const [vector, json] = [row[MEMORY_WIDTH + 5], row[MEMORY_WIDTH + 6]]
  const whole = () => ({
    start: 0,
    end: memory.content.length,
    vector: typeof vector === "string" ? parseVector(vector) : null,
    terms: decodeTerms(row, MEMORY_WIDTH + 1, layout)
  })
  const passages = json === null ? [whole()] : decodePassages(json)
  // A long text has at least one passage, as it was written.
  return { memory, passages: passages as unknown as Passages, owed: row[MEMORY_WIDTH] === true }
}

/** A column of `memories` other than scope, vector and terms. */
interface MemoryColumn {
  readonly name: string
  readonly type: string
  readonly value: (memory: Memory) => string | number | boolean | null
}

const lastInterval = (memory: Memory): Interval =>
  memory.validity.at(-1) ?? { from: memory.createdAt, to: null }
const encodePast = (memory: Memory): string =>
  `{${memory.validity
    .slice(0, -1)
    .flatMap(({ from, to }) => [from, to ?? from])
    .join(",")}}`

/** Bytes of metadata as they count against limits; 0 for `{}`. */
export const metadataBytes = (metadata: JsonObject): number => toBytes({ content: "", metadata })

const STORED_COLUMNS: ReadonlyArray<MemoryColumn> = [
  { name: "id", type: "uuid", value: (m) => m.id },
  { name: "said_at", type: "bigint", value: (m) => m.saidAt },
  { name: "created_at", type: "bigint", value: (m) => m.createdAt },
  { name: "updated_at", type: "bigint", value: (m) => m.updatedAt },
  { name: "expires_at", type: "bigint", value: (m) => m.expiresAt },
  { name: "valid_from", type: "bigint", value: (m) => lastInterval(m).from },
  { name: "valid_to", type: "bigint", value: (m) => lastInterval(m).to },
  { name: "turn", type: "bigint", value: (m) => m.turn },
  { name: "importance", type: "double precision", value: (m) => m.importance },
  { name: "access_count", type: "bigint", value: (m) => m.accessCount },
  { name: "last_accessed_at", type: "bigint", value: (m) => m.lastAccessedAt },
  { name: "pinned", type: "boolean", value: (m) => m.pinned },
  { name: "type", type: "text", value: (m) => m.type },
  { name: "source", type: "text", value: (m) => m.source },
  { name: "speaker", type: "text", value: (m) => m.speaker },
  { name: "session_id", type: "text", value: (m) => m.sessionId },
  { name: "key", type: "text", value: (m) => m.key },
  { name: "superseded_by", type: "text", value: (m) => m.supersededBy },
  { name: "content", type: "text", value: (m) => m.content },
  { name: "metadata", type: "jsonb", value: (m) => JSON.stringify(m.metadata) },
  { name: "metadata_bytes", type: "integer", value: (m) => metadataBytes(m.metadata) || null },
  { name: "past", type: "bigint[]", value: encodePast }
]

/** Rows as a select list over `r`, and the `from` item that defines `r`. */
export interface EncodedRows {
  readonly columns: ReadonlyArray<{ readonly name: string; readonly value: string }>
  readonly source: string
}

/** An array parameter of `r`: its element type as sent, and the cast to the column's type where they differ. */
const encodeColumn = (p: Parameters, column: MemoryColumn, rows: ReadonlyArray<StoreRow>) => {
  const values = p.add(encodeTextArray(rows.map((row) => column.value(row.memory))))
  // Sent as text: an array of arrays would have to be rectangular, and JSON in an array is quoted twice.
  const sentType = column.type === "bigint[]" || column.type === "jsonb" ? "text" : column.type
  return {
    name: column.name,
    array: `${values}::${sentType}[]`,
    cast: sentType === column.type ? "" : `::${column.type}`
  }
}

/** Whether rows may be stored under former ids: then `r` has `former_ids`. */
export const hasFormerIds = (rows: ReadonlyArray<StoreRow>): boolean =>
  rows.some(({ formerIds = [] }) => formerIds.length > 0)

/** Columns that few rows have: sent only where one of the rows has them. */
const rareColumns = (p: Parameters, rows: ReadonlyArray<StoreRow>) => {
  const column = (name: string, type: string, value: (row: StoreRow) => number | boolean | null) => {
    const values = rows.map(value)
    return values.every((one) => one === null)
      ? { name, type, array: null }
      : { name, type, array: `${p.add(encodeTextArray(values))}::${type}[]` }
  }
  const ofLong =
    <A>(value: (row: StoreRow) => A) =>
    (row: StoreRow) =>
      isLong(row.passages, row.memory.content) ? value(row) : null
  return [
    column(
      "passage_count",
      "integer",
      ofLong(({ passages }) => passages.length)
    ),
    column(
      "lacks_vectors",
      "boolean",
      ofLong(({ passages }) => lacksVectors(passages))
    ),
    column("owed", "boolean", ({ owed }) => owed || null)
  ]
}

/** The rows of one statement as arrays, one per column, that `unnest` turns into rows `r`. */
export const encodeRows = (
  p: Parameters,
  layout: StatementLayout,
  scope: Scope,
  rows: ReadonlyArray<StoreRow>
): EncodedRows => {
  const { space } = layout
  // Words and vectors of a long text are those of its passages.
  const passages = rows.map((row) => (isLong(row.passages, row.memory.content) ? null : row.passages[0]))
  const key = p.add(scopeId(scope))
  const [agent, user] = [p.add(scope.agentId), p.add(scope.userId)]
  const encoded = STORED_COLUMNS.map((column) => encodeColumn(p, column, rows))
  const terms = encodeTerms(
    p,
    passages.map((passage) => passage?.terms ?? NO_TERMS)
  )
  const rare = rareColumns(p, rows)
  const sentRare = rare.flatMap(({ array, name }) => (array === null ? [] : [{ array, name }]))
  const arrays = [...[...encoded, ...sentRare].map(({ array }) => array), ...terms.arrays]
  const columns = [
    { name: "scope", value: `${key}::uuid` },
    { name: "agent_id", value: `${agent}::text` },
    { name: "user_id", value: `${user}::text` },
    ...encoded.map(({ cast, name }) => ({ name, value: `r.${name}${cast}` })),
    { name: "stated", value: "'created'" },
    { name: termsColumn(space), value: terms.ids },
    { name: weightsColumn(space), value: terms.weights },
    { name: lengthColumn(space), value: terms.length },
    { name: normColumn(space), value: terms.norm },
    ...rare.map(({ array, name, type }) => ({ name, value: array === null ? `null::${type}` : `r.${name}` }))
  ]
  const names = [...[...encoded, ...sentRare].map(({ name }) => name), ...terms.names]
  if (hasFormerIds(rows)) {
    arrays.push(
      `${p.add(encodeTextArray(rows.map(({ formerIds = [] }) => encodeTextArray(formerIds))))}::text[]`
    )
    names.push("former_ids")
  }
  if (space.dimensions !== null) {
    const vectors = passages.map((passage) => passage?.vector ?? null)
    arrays.push(`${p.add(encodeVectorArray(vectors, layout.vectorOid))}::${space.extension}.vector[]`)
    names.push("embedding")
    columns.push({
      name: embeddingColumn(space),
      value: space.vectorType === "vector" ? "r.embedding" : castToColumn(space, "r.embedding")
    })
  }
  return {
    columns,
    source: `unnest(
      ${arrays.join(", ")}
    ) as r (${names.join(", ")})`
  }
}
