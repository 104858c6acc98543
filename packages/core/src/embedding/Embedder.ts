import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ASSUMED_CALIBRATION, type Calibration, type EmbeddingSpace } from "../memory/Fingerprint.ts"
import { batchesOf } from "../batchesOf.ts"
import { fingerprint, StoreFingerprint } from "../store/StoreFingerprint.ts"
import { Deadline } from "../runtime/deadline.ts"
import { shareCalls } from "../runtime/shareCalls.ts"
import { LruMap } from "../runtime/LruMap.ts"
import { EmbedderFailed, type EmbedderProblem, invalidInput, MemoryError } from "../memory/MemoryError.ts"
import { spanned } from "../runtime/spans.ts"
import { breathe } from "../runtime/timeSlice.ts"
import { sumSquares } from "../store/vectors.ts"
import { embedderFailed } from "./providerFailed.ts"

/** Some models embed stored texts and queries differently. */
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
  /**
   * Cosines of unrelated texts; see `Calibration`. Absent: measured once with the first write of a store, by embedding
   * 60 short texts, and recorded there; until then mean 0.05 and spread 0.1, as of all-MiniLM-L6-v2.
   */
  readonly calibration?: Calibration | undefined
  /** Texts per call; 64 when absent. */
  readonly batch?: number | undefined
  /** Concurrent calls; 2 when absent. */
  readonly concurrency?: number | undefined
  /**
   * One vector per text, in order, of any length above zero; an empty one for a text that the model fails to embed, and
   * `null` for one that it has nothing to say about, which is no failure: words alone find it. `deadline` is the moment
   * until which the answer is of use, in epoch milliseconds: a provider that retries does so no longer.
   */
  embed(
    texts: ReadonlyArray<string>,
    purpose: EmbedPurpose,
    signal: AbortSignal,
    deadline?: number | null
  ): PromiseLike<ReadonlyArray<ArrayLike<number> | null>> | ReadonlyArray<ArrayLike<number> | null>
}

/** Options of core's part around a provider. */
export interface EmbedderOptions {
  /** Vectors in the cache; 2,048 when absent, 0 for no cache. */
  readonly cache?: number | undefined
}

/** Text to unit vectors, in the store's space. Optional: without one, recall is by words. */
export class Embedder extends Context.Service<
  Embedder,
  {
    readonly space: EmbeddingSpace
    /** Unit vectors in the order of `texts`; `null` for one that has none on purpose. Fails with `EmbedderFailed`. */
    embed(
      texts: ReadonlyArray<string>,
      purpose: EmbedPurpose
    ): Effect.Effect<ReadonlyArray<Float32Array | null>, MemoryError>
    /** Empties the cache, which holds remembered texts and queries word for word. */
    forget(): void
  }
>()("@keepsake/core/Embedder") {
  /** The embedder, and the fingerprint of a store that it fills. */
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

/** The vector scaled to unit length; a string says why that is impossible. */
const toUnitVector = (raw: ArrayLike<number>): Float32Array | string => {
  const vector = new Float32Array(raw)
  const square = sumSquares(vector)
  if (!Number.isFinite(square)) return "a vector holds a number that is not finite"
  if (square === 0) return "a vector is zero: it has no direction to compare"
  const scale = 1 / Math.sqrt(square)
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) * scale
  return vector
}

