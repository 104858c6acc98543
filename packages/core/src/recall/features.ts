/** Features of one memory for a query. Every number is absolute: none depends on other matches. */
import { type Calibration, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import type { Memory } from "../memory/Memory.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import type { Query, QueryWeights } from "./query.ts"
import { type Held, inMasks, weighWord } from "./QueryWords.ts"
import type { TermCounts } from "./TermCountCache.ts"
import { documentWeight, lengthPenalty, type TermSettings } from "../text/bm25.ts"

export interface Evidence {
  readonly memory: Memory
  readonly counts: TermCounts
  /** The embedder's own cosine; `null` without vectors. */
  readonly similarity: number | null
  /** Cosine on all-MiniLM-L6-v2's scale, 0 to 1; 0 without vectors. */
  readonly cosine: number
  /** The query's words in it, a weaker form as a part of one. */
  readonly matched: number
  /** Σ IDF of those words. */
  readonly idfSum: number
  /** Bit masks of the query's terms in it: terms 0–31 in `mask0`, 32–63 in `mask1`. */
  readonly mask0: number
  readonly mask1: number
  /** TF-IDF cosine, over 5: about 0 to 1. */
  readonly tfidfCosine: number
  /** A quick relevance: compares the rows of a session and selects the anchors. */
  readonly prescore: number
}

/** Maps a cosine of any embedder to the scale on which the weights were fitted. */
const referenceCosine = (cosine: number | null, { mean, spread }: Calibration): number => {
  if (cosine === null) return 0
  const standard = spread > 0 ? (cosine - mean) / spread : 0
  return Math.min(1, Math.max(0, REFERENCE_CALIBRATION.mean + standard * REFERENCE_CALIBRATION.spread))
}

/** Counts of the query's terms in the current text; valid for the terms in its masks alone. */
const held: Held = { share: 0, idf: 0 }
const queryCounts = new Uint32Array(STORE_LIMITS.queryTerms)

export const toEvidence = (
  query: Query,
  weights: QueryWeights,
  settings: TermSettings,
  memory: Memory,
  counts: TermCounts,
  similarity: number | null,
  calibration: Calibration
): Evidence => {
  const { squares } = weights
  const { distinct, numbers } = counts
  let mask0 = 0
  let mask1 = 0
  for (let i = 0; i < distinct; i++) {
    const termIndex = query.termTable.indexOf(numbers[i] ?? 0)
    if (termIndex < 0) continue
    queryCounts[termIndex] = numbers[distinct + i] ?? 0
    if (termIndex < 32) mask0 |= 1 << termIndex
    else mask1 |= 1 << (termIndex - 32)
  }
  let matched = 0
  let idfSum = 0
  let shared = 0
  let lexical = 0
  if ((mask0 | mask1) !== 0) {
    const penalty = lengthPenalty(counts.length, settings)
    for (const word of query.words) {
      if (((word.mask0 & mask0) | (word.mask1 & mask1)) === 0) continue
      weighWord(word, weights, mask0, mask1, held)
      const count = inMasks(mask0, mask1, word.key) ? (queryCounts[word.key] ?? 1) : 1
      matched += held.share
      idfSum += held.idf
      shared += held.share * (squares[word.key] ?? 0) * (1 + Math.log(count))
      lexical += held.idf * documentWeight(count, penalty, settings)
    }
  }
  const cosine = referenceCosine(similarity, calibration)
  const tfidfCosine = shared / (weights.norm * counts.norm) / 5
  // BM25 over the query's maximum, 0 to 1.
  const bm25 = weights.mass === 0 ? 0 : lexical / (weights.mass * (settings.k1 + 1))
  const prescore = 1.2 * bm25 + 0.4 * tfidfCosine + cosine
  return { memory, counts, similarity, cosine, matched, idfSum, mask0, mask1, tfidfCosine, prescore }
}

/** Share of the query's word pairs that are adjacent in the text. */
export const phraseShare = ({ phrases }: Query, { counts, mask0, mask1, matched }: Evidence): number => {
  const { distinct, numbers } = counts
  if (phrases.length === 0 || matched < 2 || distinct < 2) return 0
  let adjacent = 0
  for (const phrase of phrases) {
    if ((phrase.mask0 & ~mask0) !== 0 || (phrase.mask1 & ~mask1) !== 0) continue
    let at = numbers.indexOf(phrase.first, 2 * distinct)
    while (at !== -1 && numbers[at + 1] !== phrase.second) at = numbers.indexOf(phrase.first, at + 1)
    if (at !== -1) adjacent += 1
  }
  return adjacent / phrases.length
}

/** Share of the query's IDF under these masks. */
export const coverage = ({ words }: Query, weights: QueryWeights, mask0: number, mask1: number): number => {
  if (weights.mass === 0) return 0
  let covered = 0
  for (const word of words) {
    if (((word.mask0 & mask0) | (word.mask1 & mask1)) === 0) continue
    weighWord(word, weights, mask0, mask1, held)
    covered += held.idf
  }
  return covered / weights.mass
}
