/** What rows hold of a part of a question, by the numbers of the index alone: no body is read. */
import type { PartEvidence, WeighedPart } from "@keepsake/core/driver"
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

/** The nearest passage of a row. */
interface Nearest {
  readonly point: number
  /** Null without a vector. */
  readonly cosine: number | null
}

/** The points of a row that may be its nearest. */
const candidatesOf = (query: Float32Array, slot: number, { points, vectors }: EvidenceSources) => {
  const passages = points.passages(slot)
  const first = points.find(slot, 0)
  return passages === 1
    ? [first]
    : [first, ...vectors.findCandidates(query, points.find(slot, 1), passages - 1)]
}

const findNearest = (
  { vector }: WeighedPart,
  slots: ReadonlyArray<number>,
  sources: EvidenceSources,
  known: ReadonlyMap<number, number> | undefined
): ReadonlyArray<Nearest> => {
  const { points, vectors } = sources
  if (vector === undefined) return slots.map((slot) => ({ point: points.find(slot, 0), cosine: null }))
  const groups = slots.map((slot) => candidatesOf(vector, slot, sources))
  const unknown = Uint32Array.from(groups.flat().filter((point) => vectors.has(point) && !known?.has(point)))
  const cosines = new Map<number, number>()
  const read = vectors.cosines(vector, unknown)
  unknown.forEach((point, i) => cosines.set(point, read[i] ?? 0))
  return groups.map((group): Nearest => {
    let nearest: Nearest = { point: group[0] ?? 0, cosine: null }
    for (const point of group) {
      const cosine = known?.get(point) ?? cosines.get(point)
      if (cosine !== undefined && (nearest.cosine === null || cosine > nearest.cosine))
        nearest = { point, cosine }
    }
    return nearest
  })
}

/** Σ idf·weight at points (ascending), by their place in the list. */
const sumWeights = ({ idfs, terms = NO_TERMS }: WeighedPart, weights: Float32Array): Float64Array => {
  const sums = new Float64Array(weights.length / Math.max(1, terms.length))
  for (let i = 0; i < weights.length; i++) {
    const [at, term] = [Math.floor(i / terms.length), i % terms.length]
    sums[at] = (sums[at] ?? 0) + (idfs?.[term] ?? 1) * (weights[i] ?? 0)
  }
  return sums
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

const sortedPoints = (points: Iterable<number>): Uint32Array => Uint32Array.from(points).sort()

/** Scores every point of the rows, where no search has. */
const scorePoints = (
  part: WeighedPart,
  slots: ReadonlyArray<number>,
  { points, postings }: EvidenceSources
) => {
  const all = sortedPoints(slots.flatMap((slot) => points.all(slot)))
  const sums = sumWeights(part, postings.weights(part.terms ?? NO_TERMS, all))
  const byPoint = new Map(Array.from(all, (point, i) => [point, sums[i] ?? 0]))
  return (point: number) => byPoint.get(point) ?? 0
}

/** What each of the rows holds of a part, in their order. */
export const readEvidence = (
  part: WeighedPart,
  slots: ReadonlyArray<number>,
  sources: EvidenceSources,
  known: KnownScores | null = null
): ReadonlyArray<PartEvidence> => {
  const { points, postings } = sources
  const { terms = NO_TERMS } = part
  const nearest = findNearest(part, slots, sources, known?.cosines)
  const isSettled = terms.length === 0 || (known === null && !points.isGrouped)
  const score =
    known === null
      ? isSettled
        ? () => 0
        : scorePoints(part, slots, sources)
      : (point: number) => known.sums[point] ?? 0
  const worded = slots.map((slot, i) => findWorded(slot, nearest[i]?.point ?? 0, points, score))
  const sorted = sortedPoints(worded)
  const weights = postings.weights(terms, sorted)
  const places = new Map(Array.from(sorted, (point, i) => [point, i * terms.length]))
  return worded.map((point, i): PartEvidence => {
    const place = places.get(point) ?? 0
    return {
      cosine: nearest[i]?.cosine ?? null,
      nearest: nearest[i]?.cosine == null ? 0 : points.number(nearest[i].point),
      worded: points.number(point),
      weights: weights.slice(place, place + terms.length),
      length: points.length(point),
      norm: points.norm(point)
    }
  })
}
