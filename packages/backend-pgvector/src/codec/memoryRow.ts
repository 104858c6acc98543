/** Memories and store rows as columns, in both directions. */
import type {
  Interval,
  JsonObject,
  Memory,
  MemorySource,
  MemoryType,
  Scope,
  StoreRow
} from "@keepsake/core/driver"
import type { Row, Rows } from "../connection/Database.ts"
import type { Parameters } from "../connection/Parameters.ts"
import { encodeTextArray, encodeVectorArray } from "../connection/parameterCodec.ts"
import {
  castToColumn,
  embeddingColumn,
  type StatementLayout,
  termsColumn,
  weightsColumn
} from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"
import { flattenTerms } from "./terms.ts"
import { toNumbers } from "./values.ts"
import { parseVector } from "./vectorColumn.ts"

/**
 * The select list of a memory: `m` is its row in `memories`, `a` its row in `accesses` or NULLs. `decodeMemory`
 * reads the values in this order.
 */
const MEMORY_COLUMNS = [
  "m.id",
  "m.content",
  "m.type",
  "m.metadata",
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

export const MEMORY_SELECT = MEMORY_COLUMNS.join(", ")
export const MEMORY_WIDTH = MEMORY_COLUMNS.length

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

/** Decodes a memory followed by its terms, weights and vector as text. */
export const decodeRow = (row: Row, scope: Scope): StoreRow => {
  const vector = row[MEMORY_WIDTH + 2]
  return {
    memory: decodeMemory(row, scope),
    terms: {
      ids: Uint32Array.from(toNumbers(row[MEMORY_WIDTH]), (id) => id >>> 0),
      weights: Float32Array.from(toNumbers(row[MEMORY_WIDTH + 1]))
    },
    vector: typeof vector === "string" ? parseVector(vector) : null
  }
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

/** The rows of one statement as arrays, one per column, that `unnest` turns into rows `r`. */
export const encodeRows = (
  p: Parameters,
  layout: StatementLayout,
  scope: Scope,
  rows: ReadonlyArray<StoreRow>
): EncodedRows => {
  const { space } = layout
  const terms = flattenTerms(rows)
  const key = p.add(scopeId(scope))
  const [agent, user] = [p.add(scope.agentId), p.add(scope.userId)]
  const encoded = STORED_COLUMNS.map((column) => encodeColumn(p, column, rows))
  const arrays = [
    ...encoded.map(({ array }) => array),
    `${p.add(terms.first)}::int4[]`,
    `${p.add(terms.last)}::int4[]`
  ]
  const [ids, weights] = [p.add(terms.ids), p.add(terms.weights)]
  const columns = [
    { name: "scope", value: `${key}::uuid` },
    { name: "agent_id", value: `${agent}::text` },
    { name: "user_id", value: `${user}::text` },
    ...encoded.map(({ cast, name }) => ({ name, value: `r.${name}${cast}` })),
    { name: "stated", value: "'created'" },
    { name: termsColumn(space), value: `(${ids}::int4[])[r.first:r.last]` },
    { name: weightsColumn(space), value: `(${weights}::float4[])[r.first:r.last]` }
  ]
  const names = [...encoded.map(({ name }) => name), "first", "last"]
  if (hasFormerIds(rows)) {
    arrays.push(
      `${p.add(encodeTextArray(rows.map(({ formerIds = [] }) => encodeTextArray(formerIds))))}::text[]`
    )
    names.push("former_ids")
  }
  if (space.dimensions !== null) {
    const vectors = rows.map((row) => row.vector)
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
