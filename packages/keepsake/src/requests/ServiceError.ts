import type { EmbedderProblem } from "@keepsake/core"
import { parseRetryAfter } from "@keepsake/core/driver"
import { hideSecrets } from "../config/hideSecrets.ts"

/** A failed request's own error repeats its address. */
const withoutSecrets = (cause: unknown): unknown => {
  if (!(cause instanceof Error)) return cause
  const message = hideSecrets(cause.message)
  return message === cause.message ? cause : new Error(message)
}

/** What a service says of too much text: too many texts in a request, or one that is longer than the model reads. */
export type TooMuch = "request" | "text"

interface ServiceErrorOptions {
  readonly isRetryable: boolean
  readonly problem?: EmbedderProblem | undefined
  readonly retryAfterMs?: number | undefined
  readonly tooMuch?: TooMuch | undefined
  readonly retriesMax?: number | undefined
  readonly cause?: unknown
}

/**
 * Why a provider failed, without the secrets of an address. Core takes over `isRetryable`, `problem` and
 * `retryAfterMs`.
 */
export class ServiceError extends Error {
  override readonly name = "ServiceError"
  readonly isRetryable: boolean
  readonly problem: EmbedderProblem | undefined
  readonly retryAfterMs: number | undefined
  readonly tooMuch: TooMuch | undefined
  /** More retries than this are in vain. */
  readonly retriesMax: number

  constructor(message: string, options: ServiceErrorOptions) {
    super(hideSecrets(message), { cause: withoutSecrets(options.cause) })
    this.isRetryable = options.isRetryable
    this.problem = options.problem
    this.retryAfterMs = options.retryAfterMs
    this.tooMuch = options.tooMuch
    this.retriesMax = options.retriesMax ?? Number.POSITIVE_INFINITY
  }
}

const PROBLEMS: { readonly [status: number]: EmbedderProblem } = {
  401: "unauthorized",
  403: "unauthorized",
  404: "notFound",
  429: "rateLimited"
}

/** A service's answer that is no success. */
export interface FailedReply {
  readonly status: number
  readonly body: string
  readonly retryAfter: string | null | undefined
}

/** The error of a failed answer. A quota that is used up does not come back by asking again. */
export const fromReply = (message: string, { body, retryAfter, status }: FailedReply): ServiceError => {
  const tooMuch = toTooMuch(status, body)
  const isHopeless = tooMuch !== undefined || body.includes("insufficient_quota") || /\bNaN\b/u.test(body)
  return new ServiceError(message, {
    isRetryable: !isHopeless && (status === 408 || status === 429 || status >= 500),
    problem:
      PROBLEMS[status] ?? (status === 502 || status === 503 || status === 504 ? "unreachable" : undefined),
    retryAfterMs: parseRetryAfter(retryAfter, Date.now()),
    // Often a text that the model cannot embed, which fails each time.
    retriesMax: status === 500 ? 1 : undefined,
    tooMuch
  })
}

/** A model's limit in tokens. */
const TEXT_TOO_LONG =
  /token|context (?:length|window|size)|too (?:long|large to process)|input (?:is too|length)|sequence length|maximum length/iu

/** A limit of the whole request, which may be one in tokens too. */
const REQUEST_TOO_LARGE = /per request|batch/iu

/** What a refusal is about: the text's length if it says so, otherwise perhaps the number of texts. */
const toTooMuch = (status: number, body: string): TooMuch | undefined => {
  if (status === 400 || status === 413 || status === 422) {
    return TEXT_TOO_LONG.test(body) && !REQUEST_TOO_LARGE.test(body) ? "text" : "request"
  }
  return status === 500 && /too large to process|input is too/iu.test(body) ? "text" : undefined
}
