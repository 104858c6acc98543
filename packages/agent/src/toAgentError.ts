import {
  AnthropicError,
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError
} from "@anthropic-ai/sdk"
import { MemoryError } from "@keepsake/core"
import { parseRetryAfter } from "@keepsake/core/driver"
import {
  Aborted,
  AgentError,
  type AgentErrorReason,
  MissingApiKey,
  Overloaded,
  RateLimited,
  Refused,
  Rejected,
  Unexpected,
  UnknownModel,
  Unreachable
} from "./AgentError.ts"

/** The more exact header first, as the SDK does. */
const readRetryAfter = ({ headers }: APIError): { readonly retryAfterMs?: number } => {
  const exact = headers?.get("retry-after-ms")?.trim() ?? ""
  const retryAfterMs = /^\d+(?:\.\d+)?$/u.test(exact)
    ? Number(exact)
    : parseRetryAfter(headers?.get("retry-after"), Date.now())
  return retryAfterMs === undefined ? {} : { retryAfterMs }
}

/** The API answers 404 for a model that it does not have, and other servers for a path that they do not have. */
const classifyNotFound = (cause: APIError, model: string): AgentErrorReason => {
  const apiMessage = cause.apiMessage ?? ""
  if (cause.type === "not_found_error" && (apiMessage.startsWith("model") || apiMessage.includes(model))) {
    return new UnknownModel({
      message: `The API has no model ${JSON.stringify(model)}; check its name and your access to it.`,
      cause
    })
  }
  return new Rejected({
    message: `There is no Messages API at this address (404); check the client's baseURL: ${apiMessage || cause.message}`,
    status: 404,
    cause
  })
}

const classifyConnectionError = (cause: APIConnectionError): AgentErrorReason =>
  new Unreachable({
    message:
      cause instanceof APIConnectionTimeoutError
        ? "The model did not answer in time; try again, or raise the client's timeout."
        : `The model cannot be reached (${cause.message}); check the network and the client's baseURL.`,
    cause
  })

const classifyApiError = (cause: APIError, model: string): AgentErrorReason => {
  if (cause instanceof APIUserAbortError) return new Aborted({ message: "The turn was aborted.", cause })
  if (cause instanceof APIConnectionError) return classifyConnectionError(cause)
  const apiMessage = cause.apiMessage ?? cause.message
  const status = cause.status ?? 0
  if (status === 401)
    return new Refused({ message: "The API refused the key (401); check ANTHROPIC_API_KEY.", status, cause })
  if (status === 403)
    return new Refused({ message: `The key lacks permission (403): ${apiMessage}`, status, cause })
  if (status === 404) return classifyNotFound(cause, model)
  if (status === 429 || cause.type === "rate_limit_error") {
    return new RateLimited({
      message: "The API's rate limit is reached (429); wait, then send the message again.",
      cause,
      ...readRetryAfter(cause)
    })
  }
  if (status === 529 || cause.type === "overloaded_error") {
    return new Overloaded({ message: "The model is overloaded; send the message again later.", cause })
  }
  if (status >= 500 || cause.type === "api_error") {
    return new Overloaded({
      message: `The API failed (${status || "during the reply"}); send the message again.`,
      cause
    })
  }
  return new Rejected({ message: `The API rejected the request (${status}): ${apiMessage}`, status, cause })
}

/** What `fetch` throws when the connection ends within the body. */
const isBrokenBody = (cause: unknown): cause is Error =>
  cause instanceof TypeError && /terminated|network|fetch/iu.test(cause.message)

const classify = (cause: unknown, model: string): AgentErrorReason => {
  if (cause instanceof APIError) return classifyApiError(cause, model)
  if (cause instanceof Error && cause.message.startsWith("Could not resolve authentication method")) {
    return new MissingApiKey({
      message: "No API key is set: set ANTHROPIC_API_KEY, or pass a client that has a key.",
      cause
    })
  }
  if (cause instanceof MemoryError) return new Unexpected({ message: cause.message, cause })
  // The SDK throws a plain error of its own when the connection breaks during the reply; the body's JSON is then cut.
  if (cause instanceof AnthropicError || cause instanceof SyntaxError || isBrokenBody(cause))
    return new Unreachable({ message: `The reply broke off: ${cause.message}`, cause })
  const message = cause instanceof Error ? cause.message : String(cause)
  return new Unexpected({ message: `The turn failed: ${message}`, cause })
}

/** The error of a call to the model, by its reason. */
export const toAgentError = (error: unknown, model: string): AgentError =>
  error instanceof AgentError ? error : new AgentError({ reason: classify(error, model) })
