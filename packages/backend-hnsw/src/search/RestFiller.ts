import type { Body } from "../codec/bodyBlob.ts"
import { localFromRid, type MemoryHead } from "../codec/memoryRow.ts"
import type { RowSink } from "./RowSink.ts"
import type { ScopeParts } from "./ScopeFiller.ts"

/** Adds to an index the floats and texts of rows that it has: blocks of the file hold neither. */
export class RestFiller implements RowSink {
  readonly #parts: ScopeParts
  #lastLocal = -1

  constructor(parts: ScopeParts) {
    this.#parts = parts
  }

  get lastLocal(): number {
    return this.#lastLocal
  }

  pass(rid: number): void {
    this.#lastLocal = localFromRid(rid)
  }

  add(row: MemoryHead, body: Body): void {
    const { packed, points, rows, vectors } = this.#parts
    this.pass(row.rid)
    const slot = rows.findSlot(this.#lastLocal)
    if (slot < 0 || rows.isRemoved(slot)) return
    packed.offer(slot, row, body.textBytes)
    vectors.keepFloats(points.find(slot, 0), body)
  }

  addExtra(rid: number, body: Body): void {
    const { points, vectors } = this.#parts
    this.pass(rid)
    const point = points.findLocal(this.#lastLocal)
    if (point >= 0) vectors.keepFloats(point, body)
  }
}
