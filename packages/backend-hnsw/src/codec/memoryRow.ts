/** A memory as the numeric columns of a `memory` row beside its body, and back. */
import type { Interval, Memory, MemorySource, MemoryType, Scope } from "@keepsake/core/driver"
import { hash } from "node:crypto"
import { Body, type Texts } from "./bodyBlob.ts"
import { checkRow } from "./checksum.ts"

/**
 * A `rid` is the scope's number followed by the row's number within the scope, so a scope's rows are adjacent. Passages
 * of long texts beyond the first have numbers of the same series.
 */
const LOCALS = 2 ** 26
export const LAST_LOCAL = LOCALS - 1
export const makeRid = (sid: number, local: number): number => sid * LOCALS + local
export const localFromRid = (rid: number): number => rid % LOCALS
export const sidFromRid = (rid: number): number => Math.floor(rid / LOCALS)

/** File format: append only. `flags` holds the index. */
const TYPES: ReadonlyArray<MemoryType> = ["episodic", "semantic", "procedural"]
/** File format: append only. `flags` holds the index. */
const SOURCES: ReadonlyArray<MemorySource> = ["user", "assistant", "tool", "system"]

/** File format: bits of `flags` are type (2), source (2), pinned, closed. */
export const TYPE_MASK = 3
export const SOURCE_SHIFT = 2
export const SOURCE_MASK = 3 << SOURCE_SHIFT
export const PINNED = 16
export const CLOSED = 32
/** Set in indexes only, never in the file: the row was removed but its slot remains. */
export const REMOVED = 128

export const typeIndex = (type: MemoryType): number => TYPES.indexOf(type)
export const sourceIndex = (source: MemorySource): number => SOURCES.indexOf(source)

export const decodeType = (flags: number): MemoryType => TYPES[flags & TYPE_MASK] ?? "episodic"
export const decodeSource = (flags: number): MemorySource =>
  SOURCES[(flags & SOURCE_MASK) >> SOURCE_SHIFT] ?? "user"

const encodeFlags = (memory: Memory): number =>
  typeIndex(memory.type) |
  (sourceIndex(memory.source) << SOURCE_SHIFT) |
  (memory.pinned ? PINNED : 0) |
  (memory.validity.at(-1)?.to === null ? 0 : CLOSED)

/** The columns of `memory` that an upsert, a supersession, a patch or an access may change. */
export interface Lifetime {
  readonly flags: number
  readonly importance: number
  readonly updated_at: number
  readonly expires_at: number | null
  readonly valid_from: number
  readonly valid_to: number | null
  /** Earlier intervals, `[[from, to], …]`; null if there are none, which is the common case. */
  readonly history: string | null
  readonly superseded_by: string | null
}

/** The columns of a `memory` row that say what a memory is beside its texts. */
export interface MemoryColumns extends Lifetime {
  readonly id: string
  readonly turn: number | null
  readonly said_at: number
  readonly created_at: number
  readonly access_count: number
  readonly accessed_at: number | null
}

/** A row without its body. */
export interface MemoryHead extends MemoryColumns {
  readonly rid: number
  /** `sumRow`; null where the first version wrote the row. */
  readonly sum: number | null
  /** Null where the first version wrote the row. */
  readonly bytes: number | null
}

export interface MemoryRow extends MemoryHead {
  readonly data: Uint8Array
}

/** The columns that an index reads of a row. */
export interface IndexedRow {
  readonly rid: number
  readonly flags: number
  readonly turn: number | null
  readonly said_at: number
  readonly expires_at: number | null
  readonly id: string
  readonly importance: number
  /** Null where the first version wrote the row. */
  readonly bytes: number | null
}

/** `COLUMNS` as an array: node:sqlite's row objects are slow to create and to read. */
export type HeadValues = [
  rid: number,
  id: string,
  flags: number,
  turn: number | null,
  said_at: number,
  importance: number,
  created_at: number,
  updated_at: number,
  expires_at: number | null,
  valid_from: number,
  valid_to: number | null,
  history: string | null,
  superseded_by: string | null,
  access_count: number,
  accessed_at: number | null,
  sum: number | null,
  bytes: number | null
]

export const decodeHead = (values: Readonly<HeadValues>): MemoryHead => ({
  rid: values[0],
  id: values[1],
  flags: values[2],
  turn: values[3],
  said_at: values[4],
  importance: values[5],
  created_at: values[6],
  updated_at: values[7],
  expires_at: values[8],
  valid_from: values[9],
  valid_to: values[10],
  history: values[11],
  superseded_by: values[12],
  access_count: values[13],
  accessed_at: values[14],
  sum: values[15],
  bytes: values[16]
})

/** A SELECT list in the order of `HeadValues`. */
export const COLUMNS =
  "m.rid, m.id, m.flags, m.turn, m.said_at, m.importance, m.created_at, m.updated_at, m.expires_at, " +
  "m.valid_from, m.valid_to, m.history, m.superseded_by, m.access_count, m.accessed_at, m.sum, m.bytes"

/** How many columns that list has. */
export const HEAD_COLUMNS = 17

export const encodeLifetime = (memory: Memory): Lifetime => {
  const last = memory.validity.at(-1) ?? { from: memory.createdAt, to: null }
  const earlier = memory.validity.slice(0, -1)
  return {
    flags: encodeFlags(memory),
    importance: memory.importance,
    updated_at: memory.updatedAt,
    expires_at: memory.expiresAt,
    valid_from: last.from,
    valid_to: last.to,
    history: earlier.length === 0 ? null : JSON.stringify(earlier.map(({ from, to }) => [from, to])),
    superseded_by: memory.supersededBy
  }
}

const decodeValidity = (row: Lifetime): ReadonlyArray<Interval> => {
  const last = { from: row.valid_from, to: row.valid_to }
  if (row.history === null) return [last]
  const earlier = JSON.parse(row.history) as Array<[number, number | null]>
  return [...earlier.map(([from, to]) => ({ from, to })), last]
}

export const toMemory = (
  scope: Scope,
  row: MemoryColumns,
  { content, key, metadata, sessionId, speaker }: Texts
): Memory => ({
  id: row.id,
  scope,
  key,
  content,
  type: decodeType(row.flags),
  metadata,
  source: decodeSource(row.flags),
  speaker,
  sessionId,
  turn: row.turn,
  saidAt: row.said_at,
  importance: row.importance,
  pinned: (row.flags & PINNED) !== 0,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  expiresAt: row.expires_at,
  validity: decodeValidity(row),
  supersededBy: row.superseded_by,
  accessCount: row.access_count,
  lastAccessedAt: row.accessed_at
})

/** Throws `DamagedRow` for a row or a body that contradicts its sum. */
export const decodeMemory = (
  scope: Scope,
  row: MemoryRow,
  body: Body = new Body(row.data, row.rid)
): Memory => decodeWith(scope, row, body)

/** As `decodeMemory`. @param body the row's */
export const decodeWith = (scope: Scope, row: MemoryHead, body: Body): Memory => {
  checkRow(row)
  body.checkVersion(row.sum !== null)
  return toMemory(scope, row, body.texts)
}

/** A 52-bit hash that stands for a string in an index; the string itself is stored, and erased, with the body. */
export const hashString = (text: string): number =>
  Number.parseInt(hash("sha1", text, "hex").slice(0, 13), 16)
