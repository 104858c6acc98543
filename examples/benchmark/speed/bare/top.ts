/** Indices of the greatest scores, best first: insertion into a short list, which at ten beats a heap. */
export const top = (scores: ArrayLike<number>, limit: number): ReadonlyArray<number> => {
  const best: Array<number> = []
  let bar = Number.NEGATIVE_INFINITY
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? 0
    if (score <= bar && best.length === limit) continue
    let at = best.length
    while (at > 0 && (scores[best[at - 1] ?? 0] ?? 0) < score) at--
    best.splice(at, 0, i)
    if (best.length > limit) best.pop()
    bar = scores[best.at(-1) ?? 0] ?? 0
  }
  return best
}
