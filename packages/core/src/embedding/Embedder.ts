import { Context, Effect, Layer } from "effect"
import { chunksOf } from "effect/Array"
import { type Calibration, type EmbeddingSpace, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import { fingerprint, StoreFingerprint } from "../store/StoreFingerprint.ts"
import { LruMap } from "../runtime/LruMap.ts"
import { EmbedderFailed, type EmbedderProblem, invalidInput, MemoryError } from "../memory/MemoryError.ts"
import { spanned } from "../runtime/spans.ts"
import { squareOf } from "../store/vectors.ts"
import { embedderFailed } from "./embedderFailed.ts"

/** Some models embed what is stored and what is asked differently. */
export type EmbedPurpose = "document" | "query"

/**
 * What an embedding model has to offer; everything else (batching, cache, unit length, checks) is core's.
 * `embed` may throw or reject with anything; an error with a boolean `isRetryable` is taken at its word,
 * and so is its `problem` if it is an `EmbedderProblem`.
 */
export interface EmbedderProvider {
  /** Names the space: texts embedded under one name are comparable. */
  readonly model: string
  readonly dimensions: number
  /** Cosines of unrelated texts; see `Calibration`. Absent: mean 0.05, spread 0.1, as of all-MiniLM-L6-v2. */
  readonly calibration?: Calibration | undefined
  /** Most texts in one call; 64 when absent. */
  readonly batch?: number | undefined
  /** Calls under way at once; 2 when absent. */
  readonly concurrency?: number | undefined
  /** One vector a text, in order, of any length above zero. */
  embed(
    texts: ReadonlyArray<string>,
    purpose: EmbedPurpose,
    signal: AbortSignal
  ): PromiseLike<ReadonlyArray<ArrayLike<number>>> | ReadonlyArray<ArrayLike<number>>
}

/** What core does around a provider. */
export interface EmbedderOptions {
  /** Vectors kept, by text; 2,048 when absent, 0 for none. */
  readonly cache?: number | undefined
}

/** Text to unit vectors, in the store's space. Optional: without one, recall is by words. */
export class Embedder extends Context.Service<
  Embedder,
  {
    readonly space: EmbeddingSpace
    /** Unit vectors in the order of `texts`. Fails with `EmbedderFailed`. */
    embed(
      texts: ReadonlyArray<string>,
      purpose: EmbedPurpose
    ): Effect.Effect<ReadonlyArray<Float32Array>, MemoryError>
    /** Empties the cache, which holds what was remembered and asked, word for word. */
    forget(): void
  }
>()("@keepsake/core/Embedder") {
  /** The embedder, and the fingerprint that a store filled by it must have. */
  static readonly layer = (
    provider: EmbedderProvider,
    options: EmbedderOptions = {}
  ): Layer.Layer<Embedder | StoreFingerprint, MemoryError> =>
    Layer.provideMerge(
      Layer.effect(
        StoreFingerprint,
        Effect.map(Embedder, (embedder) => fingerprint(embedder.space))
      ),
      Layer.effect(Embedder, make(provider, options))
    )
}

/** The provider returned vectors that cannot be stored; another call would return the same. */
const badVectors = (message: string, problem?: EmbedderProblem): MemoryError =>
  new MemoryError({
    reason: new EmbedderFailed({
      message,
      isRetryable: false,
      ...(problem === undefined ? {} : { problem })
    })
  })

/** Scales to unit length, or says why it cannot. */
const unitVector = (raw: ArrayLike<number>): Float32Array | string => {
  const vector = new Float32Array(raw)
  const square = squareOf(vector)
  if (!Number.isFinite(square)) return "a vector holds a number that is not finite"
  if (square === 0) return "a vector is zero: it has no direction to compare"
  const scale = 1 / Math.sqrt(square)
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) * scale
  return vector
}

const make = Effect.fnUntraced(function* (provider: EmbedderProvider, options: EmbedderOptions) {
  const { dimensions, model } = provider
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 65_535) {
    return yield* invalidInput("embedder.dimensions", `${dimensions} is not a whole number from 1 to 65,535`)
  }
  if (model.trim() === "")
    return yield* invalidInput("embedder.model", "name the model: it tells spaces apart")
  const cache = new LruMap<string, Float32Array>(options.cache ?? 2_048)

  const embedBatch = Effect.fnUntraced(function* (texts: ReadonlyArray<string>, purpose: EmbedPurpose) {
    const raw = yield* Effect.tryPromise({
      try: async (signal) => provider.embed(texts, purpose, signal),
      catch: (cause) => embedderFailed(`The embedder ${model} failed`, cause, true)
    })
    if (raw.length !== texts.length) {
      return yield* badVectors(
        `The embedder ${model} returned ${raw.length} vectors for ${texts.length} texts`
      )
    }
    const vectors: Array<Float32Array> = []
    for (const rawVector of raw) {
      if (rawVector.length !== dimensions) {
        return yield* badVectors(
          `The embedder ${model} returned a vector of ${rawVector.length} dimensions instead of ${dimensions}`,
          "wrongDimensions"
        )
      }
      const vector = unitVector(rawVector)
      if (typeof vector === "string") return yield* badVectors(`The embedder ${model}: ${vector}`)
      vectors.push(vector)
    }
    return vectors
  })

  const keyOf = (text: string, purpose: EmbedPurpose) => `${purpose}\u0000${text}`

  /** Fills `known` with the missing texts' vectors. */
  const embedMissing = (
    missing: ReadonlyArray<string>,
    purpose: EmbedPurpose,
    known: Map<string, Float32Array>
  ): Effect.Effect<void, MemoryError> => {
    const fill = (batch: ReadonlyArray<string>) =>
      Effect.map(embedBatch(batch, purpose), (vectors) => {
        batch.forEach((text, i) => {
          const vector = vectors[i]
          if (vector === undefined) return
          known.set(text, vector)
          cache.set(keyOf(text, purpose), vector)
        })
      })
    const batches = chunksOf(missing, provider.batch ?? 64)
    const [first] = batches
    // A recall embeds one text: it is spared the fibers that several batches need.
    return batches.length === 1 && first !== undefined
      ? fill(first)
      : Effect.forEach(batches, fill, { concurrency: provider.concurrency ?? 2, discard: true })
  }

  return Embedder.of({
    forget: () => cache.clear(),
    space: { model, dimensions, calibration: provider.calibration ?? REFERENCE_CALIBRATION },
    embed: (texts, purpose) =>
      Effect.suspend(() => {
        const known = new Map<string, Float32Array>()
        const missing: Array<string> = []
        for (const text of new Set(texts)) {
          const vector = cache.get(keyOf(text, purpose))
          if (vector === undefined) missing.push(text)
          else known.set(text, vector)
        }
        const inOrder = () => texts.flatMap((text) => known.get(text) ?? [])
        if (missing.length === 0) return Effect.succeed(inOrder())
        return spanned(Effect.map(embedMissing(missing, purpose, known), inOrder), "Embedder.embed", {
          "gen_ai.request.model": model,
          "keepsake.embed.texts": missing.length
        })
      })
  })
})
