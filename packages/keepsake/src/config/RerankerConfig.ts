import type { RerankCalibration } from "@keepsake/core"
import { fields } from "@keepsake/core/driver"
import { literal, optionalText, text, wholeNumber } from "./fields.ts"

const { boolean, object, optional, test } = fields

interface JudgeConfig {
  /** A raw relevance as a logit, `bias + weight · raw`; of the provider's kind of scores when absent. */
  readonly calibration?: RerankCalibration | undefined
  /** Longest that an answer waits for it, in milliseconds; 2,000 when absent. */
  readonly timeoutMs?: number | undefined
}

/** A service with `POST /rerank` in the form of Cohere, Voyage or Text Embeddings Inference. */
export interface ServiceRerankerConfig extends JudgeConfig {
  readonly provider: "cohere" | "voyage" | "tei"
  /** `rerank-v3.5` of Cohere and `rerank-2.5` of Voyage when absent; TEI serves one model. */
  readonly model?: string | undefined
  /** The address without `/rerank`; the service's own when absent; required for `tei`. */
  readonly baseUrl?: string | undefined
  /** `COHERE_API_KEY` or `VOYAGE_API_KEY` when absent, which are sent to hosts of Cohere and Voyage alone. */
  readonly apiKey?: string | undefined
}

/** The addresses of the services that have one. */
export const RERANKER_URLS = {
  cohere: "https://api.cohere.com/v2",
  voyage: "https://api.voyageai.com/v1"
} as const

/** A cross-encoder that runs in this process, through `@huggingface/transformers`. */
export interface LocalRerankerConfig extends JudgeConfig {
  readonly provider: "transformers"
  /** A name on the Hugging Face hub, or a folder that holds the model's files. */
  readonly model: string
  /** `"q8"` when absent: a quarter of the size at nearly the same quality. */
  readonly dtype?: string | undefined
  /** Whether a model that is not on this machine may be downloaded from the hub; true when absent. */
  readonly allowRemote?: boolean | undefined
}

/** A reranker and its options, told apart by `provider`. */
export type RerankerConfig = ServiceRerankerConfig | LocalRerankerConfig

const judge = {
  calibration: optional(
    object({
      bias: test((value): value is number => Number.isFinite(value), "give a number"),
      weight: test(
        (value): value is number => Number.isFinite(value) && Number(value) > 0,
        "give a number above 0"
      )
    } satisfies fields.Fields<RerankCalibration>)
  ),
  timeoutMs: optional(wholeNumber(1, 1_000_000_000))
}

const service = <Provider extends ServiceRerankerConfig["provider"]>(provider: Provider) =>
  object({
    provider: literal(provider),
    model: optionalText,
    baseUrl: optionalText,
    apiKey: optionalText,
    ...judge
  } satisfies fields.Fields<ServiceRerankerConfig>)

/** What each provider's options are read by. */
export const RERANKER_TABLES: {
  readonly [Provider in RerankerConfig["provider"]]: fields.Field<RerankerConfig>
} = {
  cohere: service("cohere"),
  voyage: service("voyage"),
  tei: service("tei"),
  transformers: object({
    provider: literal("transformers"),
    model: text,
    dtype: optionalText,
    allowRemote: optional(boolean),
    ...judge
  } satisfies fields.Fields<LocalRerankerConfig>)
}
