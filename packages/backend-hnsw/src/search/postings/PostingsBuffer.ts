import { appendBytes } from "../arrays/appendBytes.ts"
import { growArray } from "../arrays/growArray.ts"

/** Rows with consecutive points in insertion order: their terms one after another. */
export class PostingsBuffer {
  firstPoint = 0
  rows = 0
  ids = new Uint32Array(0)
  weights = new Float32Array(0)
  /** The end of each row's terms. */
  ends = new Uint32Array(0)

  get postings(): number {
    return this.rowStart(this.rows)
  }

  get bytes(): number {
    return this.ids.byteLength + this.weights.byteLength + this.ends.byteLength
  }

  /** Most of its capacity is unused. */
  get isOversized(): boolean {
    return this.ids.length > 1_024 && this.ids.length > 2 * this.postings
  }

  /** The start of the row's terms. */
  rowStart(row: number): number {
    return row === 0 ? 0 : (this.ends[row - 1] ?? 0)
  }

  /** Adds a row; returns the start of its terms, for the caller to fill in. */
  addRow(point: number, termCount: number): number {
    if (this.rows === 0) this.firstPoint = point
    const start = this.postings
    this.ids = growArray(this.ids, start + termCount)
    this.weights = growArray(this.weights, start + termCount)
    this.ends = growArray(this.ends, this.rows + 1)
    this.ends[this.rows++] = start + termCount
    return start
  }

  /** Adds another buffer's rows, whose points follow. */
  addRows(other: PostingsBuffer): void {
    const start = this.postings
    this.ids = growArray(this.ids, start + other.postings)
    this.weights = growArray(this.weights, start + other.postings)
    this.ids.set(other.ids.subarray(0, other.postings), start)
    this.weights.set(other.weights.subarray(0, other.postings), start)
    for (let row = 0; row < other.rows; row++) {
      this.addRow(other.firstPoint + row, (other.ends[row] ?? 0) - other.rowStart(row))
    }
  }

  /** Adds rows as a block has them, the first of them at `point`. */
  append(point: number, termCounts: Uint32Array, ids: Uint8Array, weights: Uint8Array): void {
    if (this.rows === 0) this.firstPoint = point
    let end = this.postings
    this.ids = appendBytes(this.ids, end, ids)
    this.weights = appendBytes(this.weights, end, weights)
    this.ends = growArray(this.ends, this.rows + termCounts.length)
    for (const count of termCounts) {
      end += count
      this.ends[this.rows++] = end
    }
  }

  clear(): void {
    this.rows = 0
  }
}

/** One large buffer that loads take turns to use. */
export class SpareBuffer {
  #buffer: PostingsBuffer | null = null

  /** Empty. */
  take(): PostingsBuffer {
    const buffer = this.#buffer ?? new PostingsBuffer()
    this.#buffer = null
    return buffer
  }

  giveBack(buffer: PostingsBuffer): void {
    buffer.clear()
    this.#buffer = buffer
  }
}
