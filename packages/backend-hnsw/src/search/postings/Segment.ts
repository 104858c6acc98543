import { lowerBound } from "@keepsake/core/driver"
import { freeArray } from "../arrays/freeArray.ts"
import type { ScratchArrays } from "../arrays/ScratchArrays.ts"
import type { PostingsBuffer } from "./PostingsBuffer.ts"

/** Rows of a full segment, and those of one block more at most: building one takes a millisecond. Numbers of 16 bits. */
export const SEGMENT_ROWS = 1_024

/** Postings for each point asked for from which each point is searched for; fewer are read through. */
const SEARCHED_FROM = 16

/** Terms are hashes: their first bits spread them evenly. */
const BUCKET_POSTINGS = 8
const BUCKET_BITS_MAX = 11
const bucketBits = (postings: number): number =>
  Math.min(BUCKET_BITS_MAX, Math.max(1, Math.ceil(Math.log2(postings / BUCKET_POSTINGS))))

/** Moves for each posting of a bucket, after which sorting by insertion gives up: it has several frequent terms. */
const MOVES_MAX = 16
/** More than a segment's postings. */
const PLACES = 2 ** 20

/** Postings, in three arrays. */
interface PostingArrays {
  readonly ids: Uint32Array
  /** Of points, from the first of the run. */
  readonly offsets: Uint16Array
  readonly weights: Float32Array
}

/** Sorts `[from, to)` by term, of which equal terms are in order already; false if it takes too long. */
const sortByInsertion = ({ ids, offsets, weights }: PostingArrays, from: number, to: number): boolean => {
  let moves = (to - from) * MOVES_MAX
  for (let i = from + 1; i < to; i++) {
    const id = ids[i] ?? 0
    if ((ids[i - 1] ?? 0) <= id) continue
    const offset = offsets[i] ?? 0
    const weight = weights[i] ?? 0
    let at = i
    for (; at > from && (ids[at - 1] ?? 0) > id; at--) {
      ids[at] = ids[at - 1] ?? 0
      offsets[at] = offsets[at - 1] ?? 0
      weights[at] = weights[at - 1] ?? 0
    }
    ids[at] = id
    offsets[at] = offset
    weights[at] = weight
    moves -= i - at
    if (moves < 0) return false
  }
  return true
}

/** The same, however many terms there are. */
const sortKeys = ({ ids, offsets, weights }: PostingArrays, from: number, to: number): void => {
  const keys = Float64Array.from({ length: to - from }, (_, i) => (ids[from + i] ?? 0) * PLACES + i)
  const [oldOffsets, oldWeights] = [offsets.slice(from, to), weights.slice(from, to)]
  keys.sort().forEach((key, i) => {
    const place = key % PLACES
    ids[from + i] = Math.floor(key / PLACES)
    offsets[from + i] = oldOffsets[place] ?? 0
    weights[from + i] = oldWeights[place] ?? 0
  })
}

/**
 * An immutable run of rows with consecutive points: postings in buckets of some terms, by term and then row. A bucket is
 * sorted when it is asked for: a question has few terms, and a process that asks one question would sort all the others
 * for nothing. One block of memory keeps small scopes small.
 */
export class Segment implements PostingArrays {
  readonly firstPoint: number
  readonly rows: number
  readonly ids: Uint32Array
  readonly offsets: Uint16Array<ArrayBuffer>
  readonly weights: Float32Array
  readonly #shift: number
  /** Postings of a bucket are `[#starts[bucket], #starts[bucket + 1])`. */
  readonly #starts: Uint32Array
  readonly #isSorted: Uint8Array

  constructor(buffer: PostingsBuffer, scratch: ScratchArrays) {
    const { postings } = buffer
    const bits = bucketBits(postings)
    const buckets = 2 ** bits
    this.firstPoint = buffer.firstPoint
    this.rows = buffer.rows
    this.#shift = 32 - bits
    const block = new ArrayBuffer(4 * (buckets + 1) + 10 * postings + buckets)
    let at = 4 * (buckets + 1)
    this.#starts = new Uint32Array(block, 0, buckets + 1)
    this.ids = new Uint32Array(block, at, postings)
    at += 4 * postings
    this.weights = new Float32Array(block, at, postings)
    at += 4 * postings
    this.offsets = new Uint16Array(block, at, postings)
    this.#isSorted = new Uint8Array(block, at + 2 * postings, buckets)
    this.#fill(buffer, scratch.numbers(buckets, 0).fill(0))
  }

