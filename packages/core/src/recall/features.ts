/** Features of one memory for a query. Every number is absolute: none depends on other matches. */
import { type Calibration, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import type { RowFacts, SearchHit } from "../store/searching.ts"
import { countFromWeight, documentWeight, lengthPenalty, type TermSettings } from "../text/bm25.ts"
import type { Query, QueryWeights } from "./query.ts"
import { type Held, inMasks, weighWord } from "./QueryWords.ts"

/** What a memory holds of a query; of a long text, its best passage. */
export interface Evidence {
  readonly facts: RowFacts
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
  /** Words in order of appearance, repetitions included. */
  readonly length: number
  /** A quick relevance: compares the rows of a session and selects the anchors. */
  readonly prescore: number
  /** The passage whose words these are, and the one to show. */
  readonly worded: number
  readonly passage: number
}

/** Maps a cosine of any embedder to the scale on which the weights were fitted. */
const referenceCosine = (cosine: number | null, { mean, spread }: Calibration): number => {
  if (cosine === null) return 0
  const standard = spread > 0 ? (cosine - mean) / spread : 0
  return Math.min(1, Math.max(0, REFERENCE_CALIBRATION.mean + standard * REFERENCE_CALIBRATION.spread))
}

/** Words decide which passage is shown if they hold at least this share of the query's IDF; else meaning does. */
const WORDED_SHARE = 0.5

/** What the current memory holds of the current word: one object for all, since thousands are weighed in a recall. */
const held: Held = { share: 0, idf: 0 }

/** Reads what a store found of the query's one part. */
export const toEvidence = (
  query: Query,
  weights: QueryWeights,
  settings: TermSettings,
  { facts, parts }: SearchHit,
  calibration: Calibration
): Evidence => {
  const [part] = parts
  const { squares } = weights
  const similarity = part?.cosine ?? null
  const length = part?.length ?? 0
  const penalty = lengthPenalty(length, settings)
  let mask0 = 0
  let mask1 = 0
  for (let i = 0; i < query.terms.length; i++) {
    if ((part?.weights[i] ?? 0) === 0) continue
    if (i < 32) mask0 |= 1 << i
    else mask1 |= 1 << (i - 32)
  }
  let matched = 0
  let idfSum = 0
  let shared = 0
  let lexical = 0
  if ((mask0 | mask1) !== 0) {
    for (const word of query.words) {
      if (((word.mask0 & mask0) | (word.mask1 & mask1)) === 0) continue
      weighWord(word, weights, mask0, mask1, held)
      const keyWeight = (part?.weights[word.key] ?? 0) / word.factor
      const count = inMasks(mask0, mask1, word.key) ? countFromWeight(keyWeight, penalty, settings) : 1
      matched += held.share
      idfSum += held.idf
      shared += held.share * (squares[word.key] ?? 0) * (1 + Math.log(count))
      lexical += held.idf * documentWeight(count, penalty, settings)
    }
  }
  const cosine = referenceCosine(similarity, calibration)
  const tfidfCosine = shared / (weights.norm * (part?.norm ?? 1)) / 5
  // BM25 over the query's maximum, 0 to 1.
  const bm25 = weights.mass === 0 ? 0 : lexical / (weights.mass * (settings.k1 + 1))
  const prescore = 1.2 * bm25 + 0.4 * tfidfCosine + cosine
  const worded = part?.worded ?? 0
  const byWords = similarity === null || idfSum >= WORDED_SHARE * weights.mass
  const passage = byWords ? worded : (part?.nearest ?? worded)
  return {
    facts,
    similarity,
    cosine,
    matched,
    idfSum,
    mask0,
    mask1,
    tfidfCosine,
    length,
    prescore,
    worded,
    passage
  }
}

/** Share of the query's word pairs of which a memory holds both words: the most that `phraseShare` can be. */
export const phraseShareMax = ({ phrases }: Query, { mask0, mask1, matched }: Evidence): number => {
  if (phrases.length === 0 || matched < 2) return 0
  const held = phrases.filter((phrase) => (phrase.mask0 & ~mask0) === 0 && (phrase.mask1 & ~mask1) === 0)
  return held.length / phrases.length
}

/** Share of the query's word pairs that are adjacent in a text; `sequence` has the keys of its words. */
export const phraseShare = ({ phrases }: Query, sequence: Uint32Array): number => {
  if (phrases.length === 0) return 0
  const wanted = new Map(phrases.map((phrase) => [phrase.first, new Set<number>()]))
  for (const { first, second } of phrases) wanted.get(first)?.add(second)
  let adjacent = 0
  for (let i = 1; i < sequence.length; i++) {
    // Each pair counts once.
    if (wanted.get(sequence[i - 1] ?? 0)?.delete(sequence[i] ?? 0) === true) adjacent += 1
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
