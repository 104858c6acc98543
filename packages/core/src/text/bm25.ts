/** BM25 over term ids: the document side is stored, the query side needs idf alone. */
import type { Reading } from "./terms/RunForms.ts"
import { readPartsWith, readWith, TOKENISER } from "./terms/tokenisers.ts"
import { formFromNumber, idFromNumber, NO_TERM, type ReadText, wordKey } from "./terms/Word.ts"

/** BM25's parameters; part of the fingerprint. */
export interface TermSettings {
  readonly k1: number
  readonly b: number
  /** Assumed average length in terms: fixed, so that a stored weight never goes stale. */
  readonly avgLen: number
}

/** Any `avgLen` of 15 to 60 and any `b` of .4 to .75 recall alike to ±.1 points of R@10 (docs/retrieval.md). */
export const TERM_SETTINGS: TermSettings = { k1: 1.2, b: 0.75, avgLen: 20 }

/** The terms of a passage. */
export interface Terms {
  /** Ascending and distinct. */
  readonly ids: Uint32Array
  /** The BM25 document weight of each of `ids`, reduced by the factor of its form. */
  readonly weights: Float32Array
  /** Words in order of appearance, repetitions included. */
  readonly length: number
  /** √Σ(1 + ln count)² over the words, 1 without one: the norm of the text's vector, without IDF: that of other words is unknown. */
  readonly norm: number
}

/** The length norm: longer texts weigh each term less. */
export const lengthPenalty = (length: number, { avgLen, b, k1 }: TermSettings): number =>
  k1 * (1 - b + (b * length) / avgLen)

/** The document side of BM25 for a term that occurs `count` times in a text with that length norm. */
export const documentWeight = (count: number, penalty: number, { k1 }: TermSettings): number =>
  (count * (k1 + 1)) / (count + penalty)

/** How often a term occurs that a document holds with this weight: the inverse of `documentWeight`. */
export const countFromWeight = (weight: number, penalty: number, { k1 }: TermSettings): number =>
  Math.max(1, Math.round((weight * penalty) / (k1 + 1 - weight)))

/** What a form, by its number, leaves of its term's weight in a document. Part of the tokeniser: a change needs a new name. */
const FACTORS = [1, 0.3, 0.3] as const
/** The factor of every form but the whole word. */
export const WEAK_FACTOR = 0.3

/** Fewer numbers are sorted where they stand, sooner than a call of the engine's sort begins. */
const SORTED_IN_PLACE = 48

/** Numbers of the text that is read, used again by the next: a new array takes longer than to fill it. */
let scratch = new Float64Array(1_024)

const reserveScratch = (length: number): Float64Array => {
  if (length > scratch.length) scratch = new Float64Array(2 * length)
  return scratch
}

/** The first `count` numbers of the scratch, ascending. */
const sortScratch = (count: number): void => {
  const numbers = scratch
  if (count > SORTED_IN_PLACE) {
    numbers.subarray(0, count).sort()
    return
  }
  for (let i = 1; i < count; i++) {
    const number = numbers[i] ?? 0
    let at = i
    for (; at > 0 && (numbers[at - 1] ?? 0) > number; at--) numbers[at] = numbers[at - 1] ?? 0
    numbers[at] = number
  }
}

/** Every term of a text, by its number, ascending in the scratch; a term once for each time that it occurs. @returns how many */
const sortTerms = (parts: ReadonlyArray<Reading>): number => {
  let count = 0
  for (const { numbers } of parts) count += numbers.length
  const sorted = reserveScratch(count)
  let filled = 0
  for (const { numbers } of parts) for (let i = 0; i < numbers.length; i++) sorted[filled++] = numbers[i] ?? 0
  sortScratch(count)
  return count
}

const countDistinct = (count: number): number => {
  let distinct = 0
  for (let i = 0; i < count; i++) if (i === 0 || scratch[i] !== scratch[i - 1]) distinct++
  return distinct
}

const countWords = (parts: ReadonlyArray<Reading>): number => {
  let count = 0
  for (const { words } of parts) count += words.length
  return count
}

/** √Σ(1 + ln count)² over the words of a text, each by its key; 1 without one. @param count of words */
const normOf = (parts: ReadonlyArray<Reading>, count: number): number => {
  const keys = reserveScratch(count)
  let filled = 0
  for (const { numbers, words } of parts)
    for (let i = 0; i < words.length; i++) keys[filled++] = idFromNumber(numbers[i] ?? 0)
  sortScratch(count)
  let square = 0
  for (let i = 0; i < count;) {
    const key = keys[i]
    const start = i
    while (i < count && keys[i] === key) i++
    square += (1 + Math.log(i - start)) ** 2
  }
  return Math.sqrt(square) || 1
}

/** Settings of a store's terms; of a new store where the tokeniser is absent. */
export interface DocumentSettings extends TermSettings {
  readonly tokeniser?: string
}

/**
 * The document side of BM25, so that a store only needs Σ idf·weight over the query's terms.
 * (Robertson & Zaragoza 2009, eq. 3.15.)
 */
export const documentTerms = (text: string, settings: DocumentSettings = TERM_SETTINGS): Terms => {
  const parts = readPartsWith(settings.tokeniser ?? TOKENISER, text)
  const length = countWords(parts)
  const count = sortTerms(parts)
  const distinct = countDistinct(count)
  const penalty = lengthPenalty(length, settings)
  // One allocation for both.
  const buffer = new ArrayBuffer(8 * distinct)
  const ids = new Uint32Array(buffer, 0, distinct)
  const weights = new Float32Array(buffer, 4 * distinct, distinct)
  for (let i = 0, at = 0; i < count; at++) {
    const number = scratch[i] ?? 0
    const start = i
    while (i < count && scratch[i] === number) i++
    ids[at] = idFromNumber(number)
    weights[at] = (FACTORS[formFromNumber(number)] ?? 1) * documentWeight(i - start, penalty, settings)
  }
  return { ids, weights, length, norm: normOf(parts, length) }
}

/** The query's distinct terms, those that weigh most first. */
export const queryTerms = (text: string, tokeniser: string = TOKENISER): Uint32Array =>
  Uint32Array.from(selectTerms(readWith(tokeniser, text), Infinity))

/** The distinct terms of a question, up to `max`: identifiers, then each word once, then the other forms. */
export const selectTerms = ({ joined, words }: ReadText, max: number): ReadonlyArray<number> => {
  const terms = new Set<number>()
  const add = (id: number): void => {
    if (id !== NO_TERM && terms.size < max) terms.add(id)
  }
  for (const { whole } of joined) add(whole)
  for (const word of words) add(wordKey(word))
  for (const { stem } of words) add(stem)
  for (const { stem } of joined) add(stem)
  for (const { pieces } of words) if (pieces.length > 0) for (const piece of pieces) add(piece)
  return Array.from(terms)
}

/** BM25's IDF: `ln(1 + (n − df + ½)/(df + ½))`, over the scope. */
export const idf = (n: number, df: number): number => Math.log(1 + (n - df + 0.5) / (df + 0.5))
