/** The best points where rows have several: of each row the best alone; of points that tie, the first. */
import { growArray } from "./growArray.ts"
import { TopK } from "./TopK.ts"

/** Which row a point belongs to. */
export interface PointGroups {
  slot(point: number): number
}

/** The best points of the `limit` best rows, of points with scores. */
export const bestOfRows = (
  points: ReadonlyArray<number>,
  scores: ReadonlyArray<number>,
  limit: number,
  groups: PointGroups
): TopK => {
  const best = new Map<number, number>()
  points.forEach((point, i) => {
    const slot = groups.slot(point)
    const other = best.get(slot)
    const score = scores[i] ?? 0
    const isBetter =
      other === undefined ||
      score > (scores[other] ?? 0) ||
      (score === scores[other] && point < (points[other] ?? 0))
    if (isBetter) best.set(slot, i)
  })
  const top = new TopK(limit)
  for (const i of best.values()) top.push(scores[i] ?? 0, points[i] ?? 0)
  return top
}

/**
 * The best points of the `limit` best rows.
 * @param scores `scores[i]` belongs to point `from + i`
 * @param hasScore whether a point's score counts
 * @param passes asked of a row's best point alone, and only if it would get in
 */
export const selectGrouped = (
  scores: Float32Array | Float64Array,
  limit: number,
  hasScore: (point: number) => boolean,
  passes: (point: number) => boolean,
  groups: PointGroups,
  from = 0
): TopK => {
  /** By slot: the best point and one, or 0. */
  let best = new Uint32Array(0)
  for (let i = 0; i < scores.length; i++) {
    const point = from + i
    if (!hasScore(point)) continue
    const slot = groups.slot(point)
    best = growArray(best, slot + 1)
    const other = (best[slot] ?? 0) - 1
    if (other < 0 || (scores[i] ?? 0) > (scores[other - from] ?? 0)) best[slot] = point + 1
  }
  const top = new TopK(limit)
  for (const entry of best) {
    if (entry === 0) continue
    const score = scores[entry - 1 - from] ?? 0
    if (score >= top.bar && passes(entry - 1)) top.push(score, entry - 1)
  }
  return top
}
