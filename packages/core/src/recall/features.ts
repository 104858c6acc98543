/** What one memory by itself says about a query. Every number is absolute: none depends on what else matched. */
import { type Calibration, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import type { Memory } from "../memory/Memory.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import type { Query, QueryWeights } from "./query.ts"
import type { TermCounts } from "./TermCountCache.ts"
import { documentWeight, lengthPenalty, type TermSettings } from "../text/bm25.ts"

export interface Evidence {
  readonly memory: Memory
  readonly form: TermCounts
  /** The embedder's own cosine; `null` without vectors. */
  readonly similarity: number | null
  /** Cosine on all-MiniLM-L6-v2's scale, 0 to 1; 0 without vectors. */
  readonly cosine: number
  /** How many of the query's terms it holds. */
  readonly matched: number
  /** Σ IDF of those terms. */
  readonly idfSum: number
  /** Which of the query's terms it holds: bits of the first 32, and of the next. */
  readonly mask0: number
  readonly mask1: number
  /** TF-IDF cosine, over 5: about 0 to 1. */
  readonly tfidfCosine: number
  /** One number for "is it about this?", to compare the rows of a session and to choose whose neighbours to read. */
  readonly prescore: number
}

/** Maps a cosine of any embedder to the scale on which the weights were fitted. */
const referenceCosine = (cosine: number | null, { mean, spread }: Calibration): number => {
  if (cosine === null) return 0
  const standard = spread > 0 ? (cosine - mean) / spread : 0
  return Math.min(1, Math.max(0, REFERENCE_CALIBRATION.mean + standard * REFERENCE_CALIBRATION.spread))
}

const holds = (mask0: number, mask1: number, place: number): boolean =>
  ((place < 32 ? mask0 >>> place : mask1 >>> (place - 32)) & 1) === 1

/** How often the text at hand holds each of the query's terms; meaningful only for those it holds. */
const counts = new Uint32Array(STORE_LIMITS.queryTerms)

export const toEvidence = (
  query: Query,
  weights: QueryWeights,
  settings: TermSettings,
  memory: Memory,
  form: TermCounts,
  similarity: number | null,
  calibration: Calibration
): Evidence => {
  const { idfs, squares } = weights
  const { distinct, numbers } = form
  let mask0 = 0
  let mask1 = 0
  for (let i = 0; i < distinct; i++) {
    const place = query.places.of(numbers[i] ?? 0)
    if (place < 0) continue
    counts[place] = numbers[distinct + i] ?? 0
    if (place < 32) mask0 |= 1 << place
    else mask1 |= 1 << (place - 32)
  }
  let matched = 0
  let idfSum = 0
  let shared = 0
  let lexical = 0
  if ((mask0 | mask1) !== 0) {
    const penalty = lengthPenalty(form.length, settings)
    for (let place = 0; place < idfs.length; place++) {
      if (!holds(mask0, mask1, place)) continue
      const count = counts[place] ?? 0
      const idf = idfs[place] ?? 0
      matched += 1
      idfSum += idf
      shared += (squares[place] ?? 0) * (1 + Math.log(count))
      lexical += idf * documentWeight(count, penalty, settings)
    }
  }
  const cosine = referenceCosine(similarity, calibration)
  const tfidfCosine = shared / (weights.norm * form.norm) / 5
  // BM25 over the most that the query could reach, 0 to 1.
  const bm25 = weights.mass === 0 ? 0 : lexical / (weights.mass * (settings.k1 + 1))
  const prescore = 1.2 * bm25 + 0.4 * tfidfCosine + cosine
  return { memory, form, similarity, cosine, matched, idfSum, mask0, mask1, tfidfCosine, prescore }
}

/** Share of the query's neighbouring words that stand side by side in the text. */
export const phraseShare = ({ phrases }: Query, { form, mask1, mask0, matched }: Evidence): number => {
  const { distinct, numbers } = form
  if (phrases.length === 0 || matched < 2 || distinct < 2) return 0
  let found = 0
  for (const phrase of phrases) {
    if ((phrase.mask0 & ~mask0) !== 0 || (phrase.mask1 & ~mask1) !== 0) continue
    let at = numbers.indexOf(phrase.first, 2 * distinct)
    while (at !== -1 && numbers[at + 1] !== phrase.second) at = numbers.indexOf(phrase.first, at + 1)
    if (at !== -1) found += 1
  }
  return found / phrases.length
}

/** Share of the query's IDF that the terms of these bits have. */
export const coverage = ({ idfs, mass }: QueryWeights, mask0: number, mask1: number): number => {
  if (mass === 0) return 0
  let held = 0
  for (let place = 0; place < idfs.length; place++) {
    if (holds(mask0, mask1, place)) held += idfs[place] ?? 0
  }
  return held / mass
}
