import type { Body } from "../codec/bodyBlob.ts"
import type { IndexedRow } from "../codec/memoryRow.ts"
import type { ScopeRow } from "./ScopeTable.ts"

/** Takes new rows as they are written. */
export interface AddedRows {
  add(row: IndexedRow, body: Body): void
  /** A passage beyond a row's first. */
  addExtra(rid: number, body: Body): void
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
