import type { Calibration } from "@keepsake/core"
import { Schema } from "effect"

/** How hard a service may be driven. */
export interface PaceConfig {
  /** Most texts in one request. */
  readonly batch?: number | undefined
  /** Most tokens in one request, estimated at four characters a token. */
  readonly batchTokens?: number | undefined
  readonly requestsPerMinute?: number | undefined
  readonly tokensPerMinute?: number | undefined
  /** Times a failed request is tried again; 4 when absent. */
  readonly retries?: number | undefined
  /** Milliseconds before a request counts as failed; 30,000 when absent. */
  readonly timeoutMs?: number | undefined
}

/** OpenAI, Voyage, or anything with their `POST /embeddings`: Ollama, vLLM, Text Embeddings Inference, a proxy. */
export interface ServiceEmbedderConfig extends PaceConfig {
  readonly provider: "openai" | "voyage" | "ollama" | "openai-compatible"
  /** The service's default when absent; required for `openai-compatible`. */
  readonly model?: string | undefined
  /** Up to and without `/embeddings`; the service's own when absent; required for `openai-compatible`. */
  readonly baseUrl?: string | undefined
  /** `OPENAI_API_KEY` or `VOYAGE_API_KEY` when absent. */
  readonly apiKey?: string | undefined
  /** Length of the vectors. Asked of the service with one text when absent and the model is not a known one. */
  readonly dimensions?: number | undefined
  /** Cosines of unrelated texts under this model; `measureCalibration` measures them. */
  readonly calibration?: Calibration | undefined
}

/** A model that runs in this process, through `@huggingface/transformers`. */
export interface TransformersConfig {
  readonly provider: "transformers"
  /** A name on the Hugging Face hub, or a folder that holds the model's files. */
  readonly model: string
  /** `"q8"` when absent: a quarter of the size at nearly the same quality. */
  readonly dtype?: string | undefined
  /** What the model wants written before a stored text, such as `"passage: "`. */
  readonly documentPrefix?: string | undefined
  /** What the model wants written before a query, such as `"query: "`. */
  readonly queryPrefix?: string | undefined
  /** Whether the hub may be asked for what is not on this machine; true when absent. */
  readonly allowRemote?: boolean | undefined
  /** Cosines of unrelated texts under this model; `measureCalibration` measures them. */
  readonly calibration?: Calibration | undefined
}

/** Hashed words and character n-grams: deterministic, offline, and lexical. It knows spelling, not meaning. */
export interface LexicalConfig {
  readonly provider: "lexical"
  /** 512 when absent. */
  readonly dimensions?: number | undefined
}

/** An embedder and its options, told apart by `provider`. */
export type EmbedderConfig = ServiceEmbedderConfig | TransformersConfig | LexicalConfig

const text = Schema.String.check(Schema.isMinLength(1))
const positive = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000_000 }))
const optionalText = Schema.optional(text)
const optionalPositive = Schema.optional(positive)

const optionalCalibration = Schema.optional(
  Schema.Struct({ mean: Schema.Finite, spread: Schema.Finite.check(Schema.isGreaterThan(0)) })
)

const service = <P extends ServiceEmbedderConfig["provider"]>(provider: P) =>
  Schema.Struct({
    provider: Schema.Literal(provider),
    model: optionalText,
    baseUrl: optionalText,
    apiKey: optionalText,
    dimensions: optionalPositive,
    calibration: optionalCalibration,
    batch: optionalPositive,
    batchTokens: optionalPositive,
    requestsPerMinute: optionalPositive,
    tokensPerMinute: optionalPositive,
    retries: Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))),
    timeoutMs: optionalPositive
  })

export const EMBEDDER_SCHEMAS = {
  openai: service("openai"),
  voyage: service("voyage"),
  ollama: service("ollama"),
  "openai-compatible": service("openai-compatible"),
  transformers: Schema.Struct({
    provider: Schema.Literal("transformers"),
    model: text,
    dtype: optionalText,
    documentPrefix: Schema.optional(Schema.String),
    queryPrefix: Schema.optional(Schema.String),
    allowRemote: Schema.optional(Schema.Boolean),
    calibration: optionalCalibration
  }),
  lexical: Schema.Struct({ provider: Schema.Literal("lexical"), dimensions: optionalPositive })
} satisfies {
  readonly [P in EmbedderConfig["provider"]]: Schema.Codec<EmbedderConfig & { readonly provider: P }>
}
