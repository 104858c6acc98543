import { parseRetryAfter } from "@keepsake/core/driver"
import type { Calibration, EmbedderProvider, EmbedPurpose } from "@keepsake/core"
import { Schema } from "effect"
import type { PaceConfig } from "../config/EmbedderConfig.ts"
import { EmbeddingRequestError, pacedEmbed, type EmbedRequest } from "./pace.ts"

export interface OpenAiCompatibleOptions extends PaceConfig {
  /** Up to and without `/embeddings`, such as `http://localhost:8000/v1`. */
  readonly baseUrl: string
  readonly model: string
  /** Sent as a bearer token; left out when absent. */
  readonly apiKey?: string | undefined
  /** Length of the vectors; asked of the service with one text when absent. */
  readonly dimensions?: number | undefined
  /** Cosines of unrelated texts under this model; `measureCalibration` measures them. */
  readonly calibration?: Calibration | undefined
  /** Fields sent along with `model` and `input`, where the service knows more of them. */
  readonly body?: ((purpose: EmbedPurpose) => Readonly<Record<string, unknown>>) | undefined
}

const Reply = Schema.Struct({
  data: Schema.Array(
    Schema.Struct({ index: Schema.optional(Schema.Int), embedding: Schema.Array(Schema.Finite) })
  )
})
const decodeReply = Schema.decodeUnknownPromise(Reply)

const ErrorReply = Schema.fromJsonString(Schema.Struct({ error: Schema.Struct({ message: Schema.String }) }))
const decodeErrorReply = Schema.decodeUnknownOption(ErrorReply)

/** What the service says of the failure, unless it repeats the text that was sent. */
const detailOf = (body: string, texts: ReadonlyArray<string>): string => {
  const parsed = decodeErrorReply(body)
  const detail = (parsed._tag === "Some" ? parsed.value.error.message : body).slice(0, 300).trim()
  return detail === "" || texts.some((text) => detail.includes(text.slice(0, 40))) ? "" : `: ${detail}`
}

const advice = (status: number, options: OpenAiCompatibleOptions): string => {
  if (status === 401 || status === 403)
    return options.apiKey === undefined ? " Give an apiKey." : " Check the apiKey."
  if (status === 404) return ` Check baseUrl (${options.baseUrl}) and model (${options.model}).`
  return ""
}

const failureOf = async (
  response: Response,
  texts: ReadonlyArray<string>,
  options: OpenAiCompatibleOptions
) => {
  const { status } = response
  return new EmbeddingRequestError(
    `HTTP ${status}${detailOf(await response.text(), texts)}.${advice(status, options)}`,
    {
      isRetryable: status === 408 || status === 429 || status >= 500,
      retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), Date.now())
    }
  )
}

/** A text of fewer characters fits every model: what is refused then is refused for another reason. */
const CLIP_MIN = 1_500

/** With these a service refuses what is longer than its model reads, among other things. */
const TOO_LONG: ReadonlySet<number> = new Set([400, 413, 422])

/** The longest texts cut to half of the longest; `undefined` where none is long. */
const clipped = (texts: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  const longest = texts.reduce((most, text) => Math.max(most, text.length), 0)
  if (longest <= CLIP_MIN) return undefined
  const most = Math.max(CLIP_MIN, Math.ceil(longest / 2))
  return texts.map((text) => (text.length > most ? text.slice(0, most).toWellFormed() : text))
}

const requestOf = (options: OpenAiCompatibleOptions): EmbedRequest => {
  const url = `${options.baseUrl.replace(/\/+$/u, "")}/embeddings`
  const headers = {
    "content-type": "application/json",
    ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` })
  }
  return async (texts, purpose, signal) => {
    const send = async (input: ReadonlyArray<string>): Promise<Response> => {
      const body = JSON.stringify({ model: options.model, input, ...options.body?.(purpose) })
      return fetch(url, { method: "POST", headers, body, signal })
    }
    let response = await send(texts)
    // How much a model reads is known to it alone. The rest of a long text is found by its words.
    for (
      let input = clipped(texts);
      input !== undefined && TOO_LONG.has(response.status);
      input = clipped(input)
    ) {
      await response.body?.cancel()
      response = await send(input)
    }
    if (!response.ok) throw await failureOf(response, texts, options)
    const { data } = await decodeReply(await response.json()).catch((cause: unknown) => {
      throw new EmbeddingRequestError(`${url} did not answer with embeddings. Check baseUrl.`, {
        isRetryable: false,
        cause
      })
    })
    return data
      .map(({ embedding, index }, place) => ({ embedding, at: index ?? place }))
      .sort((a, b) => a.at - b.at)
      .map(({ embedding }) => embedding)
  }
}

/**
 * Any service with OpenAI's `POST /embeddings`: vLLM, Text Embeddings Inference, LM Studio, a proxy. Of a text
 * that is longer than the model reads, the beginning is embedded.
 */
export const openAiCompatible = async (options: OpenAiCompatibleOptions): Promise<EmbedderProvider> => {
  const embed = pacedEmbed(requestOf(options), options)
  const dimensions =
    options.dimensions ??
    (await embed(["How long is a vector?"], "document", new AbortController().signal))[0]?.length ??
    0
  return {
    model: options.model,
    dimensions,
    ...(options.calibration === undefined ? {} : { calibration: options.calibration }),
    batch: options.batch ?? 128,
    embed
  }
}
