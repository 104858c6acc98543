/** What one memory by itself says about a query. Every number is absolute: none depends on what else matched. */
import { type Calibration, REFERENCE_CALIBRATION } from "./Fingerprint.ts"
import type { Memory } from "./Memory.ts"
import type { Query, QueryWeights } from "./query.ts"
import { countOf, type TermForm } from "./termForm.ts"
import { documentWeight, type TermSettings } from "./terms.ts"

export interface Evidence {
  readonly memory: Memory
  readonly form: TermForm
  /** The embedder's own cosine; `null` without vectors. */
  readonly similarity: number | null
  /** Cosine on all-MiniLM-L6-v2's scale, 0 to 1; 0 without vectors. */
  readonly cosine: number
  /** How many of the query's terms it holds. */
  readonly matched: number
  /** Σ IDF of those terms. */
  readonly rarity: number
  /** Which of the query's terms it holds: bits of the first 32, and of the next. */
  readonly low: number
  readonly high: number
  /** TF-IDF cosine, over 5: about 0 to 1. */
  readonly likeness: number
  /** BM25 over the most that the query could reach, 0 to 1. */
  readonly bm25: number
}

/** Maps a cosine of any embedder to the scale on which the weights were fitted. */
const referenceCosine = (cosine: number | null, { mean, spread }: Calibration): number => {
  if (cosine === null) return 0
  const standard = spread > 0 ? (cosine - mean) / spread : 0
  return Math.min(1, Math.max(0, REFERENCE_CALIBRATION.mean + standard * REFERENCE_CALIBRATION.spread))
}

export const evidenceOf = (
  query: Query,
  weights: QueryWeights,
  settings: TermSettings,
  memory: Memory,
  form: TermForm,
  similarity: number | null,
  calibration: Calibration
): Evidence => {
  let matched = 0
  let rarity = 0
  let low = 0
  let high = 0
  let shared = 0
  let lexical = 0
  const length = form.sequence.length
  query.terms.forEach((term, i) => {
    const count = countOf(form, term)
    if (count === 0) return
    matched += 1
    rarity += weights.idfs[i] ?? 0
    if (i < 32) low |= 1 << i
    else high |= 1 << (i - 32)
    shared += (weights.smooth[i] ?? 0) ** 2 * (1 + Math.log(count))
    lexical += (weights.idfs[i] ?? 0) * documentWeight(count, length, settings)
  })
  return {
    memory,
    form,
    similarity,
    cosine: referenceCosine(similarity, calibration),
    matched,
    rarity,
    low,
    high,
    likeness: shared / (weights.norm * form.norm) / 5,
    bm25: weights.mass === 0 ? 0 : lexical / (weights.mass * (settings.k1 + 1))
  }
}

/** One number for "is it about this?", to compare the rows of a session and to choose whose neighbours to read. */
export const strength = ({ bm25, cosine, likeness }: Evidence): number => 1.2 * bm25 + 0.4 * likeness + cosine

/** Share of the query's neighbouring words that stand side by side in the text. */
export const phraseShare = ({ phrases }: Query, { form: { ids, sequence }, matched }: Evidence): number => {
  if (phrases.length === 0 || matched < 2 || ids.length < 2) return 0
  let found = 0
  for (const [first, second] of phrases) {
    let at = sequence.indexOf(first)
    while (at !== -1 && sequence[at + 1] !== second) at = sequence.indexOf(first, at + 1)
    if (at !== -1) found += 1
  }
  return found / phrases.length
}

/** Share of the query's IDF that the given rows hold together. */
export const coverage = ({ idfs, mass }: QueryWeights, rows: ReadonlyArray<Evidence | undefined>): number => {
  if (mass === 0) return 0
  let low = 0
  let high = 0
  for (const row of rows) {
    low |= row?.low ?? 0
    high |= row?.high ?? 0
  }
  let held = 0
  idfs.forEach((idf, i) => {
    if (((i < 32 ? low >>> i : high >>> (i - 32)) & 1) === 1) held += idf
  })
  return held / mass
}
