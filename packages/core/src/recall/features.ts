/** Features of one memory for a query. Every number is absolute: none depends on other matches. */
import { type Calibration, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import type { Excerpt, RowFacts, SearchHit } from "../store/searching.ts"
import { countFromWeight, documentWeight, lengthPenalty, type TermSettings } from "../text/bm25.ts"
import type { Query, QueryWeights } from "./query.ts"
import { IDF, SHARE, weighWord } from "./QueryWords.ts"

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
  /** Share of the query's word pairs of which it holds both words: the most that `phraseShare` can be. */
  readonly phrasesMax: number
  /** Words in order of appearance, repetitions included. */
  readonly length: number
  /** A quick relevance: compares the rows of a session and selects the anchors. */
  readonly prescore: number
  /** The passage whose words these are, and the one to show. */
  readonly worded: number
  readonly passage: number
  /** The text of `passage`, once it is read. */
  excerpt: Excerpt | null
  /** The most that it can score whatever its text says, as far as its neighbours are read. */
  ceiling: number
}

/** Maps a cosine of any embedder to the scale on which the weights were fitted. */
const referenceCosine = (cosine: number | null, { mean, spread }: Calibration): number => {
  if (cosine === null) return 0
  const standard = spread > 0 ? (cosine - mean) / spread : 0
  return Math.min(1, Math.max(0, REFERENCE_CALIBRATION.mean + standard * REFERENCE_CALIBRATION.spread))
}

/** Words decide which passage is shown if they hold at least this share of the query's IDF; else meaning does. */
const WORDED_SHARE = 0.5

const NO_WEIGHTS = new Float32Array()
const NO_PLACES: ReadonlyArray<number> = []

/** What the current memory holds of the current word: one array for all, since thousands are weighed in a recall. */
const held = new Float64Array(2)

/** Reads what a store found of the query's one part. */
export const toEvidence = (
  query: Query,
  weights: QueryWeights,
  settings: TermSettings,
  { facts, parts }: SearchHit,
  calibration: Calibration
): Evidence => {
  const [part] = parts
  const termWeights = part?.weights ?? NO_WEIGHTS
  const similarity = part?.cosine ?? null
  const length = part?.length ?? 0
  const penalty = lengthPenalty(length, settings)
  let mask0 = 0
  let mask1 = 0
  for (let i = 0; i < termWeights.length; i++) {
    if (termWeights[i] === 0) continue
    if (i < 32) mask0 |= 1 << i
    else mask1 |= 1 << (i - 32)
  }
  let matched = 0
  let idfSum = 0
  let shared = 0
  let lexical = 0
  if ((mask0 | mask1) !== 0) {
    for (const word of weights.words) {
      if (((word.mask0 & mask0) | (word.mask1 & mask1)) === 0) continue
      weighWord(word, mask0, mask1, held)
      const keyWeight = (termWeights[word.key] ?? 0) / word.factor
      const count = keyWeight === 0 ? 1 : countFromWeight(keyWeight, penalty, settings)
      const share = held[SHARE] ?? 0
      const heldIdf = held[IDF] ?? 0
      matched += share
      idfSum += heldIdf
      shared += count === 1 ? share * word.square : share * word.square * (1 + Math.log(count))
      lexical += heldIdf * documentWeight(count, penalty, settings)
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
    phrasesMax: matched < 2 ? 0 : phraseShareMax(query, mask0, mask1),
    length,
    prescore,
    worded,
    passage,
    excerpt: null,
    ceiling: Number.POSITIVE_INFINITY
  }
}

/** Share of the query's word pairs both of whose words are under these masks. */
const phraseShareMax = ({ phrases }: Query, mask0: number, mask1: number): number => {
  let both = 0
  for (const phrase of phrases) {
    if ((phrase.mask0 & ~mask0) === 0 && (phrase.mask1 & ~mask1) === 0) both += 1
  }
  return both === 0 ? 0 : both / phrases.length
}

/** Share of the query's word pairs that are adjacent in a text; `sequence` has the keys of its words. */
export const phraseShare = ({ phrases, phrasesByFirst }: Query, sequence: Uint32Array): number => {
  if (phrases.length === 0) return 0
  const seen = new Uint8Array(phrases.length)
  let adjacent = 0
  for (let i = 1; i < sequence.length; i++) {
    for (const place of phrasesByFirst.get(sequence[i - 1] ?? 0) ?? NO_PLACES) {
      // Each pair counts once.
      if (phrases[place]?.second !== sequence[i] || seen[place] === 1) continue
      seen[place] = 1
      adjacent += 1
    }
  }
  return adjacent / phrases.length
}

/** Share of the query's IDF under these masks. */
export const coverage = ({ mass, words }: QueryWeights, mask0: number, mask1: number): number => {
  if (mass === 0) return 0
  let covered = 0
  for (const word of words) {
    if (((word.mask0 & mask0) | (word.mask1 & mask1)) === 0) continue
    weighWord(word, mask0, mask1, held)
    covered += held[IDF] ?? 0
  }
  return covered / mass
}
