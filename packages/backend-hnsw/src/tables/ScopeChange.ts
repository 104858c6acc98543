import type { Memory, Passage } from "@keepsake/core/driver"
import type { ExtraPlace } from "../codec/bodyBlob.ts"
import type { IndexedRow } from "../codec/memoryRow.ts"
import type { ScopeRow } from "./ScopeTable.ts"

/** The names of a row. */
export type Names = Pick<Memory, "sessionId" | "speaker">

/** Takes new rows as they are written, each passage of a row after it. */
export interface AddedRows {
  /** @param first passage; `isWhole`: it is the whole content */
  add(row: IndexedRow, names: Names, first: Passage, isWhole: boolean): void
  /** A passage beyond a row's first. */
  addExtra(rid: number, place: ExtraPlace, passage: Passage): void
}

/** A scope's row while a transaction changes the scope; save it at the end. */
export interface ScopeChange {
  readonly sid: number
  next: number
  rows: number
  readonly seq: number
  removed: number
  /** Null while they are not counted. */
  bytes: number | null
  /** Numbers of passages that were removed. */
  readonly erased: Array<number>
  /** Null where nobody asks. */
  added: AddedRows | null
}

/** Everything in one change has the same sequence number. */
export const beginChange = (row: ScopeRow): ScopeChange => ({
  sid: row.sid,
  next: row.next,
  rows: row.rows,
  seq: row.seq + 1,
  removed: row.removed,
  bytes: row.bytes,
  erased: [],
  added: null
})

/** Counts bytes that a scope gains, or loses. */
export const addBytes = (change: ScopeChange, bytes: number): void => {
  if (change.bytes !== null) change.bytes += bytes
}
