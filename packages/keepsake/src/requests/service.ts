/** Requests to a service that answers JSON, and what its failures say. */
import { parseJson, readField } from "./readJson.ts"
import { type FailedReply, fromReply, ServiceError } from "./ServiceError.ts"

/** A service, as its errors name it. */
export interface Service {
  /** The address without the path of a request; may end in `?api-version=…`. */
  readonly baseUrl: string
  readonly model?: string | undefined
  /** Sent as a bearer token; to Azure as `api-key`. */
  readonly apiKey?: string | undefined
}

const isWebPage = (body: string): boolean => /^\s*<(?:!doctype html|html|\?xml)/iu.test(body)

/** The service's own message without the key, unless it repeats a text that was sent. */
const describeReply = (body: string, texts: ReadonlyArray<string>, apiKey: string | undefined): string => {
  if (isWebPage(body)) return ": a web page came"
  const told = readField(readField(parseJson(body), "error"), "message")
  const message = typeof told === "string" ? told : body
  const detail = (apiKey === undefined ? message : message.replaceAll(apiKey, "…")).slice(0, 300).trim()
  return detail === "" || texts.some((text) => detail.includes(text.slice(0, 40))) ? "" : `: ${detail}`
}

const advice = (status: number, { apiKey, baseUrl, model }: Service): string => {
  if (status === 401 || status === 403)
    return apiKey === undefined ? " Give an apiKey." : " Check the apiKey."
  if (status === 404)
    return ` Check baseUrl (${baseUrl})${model === undefined ? "" : ` and model (${model})`}.`
  return ""
}

/** The cause of `fetch failed`, such as ECONNREFUSED, is one level deeper. */
const describeFetchError = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  const { cause: inner, message } = cause
  return inner instanceof Error && "code" in inner ? `${message} (${String(inner.code)})` : message
}

/** Parameters of the address, such as Azure's `?api-version=…`, stay at its end. */
const toRequestUrl = (baseUrl: string, path: string): string => {
  const [address = "", ...parameters] = baseUrl.split("?")
  return [`${address.replace(/\/+$/u, "")}${path}`, ...parameters].join("?")
}

/** Azure takes a key in a header of its own, and for bearer tokens only those of its directory. */
const AZURE = /\.azure\.com$/u

const toKeyHeader = (url: string, apiKey: string | undefined): Readonly<Record<string, string>> => {
  if (apiKey === undefined) return {}
  return AZURE.test(URL.parse(url)?.hostname ?? "")
    ? { "api-key": apiKey }
    : { authorization: `Bearer ${apiKey}` }
}

/** What a service answered, whether well or not. */
export interface Reply extends FailedReply {
  readonly ok: boolean
}

/** Posts JSON. A service that does not answer throws a `ServiceError`; an answer that is no success is one. */
export const makePost = ({ apiKey, baseUrl }: Service, path: string) => {
  const url = toRequestUrl(baseUrl, path)
  const headers = { "content-type": "application/json", ...toKeyHeader(url, apiKey) }
  return async (body: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Reply> => {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      signal
    }).catch((cause: unknown) => {
      throw new ServiceError(`${url} did not answer: ${describeFetchError(cause)}`, {
        isRetryable: true,
        problem: "unreachable",
        cause
      })
    })
    return {
      ok: response.ok,
      status: response.status,
      body: await response.text(),
      retryAfter: response.headers.get("retry-after")
    }
  }
}

/** The error of an answer that is no success; `sent` are the texts that no message may repeat. */
export const toServiceError = (
  reply: FailedReply,
  sent: ReadonlyArray<string>,
  service: Service
): ServiceError =>
  fromReply(
    `HTTP ${reply.status}${describeReply(reply.body, sent, service.apiKey)}.${advice(reply.status, service)}`,
    reply
  )

/** The error of a success that is not what was asked for, such as `embeddings`. */
export const unlikeReply = ({ baseUrl }: Service, path: string, body: string, wanted: string): ServiceError =>
  new ServiceError(
    `${toRequestUrl(baseUrl, path)} did not answer with ${wanted}${isWebPage(body) ? " but with a web page" : ""}. Check baseUrl.`,
    { isRetryable: false, problem: "notFound" }
  )
