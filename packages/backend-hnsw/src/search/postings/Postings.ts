/** An inverted index: which passages of a scope hold a term, and with what weight. A row here is a passage. */
import { idf, lowerBound } from "@keepsake/core/driver"
import type { ScratchArrays } from "../arrays/ScratchArrays.ts"
import { PostingsBuffer, type SpareBuffer } from "./PostingsBuffer.ts"
import { Segment, SEGMENT_ROWS } from "./Segment.ts"

/** Where the term's weight is in the buffer, or -1 if the row does not hold it. */
const findTerm = (buffer: PostingsBuffer, row: number, term: number): number => {
  const end = buffer.ends[row] ?? 0
  const at = lowerBound(buffer.ids, term, buffer.rowStart(row), end)
  return at < end && buffer.ids[at] === term ? at : -1
}

/** A passage's terms in its body. */
export interface TermSource {
  readonly termCount: number
  /** Copies the terms, by ascending id, into both arrays from index `start`. */
  copyTerms(ids: Uint32Array, weights: Float32Array, start: number): void
}

/** A segment with this many postings is full even if it has few rows. */
const SEGMENT_POSTINGS = 65_536
/** Rows that may stay in the buffer, where a lookup visits every row. */
const BUFFERED_ROWS = 128

/** The postings of one scope. Rows are added with consecutive points and never removed: the caller skips removed ones. */
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

  add(point: number, terms: TermSource): void {
    const buffer = (this.#buffer ??= this.#spare.take())
    const start = buffer.addRow(point, terms.termCount)
    terms.copyTerms(buffer.ids, buffer.weights, start)
    this.#sealIfFull(buffer)
  }

  /** Adds rows as a block has them, the first of them at `point`. */
  append(point: number, termCounts: Uint32Array, ids: Uint8Array, weights: Uint8Array): void {
    const buffer = (this.#buffer ??= this.#spare.take())
    buffer.append(point, termCounts, ids, weights)
    this.#sealIfFull(buffer)
  }

  #sealIfFull(buffer: PostingsBuffer): void {
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
      last.ids.length + buffer.postings <= SEGMENT_POSTINGS
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

  /** They must not be used afterwards. */
  free(): void {
    for (const segment of this.#segments) segment.free()
  }

  /**
   * Adds Σ idf · weight to `sums`, by point; returns how many current rows hold each term.
   * @param current how many rows are current
   * @param isCurrent null where all are
   */
  score(
    terms: Uint32Array,
    current: number,
    isCurrent: ((point: number) => boolean) | null,
    sums: Float64Array
  ): ReadonlyArray<number> {
    const df: Array<number> = []
    // An iterator over a typed array costs more than a short loop, until it is compiled.
    for (let t = 0; t < terms.length; t++) {
      const term = terms[t] ?? 0
      const buffered = this.#findBuffered(term)
      let holders =
        isCurrent === null ? buffered.length : buffered.filter(({ point }) => isCurrent(point)).length
      for (const segment of this.#segments) holders += segment.countHolders(term, isCurrent)
      const factor = idf(current, holders)
      for (const segment of this.#segments) segment.addWeights(term, factor, sums)
      for (const { point, weight } of buffered) sums[point] = (sums[point] ?? 0) + factor * weight
      df.push(holders)
    }
    return df
  }

  /** The weight of each of `terms` at each of `points` (distinct), point after point; 0 where it has none. */
  weights(terms: Uint32Array, points: Uint32Array): Float32Array {
    const weights = new Float32Array(terms.length * points.length)
    const sorted = points.toSorted()
    const places = this.#scratch.places((sorted.at(-1) ?? 0) + 1)
    for (let i = 0; i < points.length; i++) places[points[i] ?? 0] = i + 1
    let at = 0
    for (const segment of this.#segments) {
      const from = at
      const end = segment.firstPoint + segment.rows
      while (at < sorted.length && (sorted[at] ?? 0) < end) at++
      if (at > from) segment.readWeights(terms, sorted.subarray(from, at), places, weights)
    }
    const buffer = this.#buffer
    if (buffer !== null) this.#readBuffered(buffer, terms, sorted.subarray(at), places, weights)
    for (let i = 0; i < points.length; i++) places[points[i] ?? 0] = 0
    return weights
  }

  /** As a segment does. */
  #readBuffered(
    buffer: PostingsBuffer,
    terms: Uint32Array,
    points: Uint32Array,
    places: Int32Array,
    into: Float32Array
  ): void {
    for (const point of points) {
      const row = point - buffer.firstPoint
      if (row < 0 || row >= buffer.rows) continue
      const start = ((places[point] ?? 0) - 1) * terms.length
      for (let t = 0; t < terms.length; t++) {
        const at = findTerm(buffer, row, terms[t] ?? 0)
        if (at >= 0) into[start + t] = buffer.weights[at] ?? 0
      }
    }
  }

  /** The rows in the buffer that hold the term. */
  #findBuffered(term: number): ReadonlyArray<{ readonly point: number; readonly weight: number }> {
    const found: Array<{ readonly point: number; readonly weight: number }> = []
    const buffer = this.#buffer
    if (buffer === null) return found
    for (let row = 0; row < buffer.rows; row++) {
      const i = findTerm(buffer, row, term)
      if (i >= 0) found.push({ point: buffer.firstPoint + row, weight: buffer.weights[i] ?? 0 })
    }
    return found
  }
}
