/** What stands in two rows between the items that they have in common, in order: the longest common subsequence. */
export const differences = <A>(
  a: ReadonlyArray<A>,
  b: ReadonlyArray<A>,
  isSame: (own: A, other: A) => boolean
): ReadonlyArray<readonly [ReadonlyArray<A>, ReadonlyArray<A>]> => {
  const width = b.length + 1
  const lengths = new Uint16Array((a.length + 1) * width)
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) {
      const [own, other] = [a[i], b[j]]
      const isCommon = own !== undefined && other !== undefined && isSame(own, other)
      lengths[i * width + j] = isCommon ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  const found: Array<readonly [ReadonlyArray<A>, ReadonlyArray<A>]> = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const [fromA, fromB] = [i, j]
    while ((i < a.length || j < b.length) && !(at(i, j) > at(i + 1, j) && at(i, j) > at(i, j + 1))) {
      if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) i++
      else j++
    }
    if (i > fromA || j > fromB) found.push([a.slice(fromA, i), b.slice(fromB, j)])
    i++
    j++
  }
  return found
}