/** One call of the provider, checked and scaled. */
const embedBatch = Effect.fnUntraced(function* (
  provider: EmbedderProvider,
  texts: ReadonlyArray<string>,
  purpose: EmbedPurpose
) {
  const { dimensions, model } = provider
  const deadline = yield* Deadline
  const response = yield* Effect.tryPromise({
    try: async (signal) => provider.embed(texts, purpose, signal, deadline),
    catch: (cause) => embedderFailed(`The embedder ${model} failed`, cause, true)
  })
  if (response.length !== texts.length) {
    return yield* badVectors(
      `The embedder ${model} returned ${response.length} vectors for ${texts.length} texts`
    )
  }
  const vectors: Array<Float32Array | null> = []
  for (const raw of response) {
    if (raw === null) {
      vectors.push(null)
      continue
    }
    if (raw.length === 0) return yield* badVectors(`The embedder ${model} gave no vector for a text`)
    if (raw.length !== dimensions) {
      return yield* badVectors(
        `The embedder ${model} returned a vector of ${raw.length} dimensions instead of ${dimensions}`,
        "wrongDimensions"
      )
    }
    const vector = toUnitVector(raw)
    if (typeof vector === "string") return yield* badVectors(`The embedder ${model}: ${vector}`)
    vectors.push(vector)
  }
  return vectors
})

/** Embeds texts in batches; `onVector` gets each text's vector. */
const embedAll = (
  provider: EmbedderProvider,
  texts: ReadonlyArray<string>,
  purpose: EmbedPurpose,
  onVector: (text: string, vector: Float32Array | null) => void
): Effect.Effect<void, MemoryError> => {
  const embed = (batch: ReadonlyArray<string>) =>
    Effect.map(embedBatch(provider, batch, purpose), (vectors) => {
      batch.forEach((text, i) => {
        const vector = vectors[i]
        if (vector !== undefined) onVector(text, vector)
      })
    })
  const batches = batchesOf(texts, provider.batch ?? 64)
  const [first] = batches
  // A recall embeds one text, and is spared the fibers that several batches need.
  return batches.length === 1 && first !== undefined
    ? embed(first)
    : Effect.forEach(batches, (batch) => Effect.andThen(breathe, embed(batch)), {
        concurrency: provider.concurrency ?? 2,
        discard: true
      })
}

const findProviderProblem = ({ dimensions, model }: EmbedderProvider): MemoryError | null => {
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 65_535) {
    return invalidInput("embedder.dimensions", `${dimensions} is not a whole number from 1 to 65,535`)
  }
  return model.trim() === "" ? invalidInput("embedder.model", "name the model: it tells spaces apart") : null
}

const make = Effect.fnUntraced(function* (provider: EmbedderProvider, options: EmbedderOptions) {
  const { dimensions, model } = provider
  const problem = findProviderProblem(provider)
  if (problem !== null) return yield* problem
  const cache = new LruMap<string, Float32Array | null>(options.cache ?? 2_048)
  const cacheKey = (text: string, purpose: EmbedPurpose) => `${purpose}\u0000${text}`

  const embed = (texts: ReadonlyArray<string>, purpose: EmbedPurpose) =>
    Effect.suspend(() => {
      const vectors = new Map<string, Float32Array | null>()
      const missing: Array<string> = []
      for (const text of new Set(texts)) {
        const vector = cache.get(cacheKey(text, purpose))
        if (vector === undefined) missing.push(text)
        else vectors.set(text, vector)
      }
      const inOrder = () => texts.map((text) => vectors.get(text) ?? null)
      if (missing.length === 0) return Effect.succeed(inOrder())
      const embedding = embedAll(provider, missing, purpose, (text, vector) => {
        vectors.set(text, vector)
        cache.set(cacheKey(text, purpose), vector)
      })
      return spanned(Effect.map(embedding, inOrder), "Embedder.embed", {
        "gen_ai.request.model": model,
        "keepsake.embed.texts": missing.length
      })
    })
  const askOnce = shareCalls((question: string) => embed([question], "query"))

  return Embedder.of({
    forget: () => cache.clear(),
    space: { model, dimensions, calibration: provider.calibration ?? ASSUMED_CALIBRATION },
    embed: (texts, purpose) => {
      const [text] = texts
      if (purpose === "document" || texts.length !== 1 || text === undefined) return embed(texts, purpose)
      // Several scopes are asked the same question at the same moment.
      return Effect.suspend(() =>
        cache.get(cacheKey(text, purpose)) === undefined ? askOnce(text) : embed(texts, purpose)
      )
    }
  })
})
