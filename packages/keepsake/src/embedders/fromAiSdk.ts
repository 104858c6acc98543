import { wasRetryable } from "@keepsake/core/driver"
import type { Calibration, EmbedderProvider } from "@keepsake/core"
import type { PaceConfig } from "../config/EmbedderConfig.ts"
import { EmbeddingRequestError, pacedEmbed } from "./pace.ts"

/** What every embedding model of the AI SDK has, whichever version of its specification it follows. */
export interface AiSdkEmbeddingModel {
  readonly modelId: string
  readonly maxEmbeddingsPerCall: PromiseLike<number | undefined> | number | undefined
  doEmbed(options: { values: Array<string>; abortSignal?: AbortSignal }): PromiseLike<{
    readonly embeddings: ReadonlyArray<ReadonlyArray<number>>
  }>
}

/** What the model cannot say of itself. */
export interface AiSdkOptions extends Omit<PaceConfig, "batch"> {
  /** Length of the vectors; asked of the model with one text when absent. */
  readonly dimensions?: number | undefined
  /** Cosines of unrelated texts under this model; `measureCalibration` measures them. */
  readonly calibration?: Calibration | undefined
}

/** Any embedding model of the Vercel AI SDK: `fromAiSdk(openai.embedding("text-embedding-3-small"))`. */
export const fromAiSdk = async (
  model: AiSdkEmbeddingModel,
  options: AiSdkOptions = {}
): Promise<EmbedderProvider> => {
  const embed = pacedEmbed(async (texts, _purpose, signal) => {
    try {
      return (await model.doEmbed({ values: [...texts], abortSignal: signal })).embeddings
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new EmbeddingRequestError(message, { isRetryable: wasRetryable(cause, false), cause })
    }
  }, options)
  const dimensions =
    options.dimensions ??
    (await embed(["How long is a vector?"], "document", new AbortController().signal))[0]?.length ??
    0
  return {
    model: model.modelId,
    dimensions,
    ...(options.calibration === undefined ? {} : { calibration: options.calibration }),
    // Some models say Infinity: a failed request would then lose all there is.
    batch: Math.min((await model.maxEmbeddingsPerCall) ?? 128, 256),
    embed
  }
}
