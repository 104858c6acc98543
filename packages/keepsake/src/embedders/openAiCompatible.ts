import type { Calibration, EmbedderProblem, EmbedderProvider, EmbedPurpose } from "@keepsake/core"
import { parseRetryAfter } from "@keepsake/core/driver"
import { Option, Schema } from "effect"
import type { PaceConfig } from "../config/EmbedderConfig.ts"
import { measureDimensions } from "./measureDimensions.ts"
import { EmbedderError, pacedEmbed, type EmbedRequest } from "./pace.ts"

/** A service with OpenAI's `POST /embeddings`. */
export interface OpenAiCompatibleOptions extends PaceConfig {
  /** The address without `/embeddings`, such as `http://localhost:8000/v1`; may end in `?api-version=…`. */
  readonly baseUrl: string
  readonly model: string
  /** Sent as a bearer token; to Azure as `api-key`. */
  readonly apiKey?: string | undefined
  /** Length of the vectors; measured with one request when absent. */
  readonly dimensions?: number | undefined
  /** Cosines of unrelated texts under this model; `measureCalibration` measures them. */
  readonly calibration?: Calibration | undefined
  /** Further fields of the request's body, beside `model` and `input`. */
  readonly body?: ((purpose: EmbedPurpose) => Readonly<Record<string, unknown>>) | undefined
}

const Reply = Schema.fromJsonString(
  Schema.Struct({
    data: Schema.Array(
      Schema.Struct({ index: Schema.optional(Schema.Int), embedding: Schema.Array(Schema.Finite) })
    )
  })
)
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

const PROBLEMS: { readonly [status: number]: EmbedderProblem } = {
  401: "unauthorized",
  403: "unauthorized",
  404: "notFound",
  429: "rateLimited"
}

const toError = async (
  response: Response,
  texts: ReadonlyArray<string>,
  options: OpenAiCompatibleOptions
): Promise<EmbedderError> => {
  const { status } = response
  return new EmbedderError(
    `HTTP ${status}${describeReply(await response.text(), texts, options.apiKey)}.${advice(status, options)}`,
    {
      isRetryable: status === 408 || status === 429 || status >= 500,
      problem: PROBLEMS[status],
      retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), Date.now())
    }
  )
}

/** The cause of `fetch failed`, such as ECONNREFUSED, is one level deeper. */
const describeFetchError = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  const { cause: inner, message } = cause
  return inner instanceof Error && "code" in inner ? `${message} (${String(inner.code)})` : message
}

/** A shorter text fits every model, so its refusal has another reason. */
const CLIP_MIN = 1_500

/** Services refuse a text beyond the model's limit with one of these, among other things. */
const TOO_LONG: ReadonlySet<number> = new Set([400, 413, 422])

/** Cuts the longest texts to half of the longest; `undefined` if none is long. */
const clip = (texts: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  const longest = texts.reduce((length, text) => Math.max(length, text.length), 0)
  if (longest <= CLIP_MIN) return undefined
  const lengthMax = Math.max(CLIP_MIN, Math.ceil(longest / 2))
  return texts.map((text) => (text.length > lengthMax ? text.slice(0, lengthMax).toWellFormed() : text))
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
    .map(({ embedding }) => embedding)
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

const makeRequest = (options: OpenAiCompatibleOptions): EmbedRequest => {
  const url = toRequestUrl(options.baseUrl)
  const headers = { "content-type": "application/json", ...toKeyHeader(url, options.apiKey) }
  return async (texts, purpose, signal) => {
    const send = async (input: ReadonlyArray<string>): Promise<Response> => {
      const body = JSON.stringify({ model: options.model, input, ...options.body?.(purpose) })
      return fetch(url, { method: "POST", headers, body, signal }).catch((cause: unknown) => {
        throw new EmbedderError(`${url} did not answer: ${describeFetchError(cause)}`, {
          isRetryable: true,
          problem: "unreachable",
          cause
        })
      })
    }
    let response = await send(texts)
    // Only the service knows the model's limit. Keyword search still finds the rest of a long text.
    for (let input = clip(texts); input !== undefined && TOO_LONG.has(response.status); input = clip(input)) {
      await response.body?.cancel()
      response = await send(input)
    }
    if (!response.ok) throw await toError(response, texts, options)
    return parseReply(url, await response.text())
  }
}

/**
 * Any service with OpenAI's `POST /embeddings`: vLLM, Text Embeddings Inference, LM Studio, a proxy. Text
 * beyond the model's limit is truncated.
 */
export const openAiCompatible = async (options: OpenAiCompatibleOptions): Promise<EmbedderProvider> => {
  const embed = pacedEmbed(makeRequest(options), options)
  return {
    model: options.model,
    dimensions: options.dimensions ?? (await measureDimensions(embed)),
    ...(options.calibration === undefined ? {} : { calibration: options.calibration }),
    batch: options.batch ?? 128,
    embed
  }
}
