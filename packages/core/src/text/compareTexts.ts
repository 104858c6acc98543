/** In UTF-16 a surrogate, half of a character above U+FFFF, lies below the last characters under it. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit)

/**
 * The order of names in every store: by code points, which is the order of their bytes in UTF-8. `<` goes by UTF-16
 * units and puts U+FF5E after an emoji.
 */
export const compareTexts = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}
