import { growArray } from "../arrays/growArray.ts"

/** Rows with consecutive slots as they came: their terms one after another. */
export class PostingsBuffer {
  firstSlot = 0
  rows = 0
  ids = new Uint32Array(0)
  weights = new Float32Array(0)
  /** Where each row's terms end. */
  ends = new Uint32Array(0)

  get postings(): number {
    return this.startOf(this.rows)
  }

  get bytes(): number {
    return this.ids.byteLength + this.weights.byteLength + this.ends.byteLength
  }

  /** Whether most of its room is empty. */
  get isRoomy(): boolean {
    return this.ids.length > 1_024 && this.ids.length > 2 * this.postings
  }

  /** Where the row's terms begin. */
  startOf(row: number): number {
    return row === 0 ? 0 : (this.ends[row - 1] ?? 0)
  }

  /** The next row's, of so many terms; where they are to be put. */
  place(slot: number, terms: number): number {
    if (this.rows === 0) this.firstSlot = slot
    const at = this.postings
    this.ids = growArray(this.ids, at + terms)
    this.weights = growArray(this.weights, at + terms)
    this.ends = growArray(this.ends, this.rows + 1)
    this.ends[this.rows++] = at + terms
    return at
  }

  /** The rows of another, which come next. */
  append(other: PostingsBuffer): void {
    const start = this.postings
    this.ids = growArray(this.ids, start + other.postings)
    this.weights = growArray(this.weights, start + other.postings)
    this.ids.set(other.ids.subarray(0, other.postings), start)
    this.weights.set(other.weights.subarray(0, other.postings), start)
    for (let row = 0; row < other.rows; row++) {
      this.place(other.firstSlot + row, (other.ends[row] ?? 0) - other.startOf(row))
    }
  }

  clear(): void {
    this.rows = 0
  }
}
