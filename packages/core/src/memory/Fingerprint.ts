/**
 * Mean and spread of the cosines of *unrelated* texts under an embedder: maps every embedder to one scale.
 * Measured once per model.
 */
export interface Calibration {
  readonly mean: number
  readonly spread: number
  /**
   * How well its cosines tell related texts from unrelated ones, from 0 to 1: 1, when absent, as well as
   * all-MiniLM-L6-v2. Below 1, meaning counts for less in a score and words for more.
   */
  readonly strength?: number | undefined
}

/** all-MiniLM-L6-v2: the scale to which other embedders are mapped. */
export const REFERENCE_CALIBRATION: Calibration = { mean: 0.05, spread: 0.1 }

/** The model behind a store's vectors. Two models never share a store. */
export interface EmbeddingSpace {
  readonly model: string
  readonly dimensions: number
  readonly calibration: Calibration
}

/**
 * Embedder and tokeniser that filled a store: opening it with others is an error that names both sides.
 * `embedding: null` is a store that recalls by words alone.
 */
export interface Fingerprint {
  readonly embedding: EmbeddingSpace | null
  readonly tokeniser: string
  readonly k1: number
  readonly b: number
  readonly avgLen: number
}

const canonical = ({ avgLen, b, embedding, k1, tokeniser }: Fingerprint): ReadonlyArray<unknown> => [
  embedding && [
    embedding.model,
    embedding.dimensions,
    embedding.calibration.mean,
    embedding.calibration.spread,
    embedding.calibration.strength
  ],
  tokeniser,
  k1,
  b,
  avgLen
]

/** Whether two stores' vectors and terms can be compared. */
export const sameFingerprint = (a: Fingerprint, b: Fingerprint): boolean =>
  JSON.stringify(canonical(a)) === JSON.stringify(canonical(b))

/** One line for messages: `all-MiniLM-L6-v2 (384 dimensions), words en-1 k1=1.2 b=0.75 avgLen=20`. */
export const describeFingerprint = ({ avgLen, b, embedding, k1, tokeniser }: Fingerprint): string =>
  `${embedding === null ? "no embedder" : `${embedding.model} (${embedding.dimensions} dimensions)`}, ` +
  `words ${tokeniser} k1=${k1} b=${b} avgLen=${avgLen}`
