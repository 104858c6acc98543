import { type Memory, type Scope, SLICE_MS } from "@keepsake/core/driver"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import {
  COLUMNS,
  decodeMemory,
  decodeRow,
  LAST_LOCAL,
  localFromRid,
  makeRid,
  type MemoryValues
} from "../codec/memoryRow.ts"
import { bodyTable, longTable } from "../schema/schema.ts"
import type { ScopeRow } from "../tables/ScopeTable.ts"
import { freeArray } from "./arrays/freeArray.ts"
import type { IndexedRow, ScopeIndex } from "./ScopeIndex.ts"

/** Rows read between two looks at the clock. */
const BATCH = 128

/** An array, since creating objects for a hundred thousand rows takes a third of the load. */
type NewRow = [
  rid: number,
  data: Uint8Array<ArrayBuffer>,
  /** Null for a passage beyond a row's first. */
  id: string | null,
  flags: number,
  turn: number | null,
  said_at: number,
  expires_at: number | null,
  importance: number,
  bytes: number | null
]

/** Reads a scope's rows into its index, and single rows that the index does not hold. */
export class IndexLoader {
  readonly #selectNew: StatementSync
  readonly #selectChanged: StatementSync
  readonly #selectRids: StatementSync
  readonly #selectMemory: StatementSync
  readonly #selectRid: StatementSync
  readonly #countExtras: StatementSync
  readonly #selectBody: StatementSync

  constructor(db: DatabaseSync, generation: number) {
    const body = bodyTable(generation)
    this.#selectNew = db.prepare(
      `SELECT b.rid, b.data, m.id, m.flags, m.turn, m.said_at, m.expires_at, m.importance, m.bytes FROM ${body} b ` +
        "LEFT JOIN memory m ON m.rid = b.rid WHERE b.rid > ? AND b.rid <= ? ORDER BY b.rid LIMIT ?"
    )
    this.#selectNew.setReturnArrays(true)
    this.#selectChanged = db.prepare(
      "SELECT rid, flags, expires_at, importance, bytes, changed FROM memory WHERE sid = ? AND changed > ? ORDER BY changed LIMIT ?"
    )
    this.#selectRids = db.prepare("SELECT group_concat(rid) AS rids FROM memory WHERE sid = ?")
    this.#selectMemory = db.prepare(
      `SELECT ${COLUMNS}, b.data FROM memory m JOIN ${body} b ON b.rid = m.rid WHERE m.rid = ?`
    )
    this.#selectMemory.setReturnArrays(true)
    this.#selectRid = db.prepare("SELECT rid FROM memory WHERE sid = ? AND id = ?")
    this.#countExtras = db.prepare(
      `SELECT ifnull(sum(extras), 0) AS extras FROM ${longTable(generation)} WHERE rid BETWEEN ? AND ?`
    )
    this.#selectBody = db.prepare(`SELECT data FROM ${body} WHERE rid = ?`)
  }

  /** Null if the row was removed. */
  readMemory(scope: Scope, rid: number): Memory | null {
    const values = this.#selectMemory.get(rid) as unknown as MemoryValues | undefined
    if (values === undefined) return null
    const memory = decodeMemory(scope, decodeRow(values))
    freeArray(values[15])
    return memory
  }

  /** Null if there is none. */
  findRid(sid: number, id: string): number | null {
    const rid = this.#selectRid.get(sid, id)?.["rid"]
    return rid === undefined ? null : Number(rid)
  }

  /** Passages of a scope beyond the first of their rows. */
  countExtras(sid: number): number {
    return Number(this.#countExtras.get(makeRid(sid, 0), makeRid(sid, LAST_LOCAL))?.["extras"])
  }

  /** Null if the passage was removed. */
  readBody(rid: number): Body | null {
    const data = this.#selectBody.get(rid)?.["data"]
    return data instanceof Uint8Array ? new Body(data) : null
  }

  /** False if the passage was removed. */
  readVector(rid: number, into: Float32Array): boolean {
    const data = this.#selectBody.get(rid)?.["data"]
    if (!(data instanceof Uint8Array)) return false
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(new Body(data).vectorBytes)
    freeArray(data)
    return true
  }

  /** Works for one slice; false if the index is not up to date with `row` yet, or the slice is used up. */
  update(index: ScopeIndex, row: ScopeRow): boolean {
    const deadline = performance.now() + SLICE_MS
    if (row.removed > index.removed) {
      if (index.lastLocal >= 0) index.retain(this.#readLocals(index.sid))
      index.removed = row.removed
    }
    while (this.#readNew(index) === BATCH) if (performance.now() > deadline) return false
    index.settle()
    while (!this.#readChanged(index)) if (performance.now() > deadline) return false
    if (row.touched !== index.touched) index.forgetMemories()
    index.touched = row.touched
    index.seq = Math.max(index.seq, row.seq)
    index.loaded = true
    return performance.now() <= deadline
  }

  #readNew(index: ScopeIndex): number {
    const after = makeRid(index.sid, index.lastLocal)
    const rows = this.#selectNew.all(after, makeRid(index.sid, LAST_LOCAL), BATCH)
    for (const values of rows) {
      const [rid, data, id, flags, turn, said_at, expires_at, importance, bytes] = values as unknown as NewRow
      const body = new Body(data)
      if (id === null) index.addExtra(rid, body)
      else index.add({ rid, id, flags, turn, said_at, expires_at, importance, bytes }, body)
      freeArray(data)
    }
    return rows.length
  }

  /** True if there are no more changes. */
  #readChanged(index: ScopeIndex): boolean {
    // More rows than one change can touch, so that each round finishes at least one change.
    const limit = 8 * BATCH
    const rows = this.#selectChanged.all(index.sid, index.seq, limit)
    for (const row of rows) index.change(row as unknown as IndexedRow)
    if (rows.length < limit) return true
    index.seq = Number(rows.at(-1)?.["changed"]) - 1
    return false
  }

  #readLocals(sid: number): Uint32Array {
    const rids = this.#selectRids.get(sid)?.["rids"]
    return typeof rids === "string"
      ? Uint32Array.from(rids.split(","), (rid) => localFromRid(Number(rid))).sort()
      : new Uint32Array()
  }
}
