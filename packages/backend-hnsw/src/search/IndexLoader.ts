import type { Memory, Scope } from "@keepsake/core/driver"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import {
  COLUMNS,
  lastLocal,
  localOf,
  memoryOf,
  type MemoryValues,
  ridOf,
  rowOfValues
} from "../codec/memoryRow.ts"
import { bodyTable } from "../schema/schema.ts"
import type { IndexedRow, ScopeIndex } from "./ScopeIndex.ts"
import type { ScopeRow } from "../tables/ScopeTable.ts"

/** The event loop is given back after so long a slice of loading. */
const SLICE_MS = 5
/** Rows read between two looks at the clock. */
const BATCH = 128

/** A row as an array, since making objects of a hundred thousand rows takes a third of the time it takes to read them. */
type FreshRow = [
  rid: number,
  flags: number,
  turn: number | null,
  said_at: number,
  expires_at: number | null,
  data: Uint8Array<ArrayBuffer>
]

/**
 * Gives a blob's memory back at once. Bodies are two kilobytes outside of JavaScript's heap, which its collector
 * does not feel: a hundred megabytes of read ones can wait for it. The blob must not be used afterwards.
 */
const release = (blob: Uint8Array<ArrayBuffer>): void => void blob.buffer.transfer(0)

/** The statements by which an index follows the file, and reads from it what it does not keep. */
export class IndexLoader {
  readonly #fresh: StatementSync
  readonly #changed: StatementSync
  readonly #rids: StatementSync
  readonly #memory: StatementSync
  readonly #data: StatementSync

  constructor(db: DatabaseSync, generation: number) {
    const body = bodyTable(generation)
    this.#fresh = db.prepare(
      `SELECT m.rid, m.flags, m.turn, m.said_at, m.expires_at, b.data FROM memory m JOIN ${body} b ` +
        "ON b.rid = m.rid WHERE m.rid > ? AND m.rid <= ? ORDER BY m.rid LIMIT ?"
    )
    this.#fresh.setReturnArrays(true)
    this.#changed = db.prepare(
      "SELECT rid, flags, expires_at, changed FROM memory WHERE sid = ? AND changed > ? ORDER BY changed LIMIT ?"
    )
    this.#rids = db.prepare("SELECT group_concat(rid) AS rids FROM memory WHERE sid = ?")
    this.#memory = db.prepare(
      `SELECT ${COLUMNS}, b.data FROM memory m JOIN ${body} b ON b.rid = m.rid WHERE m.rid = ?`
    )
    this.#memory.setReturnArrays(true)
    this.#data = db.prepare(`SELECT data FROM ${body} WHERE rid = ?`)
  }

  memory(scope: Scope, rid: number): Memory | null {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns asked for
    const values = this.#memory.get(rid) as unknown as MemoryValues | undefined
    if (values === undefined) return null
    const memory = memoryOf(scope, rowOfValues(values))
    release(values[15])
    return memory
  }

  /** False when the row is gone. */
  vector(rid: number, into: Float32Array): boolean {
    const data = this.#data.get(rid)?.["data"]
    if (!(data instanceof Uint8Array)) return false
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(new Body(data).vectorBytes)
    release(data)
    return true
  }

  /**
   * One slice of following: false when the index does not show everything that `row` counts, or when it does but
   * the slice was long, so that the event loop has its turn before the search.
   */
  follow(index: ScopeIndex, row: ScopeRow): boolean {
    const deadline = performance.now() + SLICE_MS
    if (row.removed > index.removed) {
      if (index.lastLocal >= 0) index.retain(this.#locals(index.sid))
      index.removed = row.removed
    }
    while (this.#readFresh(index) === BATCH) if (performance.now() > deadline) return false
    index.settle()
    while (!this.#readChanged(index)) if (performance.now() > deadline) return false
    if (row.touched !== index.touched) index.forgetMemories()
    index.touched = row.touched
    index.seq = Math.max(index.seq, row.seq)
    index.loaded = true
    return performance.now() <= deadline
  }

  #readFresh(index: ScopeIndex): number {
    const after = ridOf(index.sid, index.lastLocal)
    const found = this.#fresh.all(after, ridOf(index.sid, lastLocal), BATCH)
    for (const one of found) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns asked for
      const [rid, flags, turn, said_at, expires_at, data] = one as unknown as FreshRow
      index.add({ rid, flags, turn, said_at, expires_at }, new Body(data))
      release(data)
    }
    return found.length
  }

  /** True when no change is left to be read. */
  #readChanged(index: ScopeIndex): boolean {
    // Larger than the rows one change can touch, so that each round passes at least one change.
    const limit = 8 * BATCH
    const found = this.#changed.all(index.sid, index.seq, limit)
    for (const one of found) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns asked for
      index.change(one as unknown as IndexedRow)
    }
    if (found.length < limit) return true
    index.seq = Number(found.at(-1)?.["changed"]) - 1
    return false
  }

  #locals(sid: number): Uint32Array {
    const rids = this.#rids.get(sid)?.["rids"]
    return typeof rids === "string"
      ? Uint32Array.from(rids.split(","), (rid) => localOf(Number(rid))).sort()
      : new Uint32Array()
  }
}
