/** What rows hold of a part of a question, by the numbers of the index alone: no body is read. */
import type { PartEvidence, WeighedPart } from "@keepsake/core/driver"
import type { Scan } from "../connection/Scan.ts"
import type { Postings } from "./postings/Postings.ts"
import type { Points } from "./rows/Points.ts"
import type { VectorStorage } from "./vectors/VectorStorage.ts"

/** Where evidence is read. */
export interface EvidenceSources {
  readonly points: Points
  readonly postings: Postings
  readonly vectors: VectorStorage
}

/** What a search has found out already. */
export interface KnownScores {
  /** Cosines of rows' best points, by point. */
  readonly cosines: ReadonlyMap<number, number>
  /** Σ idf·weight, by point. */
  readonly sums: Float64Array
}

const NO_TERMS = new Uint32Array()
const NO_WEIGHTS = new Float32Array()
const NO_COSINES: ReadonlyArray<number | null> = []

/** The nearest points of rows, and their cosines: null without a vector, and none where no vector is asked for. */
interface Nearest {
  readonly points: ReadonlyArray<number>
  readonly cosines: ReadonlyArray<number | null>
}

/** The points of a row that may be its nearest. */
const findCandidates = function* (
  query: Float32Array,
  slot: number,
  { points, vectors }: EvidenceSources
): Scan<ReadonlyArray<number>> {
  const passages = points.passages(slot)
  const first = points.find(slot, 0)
  if (passages === 1) return [first]
  return [first, ...(yield* vectors.findCandidates(query, points.find(slot, 1), passages - 1))]
}

/** The cosines of points, in their order; null for a point without a vector. */
const readCosines = function* (
  query: Float32Array,
  points: ReadonlyArray<number>,
  { vectors }: EvidenceSources,
  known: ReadonlyMap<number, number> | undefined
): Scan<ReadonlyArray<number | null>> {
  const unknown = points.filter((point) => known?.has(point) !== true && vectors.has(point))
  const read = yield* vectors.cosines(query, Uint32Array.from(unknown))
  let next = 0
  return points.map((point) => known?.get(point) ?? (unknown[next] === point ? (read[next++] ?? 0) : null))
}

const findNearest = function* (
  { vector }: WeighedPart,
  slots: ReadonlyArray<number>,
  sources: EvidenceSources,
  known: ReadonlyMap<number, number> | undefined
): Scan<Nearest> {
  const { points } = sources
  const first = points.isGrouped ? slots.map((slot) => points.find(slot, 0)) : slots
  if (vector === undefined) return { points: first, cosines: NO_COSINES }
  if (!points.isGrouped) return { points: first, cosines: yield* readCosines(vector, first, sources, known) }
  const groups: Array<ReadonlyArray<number>> = []
  for (const slot of slots) groups.push(yield* findCandidates(vector, slot, sources))
  const all = yield* readCosines(vector, groups.flat(), sources, known)
  const nearest = { points: Array.from(first), cosines: new Array<number | null>() }
  let next = 0
  groups.forEach((group, i) => {
    let greatest: number | null = null
    for (const point of group) {
      const cosine = all[next++] ?? null
      if (cosine === null || (greatest !== null && cosine <= greatest)) continue
      nearest.points[i] = point
      greatest = cosine
    }
    nearest.cosines.push(greatest)
  })
  return nearest
}

/** The point of a row whose words fit best; the nearest one where none holds a word. */
const findWorded = (
  slot: number,
  nearest: number,
  points: Points,
  score: (point: number) => number
): number => {
  let best = nearest
  let greatest = 0
  const passages = points.passages(slot)
  for (let number = 0; number < passages; number++) {
    const point = points.find(slot, number)
    const value = score(point)
    if (value > greatest) [best, greatest] = [point, value]
  }
  return best
}

/** Scores every point of the rows, where no search has: Σ idf·weight. */
const scorePoints = (
  { idfs, terms = NO_TERMS }: WeighedPart,
  slots: ReadonlyArray<number>,
  { points, postings }: EvidenceSources
): ((point: number) => number) => {
  const all = slots.flatMap((slot) => points.all(slot))
  const weights = readWeights(terms, all, postings)
  const sums = new Map(
    all.map((point, i) => {
      let sum = 0
      for (let t = 0; t < terms.length; t++) sum += (idfs?.[t] ?? 1) * (weights[i]?.[t] ?? 0)
      return [point, sum]
    })
  )
  return (point) => sums.get(point) ?? 0
}

/**
 * The weight of each term at each of the points, in their order.
 * @param sums by point, if known: a point of 0 holds no term
 */
const readWeights = (
  terms: Uint32Array,
  points: ReadonlyArray<number>,
  postings: Postings,
  sums: Float64Array | null = null
): ReadonlyArray<Float32Array> => {
  const { length } = terms
  const none = new Float32Array(length)
  if (length === 0) return points.map(() => none)
  const holders = new Uint32Array(points.length)
  let count = 0
  for (const point of points) if (sums === null || sums[point] !== 0) holders[count++] = point
  const weights = postings.weights(terms, holders.subarray(0, count))
  const read: Array<Float32Array> = []
  let next = 0
  for (const point of points) {
    const start = next * length
    const end = start + length
    const isHolder = next < count && point === holders[next]
    if (isHolder) next++
    // Most turns around a hit hold no term, and a view is dear.
    read.push(isHolder && !isZero(weights, start, end) ? weights.subarray(start, end) : none)
  }
  return read
}

const isZero = (weights: Float32Array, start: number, end: number): boolean => {
  for (let i = start; i < end; i++) if (weights[i] !== 0) return false
  return true
}

const findAllWorded = (
  part: WeighedPart,
  slots: ReadonlyArray<number>,
  nearest: ReadonlyArray<number>,
  sources: EvidenceSources,
  known: KnownScores | null
): ReadonlyArray<number> => {
  const { points } = sources
  // A row of one passage has no other.
  if (!points.isGrouped) return slots
  if (part.terms === undefined || part.terms.length === 0) return nearest
  const score = known === null ? scorePoints(part, slots, sources) : (point: number) => known.sums[point] ?? 0
  return slots.map((slot, i) => findWorded(slot, nearest[i] ?? 0, points, score))
}

/** A class, as `IndexedFacts` is. */
class FoundEvidence implements PartEvidence {
  readonly cosine: number | null
  readonly nearest: number
  readonly worded: number
  readonly weights: Float32Array
  readonly length: number
  readonly norm: number

  /** `nearest` and `worded` are points. */
  constructor(points: Points, nearest: number, cosine: number | null, worded: number, weights: Float32Array) {
    this.cosine = cosine
    this.nearest = cosine === null ? 0 : points.number(nearest)
    this.worded = points.number(worded)
    this.weights = weights
    this.length = points.length(worded)
    this.norm = points.norm(worded)
  }
}

/** What each of the rows holds of a part, in their order. */
export const readEvidence = function* (
  part: WeighedPart,
  slots: ReadonlyArray<number>,
  sources: EvidenceSources,
  known: KnownScores | null = null
): Scan<ReadonlyArray<PartEvidence>> {
  const { points, postings } = sources
  const nearest = yield* findNearest(part, slots, sources, known?.cosines)
  const worded = findAllWorded(part, slots, nearest.points, sources, known)
  const weights = readWeights(part.terms ?? NO_TERMS, worded, postings, known?.sums)
  return worded.map(
    (point, i) =>
      new FoundEvidence(
        points,
        nearest.points[i] ?? 0,
        nearest.cosines[i] ?? null,
        point,
        weights[i] ?? NO_WEIGHTS
      )
  )
}
