/** Features of one memory for a query. Every number is absolute: none depends on other matches. */
import { type Calibration, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import type { RowFacts, SearchHit } from "../store/searching.ts"
import { countFromWeight, lengthPenalty, type TermSettings } from "../text/bm25.ts"
import { termId, tokenise } from "../text/tokenise.ts"
import type { Query, QueryWeights } from "./query.ts"

/** What a memory holds of a query; of a long text, its best passage. */
export interface Evidence {
  readonly facts: RowFacts
  /** The embedder's own cosine; `null` without vectors. */
  readonly similarity: number | null
  /** Cosine on all-MiniLM-L6-v2's scale, 0 to 1; 0 without vectors. */
  readonly cosine: number
  /** The query's terms in it. */
  readonly matched: number
  /** Σ IDF of those terms. */
  readonly idfSum: number
  /** Bit masks of the query's terms in it: terms 0–31 in `mask0`, 32–63 in `mask1`. */
  readonly mask0: number
  readonly mask1: number
  /** TF-IDF cosine, over 5: about 0 to 1. */
  readonly tfidfCosine: number
  /** Terms in order of appearance, repetitions included. */
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

/** Reads what a store found of the query's one part. */
export const toEvidence = (
  weights: QueryWeights,
  settings: TermSettings,
  { facts, parts }: SearchHit,
  calibration: Calibration
): Evidence => {
  const [part] = parts
  const { idfs, squares } = weights
  const similarity = part?.cosine ?? null
  const length = part?.length ?? 0
  const penalty = lengthPenalty(length, settings)
  let mask0 = 0
  let mask1 = 0
  let matched = 0
  let idfSum = 0
  let shared = 0
  let lexical = 0
  for (let i = 0; i < idfs.length; i++) {
    const weight = part?.weights[i] ?? 0
    if (weight === 0) continue
    if (i < 32) mask0 |= 1 << i
    else mask1 |= 1 << (i - 32)
    const idf = idfs[i] ?? 0
    matched += 1
    idfSum += idf
    shared += (squares[i] ?? 0) * (1 + Math.log(countFromWeight(weight, penalty, settings)))
    lexical += idf * weight
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

/** Share of the query's word pairs that are adjacent in a text. */
export const phraseShare = ({ phrases }: Query, text: string): number => {
  if (phrases.length === 0) return 0
  const sequence = tokenise(text).map(termId)
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
export const coverage = ({ idfs, mass }: QueryWeights, mask0: number, mask1: number): number => {
  if (mass === 0) return 0
  let held = 0
  for (let i = 0; i < idfs.length; i++) {
    const isHeld = ((i < 32 ? mask0 >>> i : mask1 >>> (i - 32)) & 1) === 1
    if (isHeld) held += idfs[i] ?? 0
  }
  return held / mass
}
