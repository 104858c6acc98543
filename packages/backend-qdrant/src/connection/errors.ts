import {
  Closed,
  Conflict,
  InvalidInput,
  MemoryError,
  type MemoryErrorReason,
  StorageFull,
  Timeout,
  Unauthorized,
  Unavailable,
  Unsupported
} from "@keepsake/core/driver"
import {
  QdrantClientConfigError,
  QdrantClientResourceExhaustedError,
  QdrantClientTimeoutError
} from "@qdrant/js-client-rest"

/** What was being done, for messages: an operation's name and the server's address, never remembered text. */
export interface Attempted {
  readonly operation: string
  readonly server: string
}

/** An answer that is no answer of Qdrant's: a proxy's page, a body cut off. */
export class UnreadableAnswer extends Error {}

const failure = (reason: MemoryErrorReason): MemoryError => new MemoryError({ reason })

interface HttpFailure {
  readonly status: number
  readonly data: unknown
  readonly headers: Headers
}

/** The client's `ApiError` has no name of its own to test for; its status and headers tell. */
const httpFailure = (cause: unknown): HttpFailure | undefined =>
  cause instanceof Error &&
  "status" in cause &&
  typeof cause.status === "number" &&
  "headers" in cause &&
  cause.headers instanceof Headers
    ? { status: cause.status, headers: cause.headers, data: "data" in cause ? cause.data : undefined }
    : undefined

const TEXT_MAX = 300

/** Qdrant's own words, where the body has them. They name keys and types, never values of a payload. */
const said = (data: unknown): string => {
  if (typeof data !== "object" || data === null || !("status" in data)) return ""
  const { status } = data
  if (typeof status !== "object" || status === null || !("error" in status)) return ""
  return typeof status.error === "string" ? ` Qdrant says: ${status.error.slice(0, TEXT_MAX)}` : ""
}

/** Seconds or an HTTP date, as RFC 9110 §10.2.3 has it; milliseconds from `now`. */
const retryAfterMs = (header: string | null, now: number): number | undefined => {
  if (header === null) return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000)
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

const unavailable = (message: string, cause: unknown, after?: number): MemoryError =>
  failure(
    after === undefined
      ? new Unavailable({ message, cause })
      : new Unavailable({ message, cause, retryAfterMs: after })
  )

const tooMany = ({ operation, server }: Attempted, cause: unknown, after: number | undefined): MemoryError =>
  unavailable(
    `${server} limits its load (429) and refused ${operation}. Try again later, lower concurrency, or raise the collection's rate limits.`,
    cause,
    after
  )

const ofStatus = (
  attempted: Attempted,
  { data, headers, status }: HttpFailure,
  cause: unknown
): MemoryError => {
  const { operation, server } = attempted
  const words = said(data)
  switch (status) {
    case 400:
    case 422:
      return /no space left|disk|quota/iu.test(words)
        ? failure(new StorageFull({ message: `${server} has no room for ${operation}.${words}`, cause }))
        : failure(
            new InvalidInput({
              field: operation,
              message: `${server} refused ${operation} (${status}).${words}`,
              cause
            })
          )
    case 401:
    case 403:
      return failure(
        new Unauthorized({
          message:
            status === 401
              ? `${server} wants another API key for ${operation} (401): check apiKey.${words}`
              : `The API key given to ${server} may not do ${operation} (403): use a key with write access to all collections.${words}`,
          cause
        })
      )
    case 404:
      return failure(
        new Closed({
          message: `${server} no longer serves the space this store was opened on (404): it was moved by re-embedding, or dropped. Open the store again.${words}`,
          cause
        })
      )
    case 408:
      return failure(
        new Timeout({ message: `${server} gave up on ${operation} (408). Try again.${words}`, cause })
      )
    case 409:
      return failure(new Conflict({ message: `${server} refused ${operation} (409).${words}`, cause }))
    case 413:
      return failure(
        new InvalidInput({
          field: operation,
          message: `${operation} is larger than ${server} accepts (413): send fewer or shorter memories at a time, or raise service.max_request_size_mb.`,
          cause
        })
      )
    case 429:
      return tooMany(attempted, cause, retryAfterMs(headers.get("retry-after"), Date.now()))
    case 507:
      return failure(new StorageFull({ message: `${server} has no room left (507).${words}`, cause }))
    default:
      return status >= 500
        ? unavailable(
            `${server} failed at ${operation} (${status}). Try again later; its log says why.${words}`,
            cause,
            retryAfterMs(headers.get("retry-after"), Date.now())
          )
        : failure(
            new Unsupported({
              message: `${server} answered ${operation} with ${status}, which no Qdrant does: check that the URL is Qdrant's REST port (6333).${words}`,
              cause
            })
          )
  }
}

/** What a rejected call means. `retryAfter` is the answer's header, where we could read it ourselves. */
export const classify = (
  attempted: Attempted,
  cause: unknown,
  retryAfter: string | null = null
): MemoryError => {
  if (cause instanceof MemoryError) return cause
  const { operation, server } = attempted
  const http = httpFailure(cause)
  if (http !== undefined) return ofStatus(attempted, http, cause)
  if (cause instanceof QdrantClientResourceExhaustedError) {
    return tooMany(attempted, cause, retryAfterMs(retryAfter, Date.now()) ?? cause.retry_after * 1_000)
  }
  if (cause instanceof QdrantClientTimeoutError) return timedOut(attempted, cause)
  if (cause instanceof QdrantClientConfigError) {
    return failure(new InvalidInput({ field: "url", message: cause.message, cause }))
  }
  if (cause instanceof SyntaxError || cause instanceof UnreadableAnswer) {
    return unavailable(
      `${server} answered ${operation} with something that is not Qdrant's JSON (a proxy's page, or an answer cut off). Try again; if it stays, check the URL.`,
      cause
    )
  }
  // The client reads Retry-After badly: a date makes it throw this instead of its own error.
  if (cause instanceof Error && cause.message.startsWith("Invalid retryAfter")) {
    return tooMany(attempted, cause, retryAfterMs(retryAfter, Date.now()))
  }
  return unavailable(
    `${server} cannot be reached for ${operation}. Check that Qdrant runs there and that the URL is right.`,
    cause
  )
}

export const timedOut = ({ operation, server }: Attempted, cause?: unknown): MemoryError =>
  failure(
    new Timeout({
      message: `${server} did not answer ${operation} in time. Repeating it is safe; if it stays, raise timeoutMs or look at the server's load.`,
      ...(cause === undefined ? {} : { cause })
    })
  )
