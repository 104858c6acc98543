/** Greedy word pieces, as BERT cuts words. */

/** The pieces of a vocabulary by their text. */
export interface WordPieces {
  readonly ids: Pick<ReadonlyMap<string, number>, "get">
  /** Before a piece that does not begin a word; `"##"` for BERT. */
  readonly prefix: string
  /** A longer word is unknown, in UTF-16 code units. */
  readonly longest: number
}

/** Adds the pieces of a word to `into`, the longest first; false if some of it is no piece, and then adds nothing. */
export const cutWord = ({ ids, longest, prefix }: WordPieces, word: string, into: Array<number>): boolean => {
  const whole = ids.get(word)
  if (whole !== undefined) {
    into.push(whole)
    return true
  }
  if (word.length > longest) return false
  const before = into.length
  for (let start = 0; start < word.length;) {
    let end = word.length
    let id: number | undefined
    for (; end > start; end--) {
      id = ids.get(start === 0 ? word.slice(0, end) : prefix + word.slice(start, end))
      if (id !== undefined) break
    }
    if (id === undefined) {
      into.length = before
      return false
    }
    into.push(id)
    start = end
  }
  return true
}
