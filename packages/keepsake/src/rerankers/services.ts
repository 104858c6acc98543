/** Services with `POST /rerank`: each has names of its own for the same things. */
import type { RerankerProvider } from "@keepsake/core"
import { invalidInput, OF_LOGITS } from "@keepsake/core/driver"
import { ownsKey } from "../config/destinations.ts"
import { RERANKER_URLS, type ServiceRerankerConfig } from "../config/RerankerConfig.ts"
import { resolveApiKey } from "../requests/apiKey.ts"
import type { TextsRequest } from "../requests/learnLimits.ts"
import { pacedRequest } from "../requests/pace.ts"
import { parseJson, readField, readList } from "../requests/readJson.ts"
import { makePost, type Service, toServiceError, unlikeReply } from "../requests/service.ts"
import { ServiceError } from "../requests/ServiceError.ts"

const PATH = "/rerank"

/** The relevance of the text at a place of the request, in any order. */
interface Judged {
  readonly index: number
  readonly score: number
}

/** What a service is sent, and what it answers. */
interface Form {
  readonly toBody: (
    query: string,
    texts: ReadonlyArray<string>,
    model: string | undefined
  ) => Readonly<Record<string, unknown>>
  /** `undefined` for what is none of its answers. */
  readonly parse: (reply: unknown) => ReadonlyArray<Judged> | undefined
}

/** Reads a list of places of texts and their scores, whatever the service calls a score. */
const readJudged = (list: unknown, scoreField: string): ReadonlyArray<Judged> | undefined =>
  readList(list, (item) => {
    const [index, score] = [readField(item, "index"), readField(item, scoreField)]
    return Number.isSafeInteger(index) && Number.isFinite(score)
      ? { index: index as number, score: score as number }
      : undefined
  })

const FORMS: { readonly [Provider in ServiceRerankerConfig["provider"]]: Form } = {
  cohere: {
    toBody: (query, documents, model) => ({ model, query, documents, top_n: documents.length }),
    parse: (reply) => readJudged(readField(reply, "results"), "relevance_score")
  },
  voyage: {
    toBody: (query, documents, model) => ({ model, query, documents, top_k: documents.length }),
    parse: (reply) => readJudged(readField(reply, "data"), "relevance_score")
  },
  tei: {
    toBody: (query, texts) => ({ query, texts, raw_scores: true, truncate: true }),
    parse: (reply) => readJudged(reply, "score")
  }
}

/** Brings scores into the order of the texts. */
const toScores = (judged: ReadonlyArray<Judged>, service: Service, count: number): ReadonlyArray<number> => {
  const byIndex = new Map(judged.map(({ index, score }) => [index, score]))
  return Array.from({ length: count }, (_, i) => {
    const score = byIndex.get(i)
    if (score === undefined)
      throw new ServiceError(`${service.baseUrl} did not give each text a score`, { isRetryable: false })
    return score
  })
}

const makeRequest = ({ parse, toBody }: Form, service: Service): TextsRequest<string, number> => {
  const post = makePost(service, PATH)
  return async (texts, query, signal) => {
    const reply = await post(toBody(query, texts, service.model), signal)
    if (!reply.ok) throw toServiceError(reply, [query, ...texts], service)
    const judged = parse(parseJson(reply.body))
    if (judged === undefined) throw unlikeReply(service, PATH, reply.body, "scores")
    return toScores(judged, service, texts.length)
  }
}

const MODELS = { cohere: "rerank-v3.5", voyage: "rerank-2.5" } as const

const toService = (config: ServiceRerankerConfig): Service => {
  const { apiKey, baseUrl, model, provider } = config
  if (provider === "tei") {
    if (baseUrl === undefined)
      throw invalidInput("reranker.baseUrl", "is missing: give the service's address")
    return { baseUrl, model, apiKey }
  }
  const address = baseUrl ?? RERANKER_URLS[provider]
  return {
    baseUrl: address,
    model: model ?? MODELS[provider],
    // A server of one's own in the same form may need no key.
    apiKey: ownsKey(provider, address) ? resolveApiKey(provider, config) : apiKey
  }
}

/** A service that reranks: Cohere and Voyage give scores from 0 to 1, TEI the model's logits. */
export const serviceReranker = (config: ServiceRerankerConfig): RerankerProvider => {
  const { provider, timeoutMs } = config
  const service = toService(config)
  const request = pacedRequest(makeRequest(FORMS[provider], service), {})
  return {
    model: service.model ?? new URL(service.baseUrl).host,
    calibration: config.calibration ?? (provider === "tei" ? OF_LOGITS : undefined),
    timeoutMs,
    rerank: async ({ deadline, query, signal, texts }) => request(texts, query, signal, deadline)
  }
}
