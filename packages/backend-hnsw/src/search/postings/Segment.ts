import { freeArray } from "../arrays/freeArray.ts"
import type { ScratchArrays } from "../arrays/ScratchArrays.ts"
import type { PostingsBuffer } from "./PostingsBuffer.ts"

/** Rows of a full segment, and those of one block more at most: building one takes a millisecond. */
export const SEGMENT_ROWS = 1_024

/** The index of `value` in the ascending range `[from, to)` of an array, or -1. */
export const binarySearch = (sorted: Uint32Array, value: number, from: number, to: number): number => {
  let low = from
  let high = to - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const candidate = sorted[middle] ?? 0
    if (candidate === value) return middle
    if (candidate < value) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/** Postings for each point asked for from which each point is searched for; fewer are read through. */
const SEARCHED_FROM = 16

/** The index of the first number that is at least `value` in the ascending range `[from, to)`; `to` without one. */
const lowerBound = (sorted: Uint32Array, value: number, from: number, to: number): number => {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Terms are hashes: their first bits spread them evenly. */
const BUCKET_BITS = 11
const BUCKETS = 2 ** BUCKET_BITS
const bucketOf = (id: number): number => id >>> (32 - BUCKET_BITS)
/** Moves for each posting of a bucket, after which sorting by insertion gives up: it has several frequent terms. */
const MOVES_MAX = 16
/** More than any posting's place. */
const PLACES = 2 ** 20

/** Postings by term, then row. */
interface SortedPostings {
  /** Their terms. */
  readonly ids: Uint32Array
  /** Their places in the buffer. */
  readonly order: Uint32Array
}

/** Sorts `[from, to)`, of which equal terms are in order already; false if it takes too long. */
const sortByInsertion = ({ ids, order }: SortedPostings, from: number, to: number): boolean => {
  let moves = (to - from) * MOVES_MAX
  for (let i = from + 1; i < to; i++) {
    const id = ids[i] ?? 0
    if ((ids[i - 1] ?? 0) <= id) continue
    const place = order[i] ?? 0
    let at = i
    for (; at > from && (ids[at - 1] ?? 0) > id; at--) {
      ids[at] = ids[at - 1] ?? 0
      order[at] = order[at - 1] ?? 0
    }
    ids[at] = id
    order[at] = place
    moves -= i - at
    if (moves < 0) return false
  }
  return true
}

/** The same, however many terms there are. */
const sortKeys = ({ ids, order }: SortedPostings, from: number, to: number): void => {
  const keys = Float64Array.from(
    { length: to - from },
    (_, i) => (ids[from + i] ?? 0) * PLACES + (order[from + i] ?? 0)
  )
  keys.sort().forEach((key, i) => {
    ids[from + i] = Math.floor(key / PLACES)
    order[from + i] = key % PLACES
  })
}

/** The buffer has postings by row. Valid until the next call with the same `scratch`. */
const sortByTerm = ({ ids, postings }: PostingsBuffer, scratch: ScratchArrays): SortedPostings => {
  const sorted = { order: scratch.numbers(postings, 0), ids: scratch.numbers(postings, 1) }
  const ends = scratch.numbers(BUCKETS, 2).fill(0)
  for (let i = 0; i < postings; i++) {
    const bucket = bucketOf(ids[i] ?? 0)
    ends[bucket] = (ends[bucket] ?? 0) + 1
  }
  for (let bucket = 0, start = 0; bucket < BUCKETS; bucket++) {
    const count = ends[bucket] ?? 0
    ends[bucket] = start
    start += count
  }
  for (let i = 0; i < postings; i++) {
    const id = ids[i] ?? 0
    const bucket = bucketOf(id)
    const to = ends[bucket] ?? 0
    ends[bucket] = to + 1
    sorted.order[to] = i
    sorted.ids[to] = id
  }
  for (let bucket = 0, from = 0; bucket < BUCKETS; bucket++) {
    const to = ends[bucket] ?? 0
    if (!sortByInsertion(sorted, from, to)) sortKeys(sorted, from, to)
    from = to
  }
  return sorted
}

const countTerms = ({ ids }: SortedPostings): number => {
  let count = 0
  for (let i = 0, previous = -1; i < ids.length; i++) {
    const term = ids[i] ?? 0
    if (term !== previous) count++
    previous = term
  }
  return count
}

/** An immutable run of rows with consecutive points, grouped by term. One block of memory keeps small scopes small. */
export class Segment {
  readonly firstPoint: number
  readonly rows: number
  readonly #terms: Uint32Array
  /** Postings of `#terms[i]` are `[#starts[i], #starts[i + 1])`. */
  readonly #starts: Uint32Array
  readonly points: Uint32Array<ArrayBuffer>
  readonly weights: Float32Array

  constructor(buffer: PostingsBuffer, scratch: ScratchArrays) {
    const { postings } = buffer
    this.firstPoint = buffer.firstPoint
    this.rows = buffer.rows
    const sorted = sortByTerm(buffer, scratch)
    const terms = countTerms(sorted)
    const block = new ArrayBuffer(4 * (2 * terms + 1 + 2 * postings))
    this.#terms = new Uint32Array(block, 0, terms)
    this.#starts = new Uint32Array(block, 4 * terms, terms + 1)
    this.points = new Uint32Array(block, 4 * (2 * terms + 1), postings)
    this.weights = new Float32Array(block, 4 * (2 * terms + 1 + postings))
    this.#fill(sorted, buffer, scratch)
  }

  #fill({ ids, order }: SortedPostings, { ends, weights }: PostingsBuffer, scratch: ScratchArrays): void {
    const points = scratch.numbers(order.length, 2)
    for (let row = 0, i = 0; row < this.rows; row++) {
      for (const end = ends[row] ?? 0; i < end; i++) points[i] = this.firstPoint + row
    }
    let terms = 0
    for (let i = 0, previous = -1; i < order.length; i++) {
      const term = ids[i] ?? 0
      if (term !== previous) {
        this.#terms[terms] = term
        this.#starts[terms++] = i
      }
      previous = term
      const posting = order[i] ?? 0
      this.points[i] = points[posting] ?? 0
      this.weights[i] = weights[posting] ?? 0
    }
    this.#starts[terms] = order.length
  }

  /** The term's postings, `[from, to)` in `points` and `weights`; empty if no row holds it. */
  range(term: number): readonly [number, number] {
    const t = binarySearch(this.#terms, term, 0, this.#terms.length)
    return t < 0 ? [0, 0] : [this.#starts[t] ?? 0, this.#starts[t + 1] ?? 0]
  }

  /** How many rows hold the term, of those that are current: null where all are. */
  countHolders(term: number, isCurrent: ((point: number) => boolean) | null): number {
    const [from, to] = this.range(term)
    if (isCurrent === null) return to - from
    let holders = 0
    for (let i = from; i < to; i++) if (isCurrent(this.points[i] ?? 0)) holders++
    return holders
  }

  /** Adds factor · weight to `sums`, by point. */
  addWeights(term: number, factor: number, sums: Float64Array): void {
    const [from, to] = this.range(term)
    const { points, weights } = this
    for (let i = from; i < to; i++) {
      const point = points[i] ?? 0
      sums[point] = (sums[point] ?? 0) + factor * (weights[i] ?? 0)
    }
  }

  /**
   * Writes the weight of each of `terms` at each of `points` (ascending, of this segment) as `Postings.weights` does.
   * @param places where each point is in that list, by point: 1 for the first, 0 for a point that is not in it
   */
  readWeights(terms: Uint32Array, points: Uint32Array, places: Int32Array, into: Float32Array): void {
    const [all, weights, count] = [this.points, this.weights, terms.length]
    for (let t = 0; t < count; t++) {
      let [posting, end] = this.range(terms[t] ?? 0)
      if (end - posting <= SEARCHED_FROM * points.length) {
        for (; posting < end; posting++) {
          const place = places[all[posting] ?? 0] ?? 0
          if (place > 0) into[(place - 1) * count + t] = weights[posting] ?? 0
        }
        continue
      }
      for (const point of points) {
        posting = lowerBound(all, point, posting, end)
        if (posting < end && all[posting] === point) {
          into[((places[point] ?? 0) - 1) * count + t] = weights[posting] ?? 0
        }
      }
    }
  }

  /** Adds the rows it was built from. */
  unpackInto(buffer: PostingsBuffer): void {
    const termCounts = new Uint32Array(this.rows)
    for (const point of this.points) {
      termCounts[point - this.firstPoint] = (termCounts[point - this.firstPoint] ?? 0) + 1
    }
    const nextPosting = termCounts.map((count, row) => buffer.addRow(this.firstPoint + row, count))
    this.#terms.forEach((term, t) => {
      for (let i = this.#starts[t] ?? 0; i < (this.#starts[t + 1] ?? 0); i++) {
        const row = (this.points[i] ?? 0) - this.firstPoint
        const posting = nextPosting[row] ?? 0
        nextPosting[row] = posting + 1
        buffer.ids[posting] = term
        buffer.weights[posting] = this.weights[i] ?? 0
      }
    })
  }

  /** It must not be used afterwards. */
  free(): void {
    freeArray(this.points)
  }

  get bytes(): number {
    return 8 * this.#terms.length + 8 * this.points.length + 400
  }
}
