/**
 * Mean and spread of the cosines of *unrelated* texts under an embedder: maps every embedder to one scale.
 * Measured once per model.
 */
export interface Calibration {
  readonly mean: number
  readonly spread: number
  /**
   * How much its cosines tell, from 0 to 2: 1, when absent, as much as those of all-MiniLM-L6-v2. Below 1, meaning
   * counts for less in a score and words for more; above 1, meaning counts for more.
   */
  readonly strength?: number | undefined
  /** Absent where the provider gives it. `assumed`: nobody has measured the embedder yet. `measured`: Keepsake has. */
  readonly source?: "assumed" | "measured" | undefined
}

/** all-MiniLM-L6-v2: the scale to which other embedders are mapped. */
export const REFERENCE_CALIBRATION: Calibration = { mean: 0.05, spread: 0.1 }

/** Of an embedder that comes without one. */
export const ASSUMED_CALIBRATION: Calibration = { ...REFERENCE_CALIBRATION, source: "assumed" }

/** Earlier versions recorded what they assumed without saying so. */
const isAssumed = ({ mean, source, spread, strength }: Calibration): boolean =>
  source === "assumed" ||
  (source === undefined &&
    strength === undefined &&
    mean === REFERENCE_CALIBRATION.mean &&
    spread === REFERENCE_CALIBRATION.spread)

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

/** Whether a store still lacks the calibration of its embedder. */
export const lacksCalibration = ({ embedding }: Fingerprint): boolean =>
  embedding !== null && isAssumed(embedding.calibration)

/** The fingerprint with a calibration that was measured, where it has none yet; else as it is. */
export const withCalibration = (stored: Fingerprint, { mean, spread, strength }: Calibration): Fingerprint =>
  stored.embedding === null || !isAssumed(stored.embedding.calibration)
    ? stored
    : {
        ...stored,
        embedding: { ...stored.embedding, calibration: { mean, spread, strength, source: "measured" } }
      }

const canonical = ({ avgLen, b, embedding, k1, tokeniser }: Fingerprint): ReadonlyArray<unknown> => [
  embedding && [embedding.model, embedding.dimensions],
  tokeniser,
  k1,
  b,
  avgLen
]

const isGiven = (calibration: Calibration): boolean =>
  calibration.source === undefined && !isAssumed(calibration)

/** Whether two calibrations read cosines alike. */
export const sameCalibration = (a: Calibration, b: Calibration): boolean =>
  a.mean === b.mean && a.spread === b.spread && (a.strength ?? 1) === (b.strength ?? 1)

/** Only two that were given can contradict each other: what is measured or assumed yields to what is given. */
const contradicts = (a: Calibration, b: Calibration): boolean =>
  isGiven(a) && isGiven(b) && !sameCalibration(a, b)

/** Whether two stores' vectors and terms can be compared. */
export const sameFingerprint = (a: Fingerprint, b: Fingerprint): boolean =>
  JSON.stringify(canonical(a)) === JSON.stringify(canonical(b)) &&
  (a.embedding === null ||
    b.embedding === null ||
    !contradicts(a.embedding.calibration, b.embedding.calibration))

/** One line for messages: `all-MiniLM-L6-v2 (384 dimensions), words en-1 k1=1.2 b=0.75 avgLen=20`. */
export const describeFingerprint = ({ avgLen, b, embedding, k1, tokeniser }: Fingerprint): string =>
  `${embedding === null ? "no embedder" : `${embedding.model} (${embedding.dimensions} dimensions)`}, ` +
  `words ${tokeniser} k1=${k1} b=${b} avgLen=${avgLen}`
