/** Which rows of a scope hold a term, and with what weight. */
import { idf } from "@keepsake/core/driver"
import type { ScratchArrays } from "../arrays/ScratchArrays.ts"
import { PostingsBuffer } from "./PostingsBuffer.ts"

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

/** Rows with consecutive slots, compressed by term: four arrays, so that a small scope stays small. */
class Segment {
  readonly firstSlot: number
  readonly rows: number
  readonly #terms: Uint32Array
  /** Postings of `#terms[i]` are those from `#starts[i]` up to `#starts[i + 1]`. */
  readonly #starts: Uint32Array
  readonly slots: Uint32Array
  readonly weights: Float32Array

  /** @param scratch for sorting */
  constructor(tail: PostingsBuffer, scratch: ScratchArrays) {
    const { ends, ids, postings, rows } = tail
    this.firstSlot = tail.firstSlot
    this.rows = rows
    // By term, and within a term by row.
    const keys = scratch.sums(postings)
    for (let row = 0, place = 0; row < rows; row++) {
      for (const end = ends[row] ?? 0; place < end; place++) {
        keys[place] = (ids[place] ?? 0) * SEGMENT_ROWS + row
      }
    }
    keys.sort()
    let distinct = 0
    for (let i = 0, last = -1; i < postings; i++) {
      const term = Math.floor((keys[i] ?? 0) / SEGMENT_ROWS)
      if (term !== last) distinct++
      last = term
    }
    const block = new ArrayBuffer(4 * (2 * distinct + 1 + 2 * postings))
    this.#terms = new Uint32Array(block, 0, distinct)
    this.#starts = new Uint32Array(block, 4 * distinct, distinct + 1)
    this.slots = new Uint32Array(block, 4 * (2 * distinct + 1), postings)
    this.weights = new Float32Array(block, 4 * (2 * distinct + 1 + postings))
    this.#fill(keys, tail)
  }

  #fill(keys: Float64Array, tail: PostingsBuffer): void {
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

  /** Adds the rows it was made from. */
  unpackInto(tail: PostingsBuffer): void {
    const sizes = new Uint32Array(this.rows)
    for (const slot of this.slots) sizes[slot - this.firstSlot] = (sizes[slot - this.firstSlot] ?? 0) + 1
    const next = sizes.map((size, row) => tail.place(this.firstSlot + row, size))
    this.#terms.forEach((term, t) => {
      for (let i = this.#starts[t] ?? 0; i < (this.#starts[t + 1] ?? 0); i++) {
        const row = (this.slots[i] ?? 0) - this.firstSlot
        const place = next[row] ?? 0
        next[row] = place + 1
        tail.ids[place] = term
        tail.weights[place] = this.weights[i] ?? 0
      }
    })
  }

  get bytes(): number {
    return 8 * this.#terms.length + 8 * this.slots.length + 400
  }
}

/** The postings of one scope. Rows are added with consecutive slots and never taken out: the caller knows the dead. */
export class Postings {
  readonly #segments: Array<Segment> = []
  readonly #scratch: ScratchArrays
  /** Rows that are in no segment yet. */
  #tail: PostingsBuffer | null = null
  #segmentBytes = 0

  constructor(scratch: ScratchArrays) {
    this.#scratch = scratch
  }

  get bytes(): number {
    return this.#segmentBytes + (this.#tail?.bytes ?? 0)
  }

  add(slot: number, terms: TermSource): void {
    const tail = (this.#tail ??= this.#scratch.takeTail())
    const at = tail.place(slot, terms.termCount)
    terms.copyTerms(tail.ids, tail.weights, at)
    if (tail.rows >= SEGMENT_ROWS || tail.postings >= SEGMENT_POSTINGS) this.#seal(tail)
  }

  /** After rows were added: keeps what must be looked through row by row short. */
  settle(): void {
    const tail = this.#tail
    if (tail === null) return
    const last = this.#segments.at(-1)
    if (tail.rows > 0 && tail.rows <= (last === undefined ? 0 : TAIL_ROWS)) {
      // What waits, waits in arrays of its own size: those for loading are used again.
      if (tail.isRoomy) this.#tail = this.#copyOf(tail)
      return
    }
    if (tail.rows > 0) this.#sealLast(tail, last)
    this.#scratch.giveTail(tail)
    this.#tail = null
  }

  #copyOf(tail: PostingsBuffer): PostingsBuffer {
    const copy = new PostingsBuffer()
    copy.append(tail)
    this.#scratch.giveTail(tail)
    return copy
  }

  /** Into one segment with the last, where both are short. */
  #sealLast(tail: PostingsBuffer, last: Segment | undefined): void {
    const fits =
      last !== undefined &&
      last.rows + tail.rows <= SEGMENT_ROWS &&
      last.slots.length + tail.postings <= SEGMENT_POSTINGS
    if (!fits) return this.#seal(tail)
    this.#segments.pop()
    this.#segmentBytes -= last.bytes
    const both = new PostingsBuffer()
    last.unpackInto(both)
    both.append(tail)
    this.#seal(both)
  }

  #seal(tail: PostingsBuffer): void {
    const segment = new Segment(tail, this.#scratch)
    this.#segments.push(segment)
    this.#segmentBytes += segment.bytes
    tail.clear()
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
    if (tail === null) return
    for (let row = 0; row < tail.rows; row++) {
      const at = find(tail.ids, term, tail.startOf(row), tail.ends[row] ?? 0)
      if (at >= 0) each(tail.firstSlot + row, tail.weights[at] ?? 0)
    }
  }
}
