/** Which rows of a scope hold a term, and with what weight. */
import { idf } from "@keepsake/core"
import { grown } from "./grown.ts"

/** A row's terms, as its body has them. */
export interface TermSource {
  readonly termCount: number
  /** Puts the terms, by ascending id, into both arrays from `at` on. */
  copyTerms(ids: Uint32Array, weights: Float32Array, at: number): void
}

/** Rows in one segment at most: building one takes a millisecond or two. */
const SEGMENT_ROWS = 1_024
/** Postings from which a segment is full whatever its rows. */
const SEGMENT_POSTINGS = 65_536
/** Rows that may wait for their segment; until then each is looked through. */
const TAIL_ROWS = 128

/** Index in the ascending part of an array from `from` up to, but not at, `to`; -1 where it is not. */
const find = (sorted: Uint32Array, value: number, from: number, to: number): number => {
  let low = from
  let high = to - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = sorted[middle] ?? 0
    if (found === value) return middle
    if (found < value) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/** Rows with consecutive slots as they came: their terms one after another. */
class Tail {
  firstSlot = 0
  rows = 0
  ids = new Uint32Array(0)
  weights = new Float32Array(0)
  /** Where each row's terms end. */
  ends = new Uint32Array(0)

  get postings(): number {
    return this.rows === 0 ? 0 : (this.ends[this.rows - 1] ?? 0)
  }

  get bytes(): number {
    return this.ids.byteLength + this.weights.byteLength + this.ends.byteLength
  }

  /** Where the row's terms begin. */
  startOf(row: number): number {
    return row === 0 ? 0 : (this.ends[row - 1] ?? 0)
  }

  /** The next row's, of so many terms; where they are to be put. */
  place(terms: number): number {
    const at = this.postings
    this.ids = grown(this.ids, at + terms)
    this.weights = grown(this.weights, at + terms)
    this.ends = grown(this.ends, this.rows + 1)
    this.ends[this.rows++] = at + terms
    return at
  }

  /** Makes room at once for as much as is expected. */
  reserve(rows: number, postings: number): void {
    if (this.ends.length < rows) this.ends = grown(this.ends, rows)
    this.ids = grown(this.ids, postings)
    this.weights = grown(this.weights, postings)
  }
}

/** Rows with consecutive slots, compressed by term: four arrays, so that a small scope stays small. */
class Segment {
  readonly firstSlot: number
  readonly rows: number
  readonly #terms: Uint32Array
  /** Postings of `#terms[i]` are those from `#starts[i]` up to `#starts[i + 1]`. */
  readonly #starts: Uint32Array
  readonly slots: Uint32Array
  readonly weights: Float32Array

  constructor(tail: Tail) {
    const { ends, ids, rows } = tail
    this.firstSlot = tail.firstSlot
    this.rows = rows
    // By term, and within a term by row.
    const keys = new Float64Array(tail.postings)
    for (let row = 0, place = 0; row < rows; row++) {
      for (const end = ends[row] ?? 0; place < end; place++) {
        keys[place] = (ids[place] ?? 0) * SEGMENT_ROWS + row
      }
    }
    keys.sort()
    let distinct = 0
    for (let i = 0, last = -1; i < keys.length; i++) {
      const term = Math.floor((keys[i] ?? 0) / SEGMENT_ROWS)
      if (term !== last) distinct++
      last = term
    }
    this.#terms = new Uint32Array(distinct)
    this.#starts = new Uint32Array(distinct + 1)
    this.slots = new Uint32Array(keys.length)
    this.weights = new Float32Array(keys.length)
    this.#fill(keys, tail)
  }

  #fill(keys: Float64Array, tail: Tail): void {
    // A row's terms ascend: the next of them that comes up is its next one.
    const next = Uint32Array.from({ length: tail.rows }, (_, row) => tail.startOf(row))
    let found = 0
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] ?? 0
      const term = Math.floor(key / SEGMENT_ROWS)
      const row = key - term * SEGMENT_ROWS
      if (found === 0 || this.#terms[found - 1] !== term) {
        this.#terms[found] = term
        this.#starts[found++] = i
      }
      const place = next[row] ?? 0
      next[row] = place + 1
      this.slots[i] = this.firstSlot + row
      this.weights[i] = tail.weights[place] ?? 0
    }
    this.#starts[found] = keys.length
  }

  /** `[from, to)` in `slots` and `weights`; empty where the term is unknown. */
  range(term: number): readonly [number, number] {
    const t = find(this.#terms, term, 0, this.#terms.length)
    return t < 0 ? [0, 0] : [this.#starts[t] ?? 0, this.#starts[t + 1] ?? 0]
  }

  /** The rows it was made from, put in front of those of `tail`. */
  unpack(tail: Tail): Tail {
    const sizes = new Uint32Array(this.rows)
    for (const slot of this.slots) sizes[slot - this.firstSlot] = (sizes[slot - this.firstSlot] ?? 0) + 1
    const all = new Tail()
    all.firstSlot = this.firstSlot
    all.reserve(this.rows + tail.rows, this.slots.length + tail.postings)
    const next = sizes.map((size) => all.place(size))
    this.#terms.forEach((term, t) => {
      for (let i = this.#starts[t] ?? 0; i < (this.#starts[t + 1] ?? 0); i++) {
        const row = (this.slots[i] ?? 0) - this.firstSlot
        const place = next[row] ?? 0
        next[row] = place + 1
        all.ids[place] = term
        all.weights[place] = this.weights[i] ?? 0
      }
    })
    const start = all.postings
    all.ids.set(tail.ids.subarray(0, tail.postings), start)
    all.weights.set(tail.weights.subarray(0, tail.postings), start)
    for (let row = 0; row < tail.rows; row++) all.place((tail.ends[row] ?? 0) - tail.startOf(row))
    return all
  }

  get bytes(): number {
    return 8 * this.#terms.length + 8 * this.slots.length + 400
  }
}

