import { Context, Layer, Schema } from "effect"
import { TOKENISER, type TermSettings, TERM_SETTINGS } from "../text/bm25.ts"

/**
 * How the cosines of *unrelated* texts are spread for an embedder: embedders differ in range, and this
 * maps them to one scale. Measured once per model.
 */
export interface Calibration {
  readonly mean: number
  readonly spread: number
}

/** Unrelated texts under all-MiniLM-L6-v2, to which other embedders are mapped. */
export const REFERENCE_CALIBRATION: Calibration = { mean: 0.05, spread: 0.1 }

/** What the vectors of a store mean. Two models never share a store. */
export interface EmbeddingSpace {
  readonly model: string
  readonly dimensions: number
  readonly calibration: Calibration
}

/**
 * What a store was filled with: opening it with anything else is an error that names both sides.
 * `embedding: null` is a store that recalls by words alone.
 */
export interface Fingerprint {
  readonly embedding: EmbeddingSpace | null
  readonly tokeniser: string
  readonly k1: number
  readonly b: number
  readonly avgLen: number
}

/** For what comes back from a store's own record. */
export const FingerprintSchema: Schema.Codec<Fingerprint> = Schema.Struct({
  embedding: Schema.NullOr(
    Schema.Struct({
      model: Schema.String,
      dimensions: Schema.Int,
      calibration: Schema.Struct({ mean: Schema.Finite, spread: Schema.Finite })
    })
  ),
  tokeniser: Schema.String,
  k1: Schema.Finite,
  b: Schema.Finite,
  avgLen: Schema.Finite
})

/** The fingerprint of a store that this version fills; `null` for recall by words alone. */
export const fingerprint = (
  embedding: EmbeddingSpace | null,
  terms: TermSettings = TERM_SETTINGS
): Fingerprint => ({
  embedding,
  tokeniser: TOKENISER,
  ...terms
})

const canonical = (f: Fingerprint): ReadonlyArray<unknown> => [
  f.embedding && [
    f.embedding.model,
    f.embedding.dimensions,
    f.embedding.calibration.mean,
    f.embedding.calibration.spread
  ],
  f.tokeniser,
  f.k1,
  f.b,
  f.avgLen
]

/** Whether two stores' vectors and terms can be compared. */
export const sameFingerprint = (a: Fingerprint, b: Fingerprint): boolean =>
  JSON.stringify(canonical(a)) === JSON.stringify(canonical(b))

/** One line for messages: `all-MiniLM-L6-v2 (384 dimensions), words en-1 k1=1.2 b=0.75 avgLen=20`. */
export const describeFingerprint = (f: Fingerprint): string =>
  `${f.embedding === null ? "no embedder" : `${f.embedding.model} (${f.embedding.dimensions} dimensions)`}, ` +
  `words ${f.tokeniser} k1=${f.k1} b=${f.b} avgLen=${f.avgLen}`

/** The fingerprint a store is opened with: every backend's layer asks for it. */
export class StoreFingerprint extends Context.Service<StoreFingerprint, Fingerprint>()(
  "@keepsake/core/StoreFingerprint"
) {
  static readonly layer = (value: Fingerprint): Layer.Layer<StoreFingerprint> =>
    Layer.succeed(StoreFingerprint, value)

  /** Recall by words alone. */
  static readonly wordsOnly: Layer.Layer<StoreFingerprint> = StoreFingerprint.layer(fingerprint(null))
}
