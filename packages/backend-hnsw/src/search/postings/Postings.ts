/** An inverted index: which rows of a scope hold a term, and with what weight. */
import { idf } from "@keepsake/core/driver"
import type { ScratchArrays } from "../arrays/ScratchArrays.ts"
import { PostingsBuffer, type SpareBuffer } from "./PostingsBuffer.ts"
import { binarySearch, Segment, SEGMENT_ROWS } from "./Segment.ts"

/** A row's terms in its body. */
export interface TermSource {
  readonly termCount: number
  /** Copies the terms, by ascending id, into both arrays from index `start`. */
  copyTerms(ids: Uint32Array, weights: Float32Array, start: number): void
}

/** A segment with this many postings is full even if it has few rows. */
const SEGMENT_POSTINGS = 65_536
/** Rows that may stay in the buffer, where a lookup visits every row. */
const BUFFERED_ROWS = 128

/** The postings of one scope. Rows are added with consecutive slots and never removed: the caller skips removed ones. */
export class Postings {
  readonly #segments: Array<Segment> = []
  readonly #scratch: ScratchArrays
  readonly #spare: SpareBuffer
  /** Rows that are in no segment yet. */
  #buffer: PostingsBuffer | null = null
  #segmentBytes = 0

  constructor(scratch: ScratchArrays, spare: SpareBuffer) {
    this.#scratch = scratch
    this.#spare = spare
  }

  get bytes(): number {
    return this.#segmentBytes + (this.#buffer?.bytes ?? 0)
  }

  add(slot: number, terms: TermSource): void {
    const buffer = (this.#buffer ??= this.#spare.take())
    const start = buffer.addRow(slot, terms.termCount)
    terms.copyTerms(buffer.ids, buffer.weights, start)
    if (buffer.rows >= SEGMENT_ROWS || buffer.postings >= SEGMENT_POSTINGS) this.#seal(buffer)
  }

  /** After rows were added: keeps the buffer short. */
  settle(): void {
    const buffer = this.#buffer
    if (buffer === null) return
    const last = this.#segments.at(-1)
    if (buffer.rows > 0 && last !== undefined && buffer.rows <= BUFFERED_ROWS) {
      if (buffer.isOversized) this.#buffer = this.#shrink(buffer)
      return
    }
    if (buffer.rows > 0) this.#sealLast(buffer, last)
    this.#spare.giveBack(buffer)
    this.#buffer = null
  }

  /** A copy of the right size; the large buffer serves the next load. */
  #shrink(buffer: PostingsBuffer): PostingsBuffer {
    const copy = new PostingsBuffer()
    copy.addRows(buffer)
    this.#spare.giveBack(buffer)
    return copy
  }

  /** Merges with the last segment if both are small. */
  #sealLast(buffer: PostingsBuffer, last: Segment | undefined): void {
    const fits =
      last !== undefined &&
      last.rows + buffer.rows <= SEGMENT_ROWS &&
      last.slots.length + buffer.postings <= SEGMENT_POSTINGS
    if (!fits) return this.#seal(buffer)
    this.#segments.pop()
    this.#segmentBytes -= last.bytes
    const merged = new PostingsBuffer()
    last.unpackInto(merged)
    merged.addRows(buffer)
    this.#seal(merged)
  }

  #seal(buffer: PostingsBuffer): void {
    const segment = new Segment(buffer, this.#scratch)
    this.#segments.push(segment)
    this.#segmentBytes += segment.bytes
    buffer.clear()
  }

  /**
   * Adds Σ idf · weight to `sums`, by slot; returns how many current rows hold each term.
   * @param current how many rows are current
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

  /** Visits every row that holds the term, by slot. */
  #forEach(term: number, visit: (slot: number, weight: number) => void): void {
    for (const segment of this.#segments) {
      const [from, to] = segment.range(term)
      for (let i = from; i < to; i++) visit(segment.slots[i] ?? 0, segment.weights[i] ?? 0)
    }
    const buffer = this.#buffer
    if (buffer === null) return
    for (let row = 0; row < buffer.rows; row++) {
      const i = binarySearch(buffer.ids, term, buffer.rowStart(row), buffer.ends[row] ?? 0)
      if (i >= 0) visit(buffer.firstSlot + row, buffer.weights[i] ?? 0)
    }
  }
}
