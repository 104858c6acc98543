import type { Calibration } from "@keepsake/core"
import { fields } from "@keepsake/core/driver"
import { literal, optionalText, text, wholeNumber } from "./fields.ts"

const { boolean, object, optional, test } = fields

/** Limits of the requests to a service. */
export interface PaceConfig {
  /** Most texts in one request; 128 when absent. */
  readonly batch?: number | undefined
  /** Most tokens in one request, estimated at four characters a token. */
  readonly batchTokens?: number | undefined
  readonly requestsPerMinute?: number | undefined
  readonly tokensPerMinute?: number | undefined
  /** Retries of a failed request; 4 when absent. */
  readonly retries?: number | undefined
  /** Milliseconds before a request counts as failed; 30,000 when absent. */
  readonly timeoutMs?: number | undefined
}

/** OpenAI, Voyage, or any service with their `POST /embeddings`: Ollama, vLLM, Text Embeddings Inference. */
export interface ServiceEmbedderConfig extends PaceConfig {
  readonly provider: "openai" | "voyage" | "ollama" | "openai-compatible"
  /** The service's default when absent; required for `openai-compatible`. */
  readonly model?: string | undefined
  /** The address without `/embeddings`; the service's own when absent; required for `openai-compatible`. */
  readonly baseUrl?: string | undefined
  /** `OPENAI_API_KEY` or `VOYAGE_API_KEY` when absent, which are sent to hosts of OpenAI and Voyage alone. */
  readonly apiKey?: string | undefined
  /**
   * Length of the vectors, which the service is asked for; known for common models, otherwise measured with one request
   * when absent.
   */
  readonly dimensions?: number | undefined
  /** Text that the model expects before a stored text; known for nomic, e5, bge and mxbai when absent. */
  readonly documentPrefix?: string | undefined
  /** Text that the model expects before a query; known for the same models when absent. */
  readonly queryPrefix?: string | undefined
  /** Cosines of unrelated texts under this model; `measureCalibration` measures them. */
  readonly calibration?: Calibration | undefined
}

/** The addresses of the services that have one. */
export const SERVICE_URLS = {
  openai: "https://api.openai.com/v1",
  voyage: "https://api.voyageai.com/v1",
  ollama: "http://localhost:11434/v1"
} as const

/** A model that runs in this process, through `@huggingface/transformers`. */
export interface TransformersConfig {
  readonly provider: "transformers"
  /** A name on the Hugging Face hub, or a folder that holds the model's files. */
  readonly model: string
  /** `"q8"` when absent: a quarter of the size at nearly the same quality. */
  readonly dtype?: string | undefined
  /** Text that the model expects before a stored text, such as `"passage: "`. */
  readonly documentPrefix?: string | undefined
  /** Text that the model expects before a query, such as `"query: "`. */
  readonly queryPrefix?: string | undefined
  /** Whether a model that is not on this machine may be downloaded from the hub; true when absent. */
  readonly allowRemote?: boolean | undefined
  /** Cosines of unrelated texts under this model; `measureCalibration` measures them. */
  readonly calibration?: Calibration | undefined
}

/** Hashed words and character n-grams: deterministic, offline; compares spelling, not meaning. */
export interface LexicalConfig {
  readonly provider: "lexical"
  /** Length of the vectors; 512 when absent. */
  readonly dimensions?: number | undefined
}

/** A table of word pieces: a text is the mean of its pieces' rows. About 30 µs a text, without a model. */
export interface StaticConfig {
  readonly provider: "static"
  /** A folder in model2vec's format (`model.safetensors`, `tokenizer.json`); the built-in English table when absent. */
  readonly model?: string | undefined
  /** Cosines of unrelated texts under a folder's table; measured when absent. */
  readonly calibration?: Calibration | undefined
}

/** An embedder and its options, told apart by `provider`. */
export type EmbedderConfig = ServiceEmbedderConfig | TransformersConfig | StaticConfig | LexicalConfig

const positive = optional(wholeNumber(1, 1_000_000_000))

const prefix = optional(test((value) => typeof value === "string", "give a text"))

const calibration = optional(
  object({
    mean: test((value): value is number => Number.isFinite(value), "give a number"),
    spread: test(
      (value): value is number => Number.isFinite(value) && Number(value) > 0,
      "give a number above 0"
    ),
    strength: optional(
      test(
        (value): value is number => typeof value === "number" && value >= 0 && value <= 2,
        "give a number from 0 to 2"
      )
    )
  } satisfies fields.Fields<Omit<Calibration, "source">>)
)

const service = <Provider extends ServiceEmbedderConfig["provider"]>(provider: Provider) =>
  object({
    provider: literal(provider),
    model: optionalText,
    baseUrl: optionalText,
    apiKey: optionalText,
    dimensions: positive,
    documentPrefix: prefix,
    queryPrefix: prefix,
    calibration,
    batch: positive,
    batchTokens: positive,
    requestsPerMinute: positive,
    tokensPerMinute: positive,
    retries: optional(wholeNumber(0, 20)),
    timeoutMs: positive
  } satisfies fields.Fields<ServiceEmbedderConfig>)

/** What each provider's options are read by. */
export const EMBEDDER_TABLES: {
  readonly [Provider in EmbedderConfig["provider"]]: fields.Field<EmbedderConfig>
} = {
  openai: service("openai"),
  voyage: service("voyage"),
  ollama: service("ollama"),
  "openai-compatible": service("openai-compatible"),
  transformers: object({
    provider: literal("transformers"),
    model: text,
    dtype: optionalText,
    documentPrefix: prefix,
    queryPrefix: prefix,
    allowRemote: optional(boolean),
    calibration
  } satisfies fields.Fields<TransformersConfig>),
  static: object({
    provider: literal("static"),
    model: optionalText,
    calibration
  } satisfies fields.Fields<StaticConfig>),
  lexical: object({
    provider: literal("lexical"),
    dimensions: positive
  } satisfies fields.Fields<LexicalConfig>)
}