  /** Rows of a bucket stay in their order. @param ends of the buckets: zeroes */
  #fill(buffer: PostingsBuffer, ends: Uint32Array): void {
    const { ids, offsets, weights } = this
    const [shift, starts] = [this.#shift, this.#starts]
    for (let i = 0; i < ids.length; i++) {
      const bucket = (buffer.ids[i] ?? 0) >>> shift
      ends[bucket] = (ends[bucket] ?? 0) + 1
    }
    for (let bucket = 0, start = 0; bucket < ends.length; bucket++) {
      const count = ends[bucket] ?? 0
      starts[bucket] = start
      ends[bucket] = start
      start += count
    }
    starts[ends.length] = ids.length
    for (let row = 0, i = 0; row < this.rows; row++) {
      for (const end = buffer.ends[row] ?? 0; i < end; i++) {
        const id = buffer.ids[i] ?? 0
        const to = ends[id >>> shift] ?? 0
        ends[id >>> shift] = to + 1
        ids[to] = id
        offsets[to] = row
        weights[to] = buffer.weights[i] ?? 0
      }
    }
  }

  #sortBucket(bucket: number): void {
    if (this.#isSorted[bucket] === 1) return
    const [from, to] = [this.#starts[bucket] ?? 0, this.#starts[bucket + 1] ?? 0]
    if (!sortByInsertion(this, from, to)) sortKeys(this, from, to)
    this.#isSorted[bucket] = 1
  }

  /** The term's postings, `[from, to)` in `offsets` and `weights`; empty if no row holds it. */
  range(term: number): readonly [number, number] {
    const bucket = term >>> this.#shift
    this.#sortBucket(bucket)
    const end = this.#starts[bucket + 1] ?? 0
    const from = lowerBound(this.ids, term, this.#starts[bucket] ?? 0, end)
    return from < end && this.ids[from] === term ? [from, lowerBound(this.ids, term + 1, from, end)] : [0, 0]
  }

  /** How many rows hold the term, of those that are current: null where all are. */
  countHolders(term: number, isCurrent: ((point: number) => boolean) | null): number {
    const [from, to] = this.range(term)
    if (isCurrent === null) return to - from
    let holders = 0
    for (let i = from; i < to; i++) if (isCurrent(this.firstPoint + (this.offsets[i] ?? 0))) holders++
    return holders
  }

  /** Adds factor · weight to `sums`, by point. */
  addWeights(term: number, factor: number, sums: Float64Array): void {
    const [from, to] = this.range(term)
    const { firstPoint, offsets, weights } = this
    for (let i = from; i < to; i++) {
      const point = firstPoint + (offsets[i] ?? 0)
      sums[point] = (sums[point] ?? 0) + factor * (weights[i] ?? 0)
    }
  }

  /**
   * Writes the weight of each of `terms` at each of `points` (ascending, of this segment) as `Postings.weights` does.
   * @param places where each point is in that list, by point: 1 for the first, 0 for a point that is not in it
   */
  readWeights(terms: Uint32Array, points: Uint32Array, places: Int32Array, into: Float32Array): void {
    const { firstPoint, offsets, weights } = this
    const count = terms.length
    for (let t = 0; t < count; t++) {
      const [from, end] = this.range(terms[t] ?? 0)
      if (end - from <= SEARCHED_FROM * points.length) {
        for (let posting = from; posting < end; posting++) {
          const place = places[firstPoint + (offsets[posting] ?? 0)] ?? 0
          if (place > 0) into[(place - 1) * count + t] = weights[posting] ?? 0
        }
        continue
      }
      let posting = from
      for (let i = 0; i < points.length; i++) {
        const point = points[i] ?? 0
        posting = lowerBound(offsets, point - firstPoint, posting, end)
        if (posting < end && offsets[posting] === point - firstPoint) {
          into[((places[point] ?? 0) - 1) * count + t] = weights[posting] ?? 0
        }
      }
    }
  }

  /** Adds the rows it was built from. */
  unpackInto(buffer: PostingsBuffer): void {
    const termCounts = new Uint32Array(this.rows)
    for (const row of this.offsets) termCounts[row] = (termCounts[row] ?? 0) + 1
    const nextPosting = termCounts.map((count, row) => buffer.addRow(this.firstPoint + row, count))
    for (let bucket = 0; bucket < this.#isSorted.length; bucket++) this.#sortBucket(bucket)
    for (let i = 0; i < this.ids.length; i++) {
      const row = this.offsets[i] ?? 0
      const posting = nextPosting[row] ?? 0
      nextPosting[row] = posting + 1
      buffer.ids[posting] = this.ids[i] ?? 0
      buffer.weights[posting] = this.weights[i] ?? 0
    }
  }

  /** It must not be used afterwards. */
  free(): void {
    freeArray(this.offsets)
  }

  get bytes(): number {
    return this.offsets.buffer.byteLength + 400
  }
}
