import type { Calibration, EmbedderProvider, EmbedPurpose } from "@keepsake/core"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { PaceConfig } from "../config/EmbedderConfig.ts"
import { EmbedderError, type FailedReply, fromReply } from "./EmbedderError.ts"
import { measureDimensions } from "./measureDimensions.ts"
import type { EmbedRequest } from "./learnLimits.ts"
import { pacedEmbed } from "./pace.ts"
import {
  NO_PREFIXES,
  type Prefixes,
  readPrefixes,
  type SettledProvider,
  toFormerNames,
  toSpaceName
} from "./prefixes.ts"

/** A service with OpenAI's `POST /embeddings`. */
export interface OpenAiCompatibleOptions extends PaceConfig {
  /** The address without `/embeddings`, such as `http://localhost:8000/v1`; may end in `?api-version=…`. */
  readonly baseUrl: string
  readonly model: string
  /** Sent as a bearer token; to Azure as `api-key`. */
  readonly apiKey?: string | undefined
  /** Length of the vectors, which the service is asked for; measured with one request when absent. */
  readonly dimensions?: number | undefined
  /** Cosines of unrelated texts under this model; `measureCalibration` measures them. */
  readonly calibration?: Calibration | undefined
  /** Text that the model expects before a stored text; known for nomic, e5, bge and mxbai when absent. */
  readonly documentPrefix?: string | undefined
  /** Text that the model expects before a query; known for the same models when absent. */
  readonly queryPrefix?: string | undefined
  /** Further fields of the request's body, beside `model` and `input`. */
  readonly body?: ((purpose: EmbedPurpose) => Readonly<Record<string, unknown>>) | undefined
}

const Reply = Schema.fromJsonString(
  Schema.Struct({
    data: Schema.Array(
      // Some services give null, or numbers that are not finite, for a text that the model cannot embed.
      Schema.Struct({ index: Schema.optional(Schema.Int), embedding: Schema.Unknown })
    )
  })
)
const isVector = Schema.is(Schema.Array(Schema.Finite))
const decodeReply = Schema.decodeUnknownOption(Reply)

const ErrorReply = Schema.fromJsonString(Schema.Struct({ error: Schema.Struct({ message: Schema.String }) }))
const decodeErrorReply = Schema.decodeUnknownOption(ErrorReply)

const isWebPage = (body: string): boolean => /^\s*<(?:!doctype html|html|\?xml)/iu.test(body)

/** The service's own message without the key, unless it repeats a text that was sent. */
const describeReply = (body: string, texts: ReadonlyArray<string>, apiKey: string | undefined): string => {
  if (isWebPage(body)) return ": a web page came"
  const reply = decodeErrorReply(body)
  const message = Option.isSome(reply) ? reply.value.error.message : body
  const detail = (apiKey === undefined ? message : message.replaceAll(apiKey, "…")).slice(0, 300).trim()
  return detail === "" || texts.some((text) => detail.includes(text.slice(0, 40))) ? "" : `: ${detail}`
}

const advice = (status: number, options: OpenAiCompatibleOptions): string => {
  if (status === 401 || status === 403)
    return options.apiKey === undefined ? " Give an apiKey." : " Check the apiKey."
  if (status === 404) return ` Check baseUrl (${options.baseUrl}) and model (${options.model}).`
  return ""
}

const toError = (
  { body, ...reply }: FailedReply,
  texts: ReadonlyArray<string>,
  options: OpenAiCompatibleOptions
): EmbedderError =>
  fromReply(
    `HTTP ${reply.status}${describeReply(body, texts, options.apiKey)}.${advice(reply.status, options)}`,
    { body, ...reply }
  )

/** The cause of `fetch failed`, such as ECONNREFUSED, is one level deeper. */
const describeFetchError = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  const { cause: inner, message } = cause
  return inner instanceof Error && "code" in inner ? `${message} (${String(inner.code)})` : message
}

const parseReply = (url: string, body: string): ReadonlyArray<ReadonlyArray<number>> => {
  const reply = decodeReply(body)
  if (Option.isNone(reply)) {
    const instead = isWebPage(body) ? " but with a web page" : ""
    throw new EmbedderError(`${url} did not answer with embeddings${instead}. Check baseUrl.`, {
      isRetryable: false,
      problem: "notFound"
    })
  }
  return reply.value.data
    .map(({ embedding, index }, i) => ({ embedding, index: index ?? i }))
    .sort((a, b) => a.index - b.index)
    .map(({ embedding }) => (isVector(embedding) ? embedding : []))
}

