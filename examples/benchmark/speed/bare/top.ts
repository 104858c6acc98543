/** Indices of the highest scores, best first. Inserts into a sorted list, which is faster than a heap for ten. */
export const top = (scores: ArrayLike<number>, limit: number): ReadonlyArray<number> => {
  const best: Array<number> = []
  let lowest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? 0
    if (score <= lowest && best.length === limit) continue
    let at = best.length
    while (at > 0 && (scores[best[at - 1] ?? 0] ?? 0) < score) at--
    best.splice(at, 0, i)
    if (best.length > limit) best.pop()
    lowest = scores[best.at(-1) ?? 0] ?? 0
  }
  return best
}
