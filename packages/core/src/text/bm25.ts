/** BM25 over term ids: the document side is stored, the query side needs idf alone. */
import { termId, tokenise } from "./tokenise.ts"

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
  /** The BM25 document weight of each of `ids`. */
  readonly weights: Float32Array
  /** Terms in order of appearance, repetitions included. */
  readonly length: number
  /** √Σ(1 + ln count)², 1 without a term: the norm of the text's vector, without IDF: that of other words is unknown. */
  readonly norm: number
}

/** The length norm: longer texts weigh each term less. */
export const lengthPenalty = (length: number, { avgLen, b, k1 }: TermSettings): number =>
  k1 * (1 - b + (b * length) / avgLen)

/** The document side of BM25 for a term that occurs `count` times in a text with that length norm. */
export const documentWeight = (count: number, penalty: number, { k1 }: TermSettings): number =>
  (count * (k1 + 1)) / (count + penalty)

/** How often a term occurs: the inverse of `documentWeight`. */
export const countFromWeight = (weight: number, penalty: number, { k1 }: TermSettings): number =>
  Math.max(1, Math.round((weight * penalty) / (k1 + 1 - weight)))

/** The terms of a text and their counts. */
export interface CountedTerms {
  /**
   * Distinct term ids, ascending; the count of each; then every term in order of appearance. One array: a
   * recall reads hundreds of texts, and mostly waits for memory.
   */
  readonly numbers: Uint32Array
  /** Distinct terms. */
  readonly distinct: number
  /** Terms in order of appearance. */
  readonly length: number
}

/** Counts a text's terms. */
export const countTerms = (text: string): CountedTerms => {
  const tokens = tokenise(text)
  const { length } = tokens
  const sequence = new Uint32Array(length)
  for (let i = 0; i < length; i++) sequence[i] = termId(tokens[i] ?? "")
  const sorted = sequence.slice().sort()
  let distinct = 0
  for (let i = 0; i < length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) distinct++
  const numbers = new Uint32Array(2 * distinct + length)
  for (let i = 0, at = -1; i < length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) numbers[++at] = sorted[i] ?? 0
    numbers[distinct + at] = (numbers[distinct + at] ?? 0) + 1
  }
  numbers.set(sequence, 2 * distinct)
  return { numbers, distinct, length }
}

/**
 * The document side of BM25, so that a store only needs Σ idf·weight over the query's terms.
 * (Robertson & Zaragoza 2009, eq. 3.15.)
 */
export const documentTerms = (text: string, settings: TermSettings = TERM_SETTINGS): Terms => {
  const { distinct, length, numbers } = countTerms(text)
  const penalty = lengthPenalty(length, settings)
  const weights = new Float32Array(distinct)
  let square = 0
  for (let i = 0; i < distinct; i++) {
    const count = numbers[distinct + i] ?? 0
    weights[i] = documentWeight(count, penalty, settings)
    square += (1 + Math.log(count)) ** 2
  }
  return { ids: numbers.slice(0, distinct), weights, length, norm: Math.sqrt(square) || 1 }
}

/** The query's distinct terms, in order of first appearance. */
export const queryTerms = (text: string): Uint32Array => Uint32Array.from(new Set(tokenise(text).map(termId)))

/** BM25's IDF: `ln(1 + (n − df + ½)/(df + ½))`, over the scope. */
export const idf = (n: number, df: number): number => Math.log(1 + (n - df + 0.5) / (df + 0.5))
