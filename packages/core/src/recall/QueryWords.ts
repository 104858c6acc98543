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

/** Terms of a query: 0–31 in `mask0`, 32–63 in `mask1`. */
interface Masks {
  readonly mask0: number
  readonly mask1: number
}

/** A weaker form of a word. */
interface WeakForm extends Masks {
  /** Index in the query's terms. */
  readonly term: number
  readonly share: number
}

/** One word of a question, and the terms that stand for it. */
export interface QueryWord extends Masks {
  /** Index of the term by which it is counted. */
  readonly key: number
  /** What the form of the key leaves of its weight in a document. */
  readonly factor: number
  /** Each stands for the whole word: the word itself, an identifier that it is a part of. */
  readonly whole: Masks
  /** The first that a memory holds counts. */
  readonly stems: ReadonlyArray<WeakForm>
  /** Each that a memory holds counts. */
  readonly pieces: ReadonlyArray<WeakForm>
}

/** The bit of a term in `mask0` and `mask1`; 0 for a term that is not in the query. */
export const lowBit = (termIndex: number): number => (termIndex >= 0 && termIndex < 32 ? 1 << termIndex : 0)
export const highBit = (termIndex: number): number => (termIndex >= 32 ? 1 << (termIndex - 32) : 0)

const toMasks = (terms: ReadonlyArray<number>): Masks => {
  let mask0 = 0
  let mask1 = 0
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] ?? -1
    mask0 |= lowBit(term)
    mask1 |= highBit(term)
  }
  return { mask0, mask1 }
}

const NO_TERMS: ReadonlyArray<number> = []
const NO_FORMS: ReadonlyArray<WeakForm> = []

const weaken = (terms: ReadonlyArray<number>, share: number): ReadonlyArray<WeakForm> =>
  terms.length === 0
    ? NO_FORMS
    : terms.map((term) => ({ term, share, mask0: lowBit(term), mask1: highBit(term) }))

/** Finds the places of a question's terms. */
class TermPlaces {
  readonly #indexOf: (term: number) => number

  constructor(indexOf: (term: number) => number) {
    this.#indexOf = indexOf
  }

  /** Adds the place of a term; `places` has each once. */
  add(places: ReadonlyArray<number>, id: number): ReadonlyArray<number> {
    const place = id === NO_TERM ? -1 : this.#indexOf(id)
    if (place < 0 || places.includes(place)) return places
    return places.length === 0 ? [place] : [...places, place]
  }

  addAll(places: ReadonlyArray<number>, ids: ReadonlyArray<number>): ReadonlyArray<number> {
    return ids.length === 0 ? places : ids.reduce((some, id) => this.add(some, id), places)
  }
}

/** The distinct words of a question whose key is among its terms. `indexOf` finds a term in them, or returns -1. */
export const groupTerms = (
  { english, joined, words }: ReadText,
  indexOf: (term: number) => number
): ReadonlyArray<QueryWord> => {
  const known = new Set<number>()
  const terms = new TermPlaces(indexOf)
  const stemShare = english ? ENGLISH_STEM_SHARE : STEM_SHARE
  const grouped: Array<QueryWord> = []
  words.forEach((word, at) => {
    const id = wordKey(word)
    const key = id === NO_TERM ? -1 : indexOf(id)
    if (key < 0 || known.has(key)) return
    known.add(key)
    // A word without a whole form, as a part of an identifier or a single character, is known by its key.
    const isWeak = word.whole === NO_TERM
    let whole = isWeak ? NO_TERMS : [key]
    let stems = terms.add(NO_TERMS, word.stem)
    for (const identifier of joined) {
      if (at < identifier.from || at >= identifier.to) continue
      whole = terms.add(whole, identifier.whole)
      stems = terms.add(stems, identifier.stem)
    }
    const pieces = terms.addAll(NO_TERMS, word.pieces)
    const wholeMasks = toMasks(isWeak ? [...whole, key] : whole)
    const ofWhole = toMasks(whole)
    const ofStems = toMasks(stems)
    const ofPieces = toMasks(pieces)
    grouped.push({
      key,
      factor: isWeak ? WEAK_FACTOR : 1,
      whole: wholeMasks,
      stems: weaken(isWeak ? stems.filter((term) => term !== key) : stems, stemShare),
      pieces: isWeak ? NO_FORMS : weaken(pieces, PIECES_SHARE / word.pieces.length),
      mask0: ofWhole.mask0 | ofStems.mask0 | ofPieces.mask0,
      mask1: ofWhole.mask1 | ofStems.mask1 | ofPieces.mask1
    })
  })
  return grouped
}

