import { WEAK_FACTOR } from "../text/bm25.ts"
import { NO_TERM, type ReadText, wordKey } from "../text/terms/Word.ts"

/**
 * How much of a word a weaker form stands for, if no other memory held it; the more hold it, the less it tells. In
 * English the whole form is a stem already.
 */
const STEM_SHARE = 0.8
const ENGLISH_STEM_SHARE = 0.6
/** All pieces of a word together. */
const PIECES_SHARE = 0.5

/** A weaker form of a word. */
interface WeakForm {
  /** Index in the query's terms. */
  readonly term: number
  readonly share: number
}

/** One word of a question, and the terms that stand for it. */
export interface QueryWord {
  /** Index of the term by which it is counted. */
  readonly key: number
  /** What the form of the key leaves of its weight in a document. */
  readonly factor: number
  /** Each stands for the whole word: the word itself, an identifier that it is a part of. */
  readonly whole: ReadonlyArray<number>
  /** The first that a memory holds counts. */
  readonly stems: ReadonlyArray<WeakForm>
  /** Each that a memory holds counts. */
  readonly pieces: ReadonlyArray<WeakForm>
  /** Bit masks of all its terms. */
  readonly mask0: number
  readonly mask1: number
}

export const inMasks = (mask0: number, mask1: number, termIndex: number): boolean =>
  ((termIndex < 32 ? mask0 >>> termIndex : mask1 >>> (termIndex - 32)) & 1) === 1

/** The bit of a term in `mask0` and `mask1`; 0 for a term that is not in the query. */
export const lowBit = (termIndex: number): number => (termIndex >= 0 && termIndex < 32 ? 1 << termIndex : 0)
export const highBit = (termIndex: number): number => (termIndex >= 32 ? 1 << (termIndex - 32) : 0)

/** The distinct words of a question whose key is among its terms. `indexOf` finds a term in them, or returns -1. */
export const groupTerms = (
  { english, joined, words }: ReadText,
  indexOf: (term: number) => number
): ReadonlyArray<QueryWord> => {
  const known = new Set<number>()
  const find = (ids: ReadonlyArray<number>): ReadonlyArray<number> =>
    Array.from(new Set(ids.filter((id) => id !== NO_TERM).map((id) => indexOf(id)))).filter(
      (term) => term >= 0
    )
  const stemShare = english ? ENGLISH_STEM_SHARE : STEM_SHARE
  return words.flatMap((word, at): ReadonlyArray<QueryWord> => {
    const [key] = find([wordKey(word)])
    if (key === undefined || known.has(key)) return []
    known.add(key)
    const around = joined.filter(({ from, to }) => at >= from && at < to)
    const whole = find([word.whole, ...around.map((identifier) => identifier.whole)])
    const stems = find([word.stem, ...around.map(({ stem }) => stem)])
    const pieces = find(word.pieces)
    // A word without a whole form, as a part of an identifier or a single character, is known by its key.
    const isWeak = word.whole === NO_TERM
    const terms = [...whole, ...stems, ...pieces]
    return [
      {
        key,
        factor: isWeak ? WEAK_FACTOR : 1,
        whole: isWeak ? [...whole, key] : whole,
        stems: stems.filter((term) => !isWeak || term !== key).map((term) => ({ term, share: stemShare })),
        pieces: isWeak ? [] : pieces.map((term) => ({ term, share: PIECES_SHARE / word.pieces.length })),
        mask0: terms.reduce((mask, term) => mask | lowBit(term), 0),
        mask1: terms.reduce((mask, term) => mask | highBit(term), 0)
      }
    ]
  })
}

/** What a memory holds of a word. */
export interface Held {
  /** 1 for a whole form, 0 for none. */
  share: number
  /** The share times the IDF of the form. */
  idf: number
}

/** Sets `held` to what the terms under these masks hold of a word. `idfMax` is the IDF of a term that no row has. */
export const weighWord = (
  word: QueryWord,
  { idfMax, idfs }: { readonly idfs: Float64Array; readonly idfMax: number },
  mask0: number,
  mask1: number,
  held: Held
): void => {
  for (const term of word.whole) {
    if (!inMasks(mask0, mask1, term)) continue
    held.share = 1
    held.idf = idfs[word.key] ?? 0
    return
  }
  held.share = 0
  held.idf = 0
  for (const { share, term } of word.stems) {
    if (!inMasks(mask0, mask1, term)) continue
    const idf = idfs[term] ?? 0
    const rarity = idf / idfMax
    held.share = share * rarity * rarity
    held.idf = share * rarity * idf
    return
  }
  for (const { share, term } of word.pieces) {
    if (!inMasks(mask0, mask1, term)) continue
    const idf = idfs[term] ?? 0
    held.share += share * (idf / idfMax)
    held.idf += share * idf
  }
}
