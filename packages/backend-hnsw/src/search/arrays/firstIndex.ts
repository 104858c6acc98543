/** The first of `count` sorted places that is past what is looked for, or `count`; once one is past, all after it are. */
export const firstIndex = (count: number, isPast: (index: number) => boolean): number => {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (isPast(middle)) high = middle
    else low = middle + 1
  }
  return low
}
