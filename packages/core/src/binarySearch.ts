/** The first place of `[from, to)` that is past what is looked for, or `to`; once one is past, all after it are. */
export const firstIndex = (from: number, to: number, isPast: (index: number) => boolean): number => {
  let [low, high] = [from, to]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isPast(middle)) high = middle
    else low = middle + 1
  }
  return low
}

/** The index of the first number that is at least `value` in the ascending range `[from, to)`, or `to`. */
export const lowerBound = (
  sorted: ArrayLike<number>,
  value: number,
  from = 0,
  to = sorted.length
): number => {
  // As `firstIndex`, without a closure: a search looks up each term and row.
  let [low, high] = [from, to]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) >= value) high = middle
    else low = middle + 1
  }
  return low
}
