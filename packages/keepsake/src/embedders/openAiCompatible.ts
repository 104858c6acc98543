import type { Calibration, EmbedderProvider, EmbedPurpose } from "@keepsake/core"
import type { PaceConfig } from "../config/EmbedderConfig.ts"
import type { TextsRequest } from "../requests/learnLimits.ts"
import { pacedRequest } from "../requests/pace.ts"
import { parseJson, readField, readList } from "../requests/readJson.ts"
import { makePost, type Service, toServiceError, unlikeReply } from "../requests/service.ts"
import { measureDimensions } from "./measureDimensions.ts"
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

/** An empty vector for a text that the model cannot embed. */
type EmbedRequest = TextsRequest<EmbedPurpose, ArrayLike<number>>

const isVector = (value: unknown): value is ReadonlyArray<number> =>
  Array.isArray(value) && value.every(Number.isFinite)

interface Embedded {
  readonly index: number | undefined
  readonly vector: ReadonlyArray<number>
}

const readEmbedded = (item: unknown): Embedded | undefined => {
  const [index, embedding] = [readField(item, "index"), readField(item, "embedding")]
  if (embedding === undefined || (index !== undefined && !Number.isSafeInteger(index))) return undefined
  // Some services give null, or numbers that are not finite, for a text that the model cannot embed.
  return { index: index as number | undefined, vector: isVector(embedding) ? embedding : [] }
}

const PATH = "/embeddings"

const parseReply = (service: Service, body: string): ReadonlyArray<ReadonlyArray<number>> => {
  const embedded = readList(readField(parseJson(body), "data"), readEmbedded)
  if (embedded === undefined) throw unlikeReply(service, PATH, body, "embeddings")
  return embedded
    .map(({ index, vector }, i) => ({ vector, index: index ?? i }))
    .sort((a, b) => a.index - b.index)
    .map(({ vector }) => vector)
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
  const post = makePost(options, PATH)
  let asksForLength = dimensions !== undefined
  return async (texts, purpose, signal) => {
    const input = texts.map((text) => `${prefixes[purpose]}${text}`)
    const send = async (length: Readonly<Record<string, unknown>>) =>
      post({ model, input, ...options.body?.(purpose), ...length }, signal)
    let reply = await send(asksForLength ? { [dimensionsField]: dimensions } : {})
    if (asksForLength && (reply.status === 400 || reply.status === 422) && FIELD_REFUSED.test(reply.body)) {
      reply = await send({})
      if (reply.ok) asksForLength = false
    }
    if (!reply.ok) throw toServiceError(reply, texts, options)
    const vectors = parseReply(options, reply.body)
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
    embed: pacedRequest(makeRequest(options, prefixes, facts), options)
  })
  const prefixes = readPrefixes(options)
  const dimensions =
    options.dimensions ??
    facts.knownDimensions ??
    (await measureDimensions(pacedRequest(makeRequest(options, prefixes, facts), options)))
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
