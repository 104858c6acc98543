/** Between memories and columns. */
import type { Interval, JsonObject, Memory, MemorySource, MemoryType, Scope } from "@keepsake/core/driver"
import type { Row } from "../connection/Database.ts"

/**
 * What reading a memory selects, `m` being its row in `memories` and `a` its row in `accesses` (or NULLs).
 * `readMemory` takes them in this order.
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
  "coalesce(a.last_accessed_at, m.last_accessed_at)"
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
  lastAccessedAt: number | null
]

const intervals = (past: ReadonlyArray<number>, from: number, to: number | null): ReadonlyArray<Interval> => {
  const all: Array<Interval> = []
  for (let i = 0; i + 1 < past.length; i += 2) all.push({ from: past[i] ?? 0, to: past[i + 1] ?? 0 })
  all.push({ from, to })
  return all
}

/** The first `MEMORY_WIDTH` values of a row, as our own migrations typed them. */
export const readMemory = (row: Row, scope: Scope): Memory => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the select list above, in its order
  const m = row as unknown as MemoryTuple
  // By index: a search reads hundreds of rows, and destructuring would iterate over each.
  return {
    id: m[0],
    scope,
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
    validity: intervals(m[16], m[14], m[15]),
    supersededBy: m[17],
    accessCount: m[18],
    lastAccessedAt: m[19]
  }
}

/** A memory's columns of `memories` other than scope, vector and terms. */
export interface MemoryColumn {
  readonly name: string
  readonly type: string
  readonly value: (memory: Memory) => string | number | boolean | null
}

const lastOf = (memory: Memory): Interval => memory.validity.at(-1) ?? { from: memory.createdAt, to: null }
const pastOf = (memory: Memory): string =>
  `{${memory.validity
    .slice(0, -1)
    .flatMap(({ from, to }) => [from, to ?? from])
    .join(",")}}`

export const STORED_COLUMNS: ReadonlyArray<MemoryColumn> = [
  { name: "id", type: "uuid", value: (m) => m.id },
  { name: "said_at", type: "bigint", value: (m) => m.saidAt },
  { name: "created_at", type: "bigint", value: (m) => m.createdAt },
  { name: "updated_at", type: "bigint", value: (m) => m.updatedAt },
  { name: "expires_at", type: "bigint", value: (m) => m.expiresAt },
  { name: "valid_from", type: "bigint", value: (m) => lastOf(m).from },
  { name: "valid_to", type: "bigint", value: (m) => lastOf(m).to },
  { name: "turn", type: "bigint", value: (m) => m.turn },
  { name: "importance", type: "double precision", value: (m) => m.importance },
  { name: "access_count", type: "bigint", value: (m) => m.accessCount },
  { name: "last_accessed_at", type: "bigint", value: (m) => m.lastAccessedAt },
  { name: "pinned", type: "boolean", value: (m) => m.pinned },
  { name: "type", type: "text", value: (m) => m.type },
  { name: "source", type: "text", value: (m) => m.source },
  { name: "speaker", type: "text", value: (m) => m.speaker },
  { name: "session_id", type: "text", value: (m) => m.sessionId },
  { name: "superseded_by", type: "text", value: (m) => m.supersededBy },
  { name: "content", type: "text", value: (m) => m.content },
  { name: "metadata", type: "jsonb", value: (m) => JSON.stringify(m.metadata) },
  { name: "past", type: "bigint[]", value: pastOf }
]
