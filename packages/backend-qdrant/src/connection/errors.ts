import {
  Closed,
  Conflict,
  InvalidInput,
  MemoryError,
  type MemoryErrorReason,
  parseRetryAfter,
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

/** The request as named in messages: operation and server, never remembered text. */
export interface Attempt {
  readonly operation: string
  readonly server: string
}

/** A response that is not Qdrant's: a proxy's page, a truncated body. */
export class UnreadableResponse extends Error {}

const failure = (reason: MemoryErrorReason): MemoryError => new MemoryError({ reason })

interface HttpFailure {
  readonly status: number
  readonly data: unknown
  readonly headers: Headers
}

/** The client's `ApiError` cannot be told by its name, so by status and headers. */
const toHttpFailure = (cause: unknown): HttpFailure | undefined =>
  cause instanceof Error &&
  "status" in cause &&
  typeof cause.status === "number" &&
  "headers" in cause &&
  cause.headers instanceof Headers
    ? { status: cause.status, headers: cause.headers, data: "data" in cause ? cause.data : undefined }
    : undefined

const TEXT_MAX = 300

/** Qdrant's error text, if the body has one. It names keys and types, never values of a payload. */
const readErrorText = (data: unknown): string => {
  if (typeof data !== "object" || data === null || !("status" in data)) return ""
  const { status } = data
  if (typeof status !== "object" || status === null || !("error" in status)) return ""
  return typeof status.error === "string" ? ` Qdrant says: ${status.error.slice(0, TEXT_MAX)}` : ""
}

const unavailable = (message: string, cause: unknown, retryAfterMs?: number): MemoryError =>
  failure(
    retryAfterMs === undefined
      ? new Unavailable({ message, cause })
      : new Unavailable({ message, cause, retryAfterMs })
  )

const rateLimited = (
  { operation, server }: Attempt,
  cause: unknown,
  retryAfterMs: number | undefined
): MemoryError =>
  unavailable(
    `${server} limits its load (429) and refused ${operation}. Try again later, lower concurrency, or raise the collection's rate limits.`,
    cause,
    retryAfterMs
  )

const classifyStatus = (
  attempt: Attempt,
  { data, headers, status }: HttpFailure,
  cause: unknown
): MemoryError => {
  const { operation, server } = attempt
  const text = readErrorText(data)
  switch (status) {
    case 400:
    case 422:
      return /no space left|disk|quota/iu.test(text)
        ? failure(new StorageFull({ message: `${server} has no room for ${operation}.${text}`, cause }))
        : failure(
            new InvalidInput({
              field: operation,
              message: `${server} refused ${operation} (${status}).${text}`,
              cause
            })
          )
    case 401:
    case 403:
      return failure(
        new Unauthorized({
          message:
            status === 401
              ? `${server} needs another API key for ${operation} (401): check apiKey.${text}`
              : `The API key may not do ${operation} on ${server} (403): use a key with write access to all collections.${text}`,
          cause
        })
      )
    case 404:
      return failure(
        new Closed({
          message: `${server} no longer serves the collection this store was opened on (404): re-embedding or a newer version moved it, or it was dropped. Open the store again.${text}`,
          cause
        })
      )
    case 408:
      return failure(
        new Timeout({ message: `${server} gave up on ${operation} (408). Try again.${text}`, cause })
      )
    case 409:
      return failure(new Conflict({ message: `${server} refused ${operation} (409).${text}`, cause }))
    case 413:
      return failure(
        new InvalidInput({
          field: operation,
          message: `${operation} is larger than ${server} accepts (413): send fewer or shorter memories at a time, or raise service.max_request_size_mb.`,
          cause
        })
      )
    case 429:
      return rateLimited(attempt, cause, parseRetryAfter(headers.get("retry-after"), Date.now()))
    case 507:
      return failure(new StorageFull({ message: `${server} has no room left (507).${text}`, cause }))
    default:
      return status >= 500
        ? unavailable(
            `${server} failed at ${operation} (${status}). Try again later; its log says why.${text}`,
            cause,
            parseRetryAfter(headers.get("retry-after"), Date.now())
          )
        : failure(
            new Unsupported({
              message: `${server} answered ${operation} with ${status}, which Qdrant never does: check that the URL is Qdrant's REST port (6333).${text}`,
              cause
            })
          )
  }
}

/** Classifies a rejected call. `retryAfter` is the response's header, if the connection pool read it. */
export const classify = (attempt: Attempt, cause: unknown, retryAfter: string | null = null): MemoryError => {
  if (cause instanceof MemoryError) return cause
  const { operation, server } = attempt
  const http = toHttpFailure(cause)
  if (http !== undefined) return classifyStatus(attempt, http, cause)
  if (cause instanceof QdrantClientResourceExhaustedError) {
    return rateLimited(attempt, cause, parseRetryAfter(retryAfter, Date.now()) ?? cause.retry_after * 1_000)
  }
  if (cause instanceof QdrantClientTimeoutError) return timedOut(attempt, cause)
  if (cause instanceof QdrantClientConfigError) {
    return failure(new InvalidInput({ field: "url", message: cause.message, cause }))
  }
  if (cause instanceof SyntaxError || cause instanceof UnreadableResponse) {
    return unavailable(
      `${server} answered ${operation} with something that is not Qdrant's JSON (a proxy's page, or a truncated response). Try again; if it persists, check the URL.`,
      cause
    )
  }
  // A date in Retry-After makes the client throw this instead of its own error.
  if (cause instanceof Error && cause.message.startsWith("Invalid retryAfter")) {
    return rateLimited(attempt, cause, parseRetryAfter(retryAfter, Date.now()))
  }
  return unavailable(
    `${server} cannot be reached for ${operation}. Check that Qdrant runs there and that the URL is right.`,
    cause
  )
}

export const timedOut = ({ operation, server }: Attempt, cause?: unknown): MemoryError =>
  failure(
    new Timeout({
      message: `${server} did not answer ${operation} in time. Repeating it is safe; if it persists, raise timeoutMs or check the server's load.`,
      ...(cause === undefined ? {} : { cause })
    })
  )
