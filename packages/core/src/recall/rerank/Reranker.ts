import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { rerankerFailed } from "../../embedding/providerFailed.ts"
import { invalidInput, MemoryError, RerankerFailed } from "../../memory/MemoryError.ts"
import { Deadline } from "../../runtime/deadline.ts"
import { spanned } from "../../runtime/spans.ts"
import { OF_SHARES, type RerankCalibration, toLogit } from "./combine.ts"

/** A question, and the texts that may answer it. */
export interface RerankRequest {
  /** Up to 2,000 characters. */
  readonly query: string
  /** 1 to 100 of up to 2,000 characters each. */
  readonly texts: ReadonlyArray<string>
  readonly signal: AbortSignal
  /** The moment until which the answer is of use, in epoch milliseconds; a provider that retries does so no longer. */
  readonly deadline: number | null
}

/**
 * What a reranking model has to offer: it reads question and text together. `rerank` may throw or reject with anything;
 * an error with a boolean `isRetryable` is taken at its word, and so is its `problem` if it is an `EmbedderProblem`.
 */
export interface RerankerProvider {
  /** Named in errors and by `keepsake doctor`. */
  readonly model: string
  /** Brings a raw relevance to a logit; for scores from 0 to 1 when absent: bias −5, weight 8. */
  readonly calibration?: RerankCalibration | undefined
  /**
   * Longest that an answer waits for it, in milliseconds; 2,000 when absent. It never takes more than half of what is
   * left of a call.
   */
  readonly timeoutMs?: number | undefined
  /** One finite raw relevance per text, in order; more is better. */
  rerank(request: RerankRequest): PromiseLike<ReadonlyArray<number>> | ReadonlyArray<number>
}

/** A judge of the best candidates. Optional: without one, a score is core's own. */
export class Reranker extends Context.Service<
  Reranker,
  {
    readonly model: string
    /** Longest that an answer waits for it. */
    readonly timeoutMs: number
    /** The logit of each text, −6 to 6, in the order of `texts`. Fails with `RerankerFailed`. */
    rerank(query: string, texts: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<number>, MemoryError>
  }
>()("@keepsake/core/Reranker") {
  static readonly layer = (provider: RerankerProvider): Layer.Layer<Reranker, MemoryError> =>
    Layer.effect(Reranker, make(provider))
}

const TIMEOUT_MS = 2_000

/** Another call would return the same. */
const badScores = (message: string): MemoryError =>
  new MemoryError({ reason: new RerankerFailed({ message, isRetryable: false }) })

const findProblem = ({
  calibration,
  model,
  timeoutMs = TIMEOUT_MS
}: RerankerProvider): MemoryError | null => {
  if (model.trim() === "") return invalidInput("reranker.model", "name the model: errors name it")
  if (!(Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs < 2 ** 31))
    return invalidInput("reranker.timeoutMs", "give a whole number of milliseconds, at least 1")
  if (calibration === undefined) return null
  const { bias, weight } = calibration
  return Number.isFinite(bias) && Number.isFinite(weight) && weight > 0
    ? null
    : invalidInput("reranker.calibration", "give a finite bias, and a weight above 0")
}

const make = Effect.fnUntraced(function* (provider: RerankerProvider) {
  const { calibration = OF_SHARES, model, timeoutMs = TIMEOUT_MS } = provider
  const problem = findProblem(provider)
  if (problem !== null) return yield* problem

  const ask = Effect.fnUntraced(function* (query: string, texts: ReadonlyArray<string>) {
    const deadline = yield* Deadline
    const scores = yield* Effect.tryPromise({
      try: async (signal) => provider.rerank({ query, texts, signal, deadline }),
      catch: (cause) => rerankerFailed(`The reranker ${model} failed`, cause, true)
    })
    // From JavaScript: anything.
    if (!Array.isArray(scores)) return yield* badScores(`The reranker ${model} returned no list of scores`)
    if (scores.length !== texts.length)
      return yield* badScores(
        `The reranker ${model} returned ${scores.length} scores for ${texts.length} texts`
      )
    if (!scores.every(Number.isFinite))
      return yield* badScores(`The reranker ${model}: a score is not a finite number`)
    return scores.map((raw) => toLogit(raw, calibration))
  })

  return Reranker.of({
    model,
    timeoutMs,
    rerank: (query, texts) =>
      spanned(ask(query, texts), "Reranker.rerank", {
        "gen_ai.request.model": model,
        "keepsake.rerank.texts": texts.length
      })
  })
})
