/** The likeliest pieces of a word, as SentencePiece's unigram models cut it. */

/** The pieces of a vocabulary by their text. */
export interface UnigramPieces {
  readonly ids: ReadonlyMap<string, number>
  /** Logarithm of each piece's probability. */
  readonly scores: ArrayLike<number>
  /** Of the longest piece, in UTF-16 code units. */
  readonly longest: number
  /** Logarithm of the probability of a character that is no piece. */
  readonly unknown: number
}

/** Below the least likely piece, as in SentencePiece. */
const UNKNOWN_BELOW = 10

export const readUnigram = (vocabulary: ReadonlyArray<readonly [string, number]>): UnigramPieces => {
  let least = 0
  let longest = 1
  for (const [text, score] of vocabulary) {
    least = Math.min(least, score)
    longest = Math.max(longest, text.length)
  }
  return {
    ids: new Map(vocabulary.map(([text], id) => [text, id])),
    scores: Float64Array.from(vocabulary, ([, score]) => score),
    longest,
    unknown: least - UNKNOWN_BELOW
  }
}

/** Adds the pieces of a word to `into`; characters that are no piece add nothing. */
export const cutLikeliest = (
  { ids, longest, scores, unknown }: UnigramPieces,
  word: string,
  into: Array<number>
): void => {
  const length = word.length
  // The best way to each place: its score, where its last piece begins, and which piece that is.
  const best = new Float64Array(length + 1).fill(Number.NEGATIVE_INFINITY)
  const starts = new Int32Array(length + 1)
  const pieces = new Int32Array(length + 1).fill(-1)
  best[0] = 0
  const reach = (end: number, start: number, piece: number, score: number): void => {
    if (score <= (best[end] ?? 0)) return
    best[end] = score
    starts[end] = start
    pieces[end] = piece
  }
  for (let start = 0; start < length; start++) {
    const here = best[start] ?? Number.NEGATIVE_INFINITY
    if (here === Number.NEGATIVE_INFINITY) continue
    for (let end = start + 1; end <= Math.min(length, start + longest); end++) {
      const id = ids.get(word.slice(start, end))
      if (id !== undefined) reach(end, start, id, here + (scores[id] ?? 0))
    }
    const character = (word.codePointAt(start) ?? 0) > 0xff_ff ? 2 : 1
    reach(start + character, start, -1, here + unknown)
  }
  const reversed: Array<number> = []
  for (let end = length; end > 0; end = starts[end] ?? 0) {
    const piece = pieces[end] ?? -1
    if (piece >= 0) reversed.push(piece)
  }
  into.push(...reversed.reverse())
}
