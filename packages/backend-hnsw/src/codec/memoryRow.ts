/** A memory as the numbers of a `memory` row beside its body, and back. */
import type { Interval, Memory, MemorySource, MemoryType, Scope } from "@keepsake/core/driver"
import { hash } from "node:crypto"
import { Body } from "./bodyBlob.ts"

/** Rows of a scope lie together: a row's id is its scope's number and its own, which is never used twice. */
const LOCALS = 2 ** 26
export const ridOf = (sid: number, local: number): number => sid * LOCALS + local
export const localOf = (rid: number): number => rid % LOCALS
export const sidOf = (rid: number): number => Math.floor(rid / LOCALS)
export const lastLocal = LOCALS - 1

const TYPES: ReadonlyArray<MemoryType> = ["episodic", "semantic", "procedural"]
const SOURCES: ReadonlyArray<MemorySource> = ["user", "assistant", "tool", "system"]

/** Bits of `flags`: type (2), source (2), pinned, closed. */
const PINNED = 16
export const CLOSED = 32
export const typeBits = (type: MemoryType): number => TYPES.indexOf(type)
export const sourceBits = (source: MemorySource): number => SOURCES.indexOf(source) << 2
export const TYPE_MASK = 3
export const SOURCE_MASK = 12
export const PINNED_MASK = PINNED

const flagsOf = (memory: Memory): number =>
  typeBits(memory.type) |
  sourceBits(memory.source) |
  (memory.pinned ? PINNED : 0) |
  (memory.validity.at(-1)?.to === null ? 0 : CLOSED)

/** The columns of `memory` that restating, closing, patching and touching may change. */
export interface Lifetime {
  readonly flags: number
  readonly importance: number
  readonly updated_at: number
  readonly expires_at: number | null
  readonly valid_from: number
  readonly valid_to: number | null
  /** Earlier intervals, `[[from, to], …]`; null when there are none, as nearly always. */
  readonly history: string | null
  readonly superseded_by: string | null
}

export interface MemoryRow extends Lifetime {
  readonly rid: number
  readonly id: string
  readonly turn: number | null
  readonly said_at: number
  readonly created_at: number
  readonly access_count: number
  readonly accessed_at: number | null
  readonly data: Uint8Array
}

/** What `COLUMNS` and a body are, as an array: node:sqlite's objects are dictionaries, slow to make and to read. */
export type MemoryValues = [
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
  data: Uint8Array<ArrayBuffer>
]

export const rowOfValues = (values: MemoryValues): MemoryRow => ({
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
  data: values[15]
})

/** The memory columns in the order of `MemoryRow`, for SELECT lists. */
export const COLUMNS =
  "m.rid, m.id, m.flags, m.turn, m.said_at, m.importance, m.created_at, m.updated_at, m.expires_at, " +
  "m.valid_from, m.valid_to, m.history, m.superseded_by, m.access_count, m.accessed_at"

export const lifetimeOf = (memory: Memory): Lifetime => {
  const last = memory.validity.at(-1) ?? { from: memory.createdAt, to: null }
  const earlier = memory.validity.slice(0, -1)
  return {
    flags: flagsOf(memory),
    importance: memory.importance,
    updated_at: memory.updatedAt,
    expires_at: memory.expiresAt,
    valid_from: last.from,
    valid_to: last.to,
    history: earlier.length === 0 ? null : JSON.stringify(earlier.map(({ from, to }) => [from, to])),
    superseded_by: memory.supersededBy
  }
}

const intervals = (row: Lifetime): ReadonlyArray<Interval> => {
  const last = { from: row.valid_from, to: row.valid_to }
  if (row.history === null) return [last]
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by lifetimeOf alone
  const earlier = JSON.parse(row.history) as Array<[number, number | null]>
  return [...earlier.map(([from, to]) => ({ from, to })), last]
}

export const memoryOf = (scope: Scope, row: MemoryRow, body: Body = new Body(row.data)): Memory => {
  const { content, metadata, sessionId, speaker } = body.texts
  return {
    id: row.id,
    scope,
    content,
    type: TYPES[row.flags & TYPE_MASK] ?? "episodic",
    metadata,
    source: SOURCES[(row.flags & SOURCE_MASK) >> 2] ?? "user",
    speaker,
    sessionId,
    turn: row.turn,
    saidAt: row.said_at,
    importance: row.importance,
    pinned: (row.flags & PINNED) !== 0,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    expiresAt: row.expires_at,
    validity: intervals(row),
    supersededBy: row.superseded_by,
    accessCount: row.access_count,
    lastAccessedAt: row.accessed_at
  }
}

/** 52 bits that stand for a string in an index, so that the string itself is kept, and erased, with the body. */
export const stringKey = (text: string): number => Number.parseInt(hash("sha1", text, "hex").slice(0, 13), 16)
