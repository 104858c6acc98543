import type { Calibration, EmbedderProvider, EmbedPurpose } from "@keepsake/core"
import { invalidInput, wasRetryable } from "@keepsake/core/driver"
import type { PaceConfig } from "../config/EmbedderConfig.ts"
import { measureDimensions } from "./measureDimensions.ts"
import { ServiceError, fromReply } from "../requests/ServiceError.ts"
import { pacedRequest } from "../requests/pace.ts"

/** The part of an AI SDK embedding model that every version of its specification has. */
export interface AiSdkEmbeddingModel {
  readonly modelId: string
  readonly maxEmbeddingsPerCall: PromiseLike<number | undefined> | number | undefined
  doEmbed(options: { values: Array<string>; abortSignal?: AbortSignal }): PromiseLike<{
    readonly embeddings: ReadonlyArray<ReadonlyArray<number>>
  }>
}

/** What the model does not tell about itself. */
export interface AiSdkOptions extends Omit<PaceConfig, "batch"> {
  /** Length of the vectors; measured with one request when absent. */
  readonly dimensions?: number | undefined
  /** Cosines of unrelated texts under this model; `measureCalibration` measures them. */
  readonly calibration?: Calibration | undefined
}

/** The part of the AI SDK's `APICallError` that says what the service answered. */
interface FailedCall {
  readonly statusCode: number
  readonly responseBody?: unknown
  readonly responseHeaders?: Readonly<Record<string, string>> | undefined
}

const isFailedCall = (cause: unknown): cause is Error & FailedCall =>
  cause instanceof Error && "statusCode" in cause && typeof cause.statusCode === "number"

const toError = (cause: unknown): ServiceError => {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (!isFailedCall(cause))
    return new ServiceError(message, { isRetryable: wasRetryable(cause, false), cause })
  const { responseBody, responseHeaders, statusCode } = cause
  return fromReply(message, {
    status: statusCode,
    body: `${typeof responseBody === "string" ? responseBody : ""} ${message}`,
    retryAfter: responseHeaders?.["retry-after"]
  })
}

/** Any embedding model of the Vercel AI SDK: `fromAiSdk(openai.embedding("text-embedding-3-small"))`. */
export const fromAiSdk = async (
  model: AiSdkEmbeddingModel,
  options: AiSdkOptions = {}
): Promise<EmbedderProvider> => {
  // From JavaScript: the AI SDK itself takes a name, and looks it up in a gateway.
  if (typeof model?.doEmbed !== "function") {
    throw invalidInput(
      "embedder",
      'give a model of a provider, such as openai.embedding("text-embedding-3-small")'
    )
  }
  const embed = pacedRequest<EmbedPurpose, ReadonlyArray<number>>(async (texts, _purpose, signal) => {
    try {
      return (await model.doEmbed({ values: [...texts], abortSignal: signal })).embeddings
    } catch (cause) {
      throw toError(cause)
    }
  }, options)
  return {
    model: model.modelId,
    dimensions: options.dimensions ?? (await measureDimensions(embed)),
    ...(options.calibration === undefined ? {} : { calibration: options.calibration }),
    // Some models say Infinity: one failed request would then lose all vectors.
    batch: Math.min((await model.maxEmbeddingsPerCall) ?? 128, 256),
    embed
  }
}
