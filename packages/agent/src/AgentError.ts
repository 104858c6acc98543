import {
  AnthropicError,
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError
} from "@anthropic-ai/sdk"
import { parseRetryAfter, reason } from "@keepsake/core/driver"
import { InvalidInput, MemoryError } from "@keepsake/core"
import { Schema } from "effect"

/** There is no key to call the model with. */
export class MissingApiKey extends reason<MissingApiKey>()("MissingApiKey", {}) {
  readonly isRetryable = false
}

/** The key is wrong, or lacks the right. */
export class Refused extends reason<Refused>()("Refused", { status: Schema.Finite }) {
  readonly isRetryable = false
}

/** The service knows no model of that name. */
export class UnknownModel extends reason<UnknownModel>()("UnknownModel", {}) {
  readonly isRetryable = false
}

/** The model's service asks to wait. */
export class RateLimited extends reason<RateLimited>()("RateLimited", {
  /** What the server asked for, where it did. */
  retryAfterMs: Schema.optionalKey(Schema.Finite)
}) {
  readonly isRetryable = true
}

/** The model's servers are busy or failing, before the reply or in the midst of it. */
export class Overloaded extends reason<Overloaded>()("Overloaded", {}) {
  readonly isRetryable = true
}

/** The model's service cannot be reached. */
export class Unreachable extends reason<Unreachable>()("Unreachable", {}) {
  readonly isRetryable = true
}

/** The API did not accept the request as it is. */
export class Rejected extends reason<Rejected>()("Rejected", {
  status: Schema.Finite
}) {
  readonly isRetryable = false
}

/** The turn was aborted by its signal. */
export class Aborted extends reason<Aborted>()("Aborted", {}) {
  readonly isRetryable = false
}

/** The agent was closed; make another. */
export class AgentClosed extends reason<AgentClosed>()("AgentClosed", {}) {
  readonly isRetryable = false
}

/** None of the above: the cause is kept. */
export class Unexpected extends reason<Unexpected>()("Unexpected", {}) {
  readonly isRetryable = false
}

const AgentErrorReason = Schema.Union([
  InvalidInput,
  MissingApiKey,
  Refused,
  UnknownModel,
  RateLimited,
  Overloaded,
  Unreachable,
  Rejected,
  Aborted,
  AgentClosed,
  Unexpected
])
/** Every kind of failure of a turn, told apart by `_tag`. */
export type AgentErrorReason = typeof AgentErrorReason.Type

/**
 * The one error of an agent: `reason._tag` says what kind, the message what to do next, `isRetryable`
 * whether the same call may succeed later. After any of them the session is as it was before the call.
 */
export class AgentError extends Schema.TaggedError<AgentError>()("AgentError", { reason: AgentErrorReason }) {
  override get message(): string {
    return this.reason.message
  }

  get isRetryable(): boolean {
    return this.reason.isRetryable
  }

  override get cause(): unknown {
    return this.reason.cause
  }
}

const failed = (reason: AgentErrorReason): AgentError => new AgentError({ reason })

/** The error of an option that cannot be, named by field. */
export const invalidOption = (field: string, message: string): AgentError =>
  failed(new InvalidInput({ field, message: `${field}: ${message}` }))

/** The error of a call on a closed agent. */
export const agentClosed = (): AgentError =>
  failed(new AgentClosed({ message: "This agent is closed; create another one to go on." }))

const retryAfter = (error: APIError): { readonly retryAfterMs?: number } => {
  const retryAfterMs = parseRetryAfter(error.headers?.get("retry-after"), Date.now())
  return retryAfterMs === undefined ? {} : { retryAfterMs }
}

const ofApi = (error: APIError, model: string): AgentErrorReason => {
  const cause = error
  const said = error.apiMessage ?? error.message
  if (error instanceof APIUserAbortError) return new Aborted({ message: "The turn was aborted.", cause })
  if (error instanceof APIConnectionTimeoutError)
    return new Unreachable({
      message: "The model did not answer in time; try again, or raise the client's timeout.",
      cause
    })
  if (error instanceof APIConnectionError) {
    return new Unreachable({
      message: `The model cannot be reached (${error.message}); check the network and the client's baseURL.`,
      cause
    })
  }
  const status = error.status ?? 0
  if (status === 401)
    return new Refused({ message: "The API refused the key (401); check ANTHROPIC_API_KEY.", status, cause })
  if (status === 403) return new Refused({ message: `The key may not do this (403): ${said}`, status, cause })
  if (status === 404)
    return new UnknownModel({
      message: `The API knows no model ${JSON.stringify(model)}; check its name and your access to it.`,
      cause
    })
  if (status === 429 || error.type === "rate_limit_error") {
    return new RateLimited({
      message: "The API's rate limit is reached (429); wait, then send the message again.",
      cause,
      ...retryAfter(error)
    })
  }
  if (status === 529 || error.type === "overloaded_error") {
    return new Overloaded({ message: "The model is overloaded; send the message again in a while.", cause })
  }
  if (status >= 500 || error.type === "api_error") {
    return new Overloaded({
      message: `The API failed (${status || "in mid-stream"}); send the message again.`,
      cause
    })
  }
  return new Rejected({ message: `The API rejected the request (${status}): ${said}`, status, cause })
}

/** What went wrong in a call to the model, as one of the reasons above. */
export const toAgentError = (error: unknown, model: string): AgentError => {
  if (error instanceof AgentError) return error
  if (error instanceof APIError) return failed(ofApi(error, model))
  if (error instanceof Error && error.message.startsWith("Could not resolve authentication method")) {
    return failed(
      new MissingApiKey({
        message: "There is no API key: set ANTHROPIC_API_KEY, or pass a client that has one.",
        cause: error
      })
    )
  }
  if (error instanceof MemoryError) return failed(new Unexpected({ message: error.message, cause: error }))
  // The SDK reports a connection that ends in mid-stream as a plain error of its own.
  if (error instanceof AnthropicError)
    return failed(new Unreachable({ message: `The reply broke off: ${error.message}`, cause: error }))
  return failed(
    new Unexpected({
      message: `The turn failed: ${error instanceof Error ? error.message : String(error)}`,
      cause: error
    })
  )
}