/** Parameters of the address, such as Azure's `?api-version=…`, stay at its end. */
const toRequestUrl = (baseUrl: string): string => {
  const [address = "", ...parameters] = baseUrl.split("?")
  return [`${address.replace(/\/+$/u, "")}/embeddings`, ...parameters].join("?")
}

/** Azure takes a key in a header of its own, and for bearer tokens only those of its directory. */
const AZURE = /\.azure\.com$/u

const toKeyHeader = (url: string, apiKey: string | undefined): Readonly<Record<string, string>> => {
  if (apiKey === undefined) return {}
  return AZURE.test(URL.parse(url)?.hostname ?? "")
    ? { "api-key": apiKey }
    : { authorization: `Bearer ${apiKey}` }
}

/** The answers of services that do not know the field. */
const FIELD_REFUSED =
  /dimension|matryoshka|unknown|unexpected|unrecogni[sz]ed|extra|not (?:permitted|supported)/iu

/** What a preset knows of its service. */
export interface ServiceFacts {
  /** Length of the model's vectors; not sent. */
  readonly knownDimensions?: number | undefined
  /** The field that asks for a length; `dimensions` when absent. */
  readonly dimensionsField?: string | undefined
}

const makeRequest = (
  options: OpenAiCompatibleOptions,
  prefixes: Prefixes,
  { dimensionsField = "dimensions" }: ServiceFacts
): EmbedRequest => {
  const { dimensions, model } = options
  const url = toRequestUrl(options.baseUrl)
  const headers = { "content-type": "application/json", ...toKeyHeader(url, options.apiKey) }
  let asksForLength = dimensions !== undefined
  return async (texts, purpose, signal) => {
    const input = texts.map((text) => `${prefixes[purpose]}${text}`)
    const send = async (length: Readonly<Record<string, unknown>>): Promise<Response> =>
      fetch(url, {
        method: "POST",
        headers,
        body: JSON.stringify({ model, input, ...options.body?.(purpose), ...length }),
        signal
      }).catch((cause: unknown) => {
        throw new EmbedderError(`${url} did not answer: ${describeFetchError(cause)}`, {
          isRetryable: true,
          problem: "unreachable",
          cause
        })
      })
    let response = await send(asksForLength ? { [dimensionsField]: dimensions } : {})
    let body = await response.text()
    if (asksForLength && (response.status === 400 || response.status === 422) && FIELD_REFUSED.test(body)) {
      response = await send({})
      body = await response.text()
      if (response.ok) asksForLength = false
    }
    if (!response.ok) {
      const retryAfter = response.headers.get("retry-after")
      throw toError({ status: response.status, body, retryAfter }, texts, options)
    }
    const vectors = parseReply(url, body)
    // A service that ignores the field or refuses it gives all; core brings them to unit length.
    return dimensions === undefined ? vectors : vectors.map((vector) => vector.slice(0, dimensions))
  }
}

/** `openAiCompatible` for a service of which something is known. */
export const makeOpenAiCompatible = async (
  options: OpenAiCompatibleOptions,
  facts: ServiceFacts = {}
): Promise<SettledProvider> => {
  const make = (model: string, prefixes: Prefixes, dimensions: number): EmbedderProvider => ({
    model,
    dimensions,
    ...(options.calibration === undefined ? {} : { calibration: options.calibration }),
    batch: options.batch ?? 128,
    embed: pacedEmbed(makeRequest(options, prefixes, facts), options)
  })
  const prefixes = readPrefixes(options)
  const dimensions =
    options.dimensions ??
    facts.knownDimensions ??
    (await measureDimensions(pacedEmbed(makeRequest(options, prefixes, facts), options)))
  return {
    ...make(toSpaceName(options.model, prefixes), prefixes, dimensions),
    formerly: toFormerNames(options).map((name) => make(name, NO_PREFIXES, dimensions))
  }
}

/**
 * Any service with OpenAI's `POST /embeddings`: vLLM, Text Embeddings Inference, LM Studio, a proxy. Text
 * beyond the model's limit is truncated.
 */
export const openAiCompatible = async (options: OpenAiCompatibleOptions): Promise<EmbedderProvider> =>
  makeOpenAiCompatible(options)