/** A weaker form of a word, weighed in a scope. */
interface WeighedForm extends Masks {
  readonly share: number
  readonly idf: number
  readonly surprise: number
  /** Passages that hold it, 1 or more. */
  readonly holders: number
}

/** A word of a question, weighed in a scope. */
export interface WeighedWord extends QueryWord {
  readonly idf: number
  /** The square of `1 + ln((n + 1)/(df + 1))` of its key: never below 1, for the cosine. */
  readonly square: number
  /** How much it tells that a memory holds it, in nats (see `toSurprise`). */
  readonly surprise: number
  /** Passages that hold its key, 1 or more. */
  readonly holders: number
  readonly weighedStems: ReadonlyArray<WeighedForm>
  readonly weighedPieces: ReadonlyArray<WeighedForm>
}

/** What a scope says of a query's terms, in their order. */
export interface TermCounts {
  readonly idfs: Float64Array
  /** The IDF of a term that no row has: a rarer form tells more of its word. */
  readonly idfMax: number
  readonly surprises: Float64Array
  /** Passages that hold each. */
  readonly holders: ReadonlyArray<number>
}

const UNWEIGHED: ReadonlyArray<WeighedForm> = []

export const weighForms = (
  word: QueryWord,
  { holders, idfMax, idfs, surprises }: TermCounts,
  square: number
): WeighedWord => {
  const weigh = ({ mask0, mask1, share, term }: WeakForm, power: number): WeighedForm => {
    const idf = idfs[term] ?? 0
    const rarity = idf / idfMax
    const left = share * rarity ** (power - 1)
    return {
      mask0,
      mask1,
      share: share * rarity ** power,
      idf: left * idf,
      surprise: left * (surprises[term] ?? 0),
      holders: Math.max(1, holders[term] ?? 0)
    }
  }
  return {
    key: word.key,
    factor: word.factor,
    whole: word.whole,
    stems: word.stems,
    pieces: word.pieces,
    mask0: word.mask0,
    mask1: word.mask1,
    idf: idfs[word.key] ?? 0,
    square,
    surprise: surprises[word.key] ?? 0,
    holders: Math.max(1, holders[word.key] ?? 0),
    weighedStems: word.stems.length === 0 ? UNWEIGHED : word.stems.map((form) => weigh(form, 2)),
    weighedPieces: word.pieces.length === 0 ? UNWEIGHED : word.pieces.map((form) => weigh(form, 1))
  }
}

/**
 * Places of what a memory holds of a word: its share, 1 for a whole form and 0 for none; the share's IDF and surprise;
 * and how many passages hold the form.
 */
export const SHARE = 0
export const IDF = 1
export const SURPRISE = 2
export const HOLDERS = 3
export const HELD_LENGTH = 4

/** Sets `held`, of `HELD_LENGTH` numbers, to what the terms under these masks hold of a word. */
export const weighWord = (word: WeighedWord, mask0: number, mask1: number, held: Float64Array): void => {
  const { whole } = word
  if (((whole.mask0 & mask0) | (whole.mask1 & mask1)) !== 0) {
    held[SHARE] = 1
    held[IDF] = word.idf
    held[SURPRISE] = word.surprise
    held[HOLDERS] = word.holders
    return
  }
  let share = 0
  let idf = 0
  let surprise = 0
  let holders = Number.POSITIVE_INFINITY
  const { weighedPieces, weighedStems } = word
  for (let i = 0; i < weighedStems.length; i++) {
    const form = weighedStems[i]
    if (form === undefined) break
    if (((form.mask0 & mask0) | (form.mask1 & mask1)) === 0) continue
    held[SHARE] = form.share
    held[IDF] = form.idf
    held[SURPRISE] = form.surprise
    held[HOLDERS] = form.holders
    return
  }
  for (let i = 0; i < weighedPieces.length; i++) {
    const form = weighedPieces[i]
    if (form === undefined) break
    if (((form.mask0 & mask0) | (form.mask1 & mask1)) === 0) continue
    share += form.share
    idf += form.idf
    surprise += form.surprise
    if (form.holders < holders) holders = form.holders
  }
  held[SHARE] = share
  held[IDF] = idf
  held[SURPRISE] = surprise
  held[HOLDERS] = holders
}
