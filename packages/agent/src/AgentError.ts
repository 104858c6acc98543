import { InvalidInput } from "@keepsake/core"
import { reason } from "@keepsake/core/driver"
import * as Data from "effect/Data"

/** No API key is set. */
export class MissingApiKey extends reason("MissingApiKey") {
  readonly isRetryable = false
}

/** The API key is wrong, or lacks permission. */
export class Refused extends reason("Refused")<{
  readonly status: number
}> {
  readonly isRetryable = false
}

/** No model has that name. */
export class UnknownModel extends reason("UnknownModel") {
  readonly isRetryable = false
}

/** The API's rate limit is reached. */
export class RateLimited extends reason("RateLimited")<{
  /** How long the server asks to wait; absent when it does not say. */
  readonly retryAfterMs?: number
}> {
  readonly isRetryable = true
}

/** The API is overloaded or failing, before the reply or during it. */
export class Overloaded extends reason("Overloaded") {
  readonly isRetryable = true
}

/** The API cannot be reached. */
export class Unreachable extends reason("Unreachable") {
  readonly isRetryable = true
}

/** The API rejected the request. */
export class Rejected extends reason("Rejected")<{
  readonly status: number
}> {
  readonly isRetryable = false
}

/** The turn was aborted by its signal. */
export class Aborted extends reason("Aborted") {
  readonly isRetryable = false
}

/** The agent was closed; create another one. */
export class AgentClosed extends reason("AgentClosed") {
  readonly isRetryable = false
}

/** Any other failure; see `cause`. */
export class Unexpected extends reason("Unexpected") {
  readonly isRetryable = false
}

/** Every kind of failure, by `_tag`. */
export type AgentErrorReason =
  | InvalidInput
  | MissingApiKey
  | Refused
  | UnknownModel
  | RateLimited
  | Overloaded
  | Unreachable
  | Rejected
  | Aborted
  | AgentClosed
  | Unexpected

/**
 * The only error of an agent. `reason._tag` is its kind, the message says what to do next, and `isRetryable`
 * whether the same call may succeed later. The message of a turn that failed can be sent again.
 */
export class AgentError extends Data.TaggedError("AgentError")<{ readonly reason: AgentErrorReason }> {
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

/** An `InvalidInput` that names the field. */
export const invalidInput = (field: string, message: string): AgentError =>
  new AgentError({ reason: new InvalidInput({ field, message: `${field}: ${message}` }) })

export const agentClosed = (): AgentError =>
  new AgentError({
    reason: new AgentClosed({ message: "This agent is closed; create another one to go on." })
  })