/** The postings of one scope. Rows are added with consecutive slots and never taken out: the caller knows the dead. */
export class Postings {
  readonly #segments: Array<Segment> = []
  #tail = new Tail()
  #segmentBytes = 0

  get bytes(): number {
    return this.#segmentBytes + this.#tail.bytes
  }

  add(slot: number, terms: TermSource): void {
    if (this.#tail.rows === 0) this.#tail.firstSlot = slot
    const at = this.#tail.place(terms.termCount)
    terms.copyTerms(this.#tail.ids, this.#tail.weights, at)
    if (this.#tail.rows >= SEGMENT_ROWS || this.#tail.postings >= SEGMENT_POSTINGS) this.#seal()
  }

  /** After rows were added: keeps what must be looked through row by row short. */
  settle(): void {
    const last = this.#segments.at(-1)
    if (this.#tail.rows <= (last === undefined ? 0 : TAIL_ROWS)) {
      if (this.#tail.rows === 0) this.#tail = new Tail()
      return
    }
    if (
      last !== undefined &&
      last.rows + this.#tail.rows <= SEGMENT_ROWS &&
      last.slots.length + this.#tail.postings <= SEGMENT_POSTINGS
    ) {
      this.#segments.pop()
      this.#segmentBytes -= last.bytes
      this.#tail = last.unpack(this.#tail)
    }
    this.#seal()
    this.#tail = new Tail()
  }

  /** Leaves the tail's arrays for the next rows. */
  #seal(): void {
    const segment = new Segment(this.#tail)
    this.#segments.push(segment)
    this.#segmentBytes += segment.bytes
    this.#tail.rows = 0
  }

  /**
   * Adds Σ idf·weight to `sums`, by slot; how many current rows hold each term.
   * @param current rows that are current
   */
  score(
    terms: Uint32Array,
    current: number,
    isCurrent: (slot: number) => boolean,
    sums: Float64Array
  ): ReadonlyArray<number> {
    return Array.from(terms, (term) => {
      let holders = 0
      this.#forEach(term, (slot) => {
        if (isCurrent(slot)) holders++
      })
      const factor = idf(current, holders)
      this.#forEach(term, (slot, weight) => {
        sums[slot] = (sums[slot] ?? 0) + factor * weight
      })
      return holders
    })
  }

  /** Calls `each` for every row that holds the term, by slot. */
  #forEach(term: number, each: (slot: number, weight: number) => void): void {
    for (const segment of this.#segments) {
      const [from, to] = segment.range(term)
      for (let i = from; i < to; i++) each(segment.slots[i] ?? 0, segment.weights[i] ?? 0)
    }
    const tail = this.#tail
    for (let row = 0; row < tail.rows; row++) {
      const at = find(tail.ids, term, tail.startOf(row), tail.ends[row] ?? 0)
      if (at >= 0) each(tail.firstSlot + row, tail.weights[at] ?? 0)
    }
  }
}
