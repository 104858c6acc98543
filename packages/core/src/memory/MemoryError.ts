import * as Data from "effect/Data"
import type { Fingerprint } from "./Fingerprint.ts"
import { reason } from "./reason.ts"

/** The caller's input; `field` is the path of the offending part, such as `metadata.tags`. */
export class InvalidInput extends reason("InvalidInput")<{
  readonly field: string
}> {
  readonly isRetryable = false
}

/** No memory of this scope has the id. The error does not tell whether another scope has it. */
export class NotFound extends reason("NotFound") {
  readonly isRetryable = false
}

/** The same idempotency key with other content, or a change that contradicts what is stored. */
export class Conflict extends reason("Conflict") {
  readonly isRetryable = false
}

/** The store cannot be reached, or refuses calls for now. */
export class Unavailable extends reason("Unavailable")<{
  /** The wait that the server asked for, if it did. */
  readonly retryAfterMs?: number
}> {
  readonly isRetryable = true
}

/** More calls are under way than the memory takes at once; this one was not begun. */
export class Overloaded extends reason("Overloaded")<{
  /** When the calls that wait now will have been served, about. */
  readonly retryAfterMs: number
}> {
  readonly isRetryable = true
}

/** No answer came in time; the call may have had its effect. */
export class Timeout extends reason("Timeout") {
  readonly isRetryable = true
}

/** Wrong key, wrong password, or a role without the right. */
export class Unauthorized extends reason("Unauthorized") {
  readonly isRetryable = false
}

/** The store was filled with another embedder or tokeniser than the one it is opened with. */
export class FingerprintMismatch extends reason("FingerprintMismatch")<{
  /** Both sides, described. */
  readonly stored: string
  readonly given: string
  /** The stored fingerprint: an operator's tool opens the store with it if the embedder is gone. */
  readonly fingerprint?: Fingerprint
}> {
  readonly isRetryable = false
}

/** What may be wrong with an embedder or a reranker, as far as a program can act on it. */
export const EMBEDDER_PROBLEMS = [
  "apiKeyMissing",
  "unauthorized",
  "notFound",
  "rateLimited",
  "unreachable",
  "wrongDimensions"
] as const
/** What an embedding model or a reranker failed of, as far as it is known. */
export type EmbedderProblem = (typeof EMBEDDER_PROBLEMS)[number]

/** The embedding model failed, or returned something that is not a vector of its space. */
export class EmbedderFailed extends reason("EmbedderFailed")<{
  readonly isRetryable: boolean
  /** Absent if the provider does not say, or if none of them fits. */
  readonly problem?: EmbedderProblem
  /** The wait that the service asked for, if it did. */
  readonly retryAfterMs?: number
}> {}

/** The reranker failed, or returned something that is not a score for each text. Answers do without it. */
export class RerankerFailed extends reason("RerankerFailed")<{
  readonly isRetryable: boolean
  /** Absent if the provider does not say, or if none of them fits. */
  readonly problem?: EmbedderProblem
  /** The wait that the service asked for, if it did. */
  readonly retryAfterMs?: number
}> {}

/** Disk, quota or memory is full; nothing was written. */
export class StorageFull extends reason("StorageFull") {
  readonly isRetryable = false
}

/** The scope holds as much as its limits allow; nothing was written. */
export class LimitReached extends reason("LimitReached")<{
  /** How many memories and bytes the write is over; 0 where it is not. */
  readonly memories: number
  readonly bytes: number
}> {
  readonly isRetryable = false
}

/** The stored data cannot be decoded; the message names the place and the way out. */
export class Corrupt extends reason("Corrupt") {
  readonly isRetryable = false
}

/** The store, or this handle on it, was closed; open it again. */
export class Closed extends reason("Closed") {
  readonly isRetryable = false
}

/** This store, server version or configuration cannot do what was asked. */
export class Unsupported extends reason("Unsupported") {
  readonly isRetryable = false
}

/** How the hook `beforeWrite` came to keep nothing: it refused, threw, took too long, or gave a wrong answer. */
export type WriteRefusal = "refused" | "failed" | "timeout" | "badAnswer"

/** The application's hook `beforeWrite` did not let the write through; nothing was stored. */
export class WriteRefused extends reason("WriteRefused")<{
  readonly problem: WriteRefusal
  /** True when the hook took too long or threw, unless its error says otherwise. */
  readonly isRetryable: boolean
}> {}

/** Every kind of failure, told apart by `_tag`. */
export type MemoryErrorReason =
  | InvalidInput
  | NotFound
  | Conflict
  | Unavailable
  | Overloaded
  | Timeout
  | Unauthorized
  | FingerprintMismatch
  | EmbedderFailed
  | RerankerFailed
  | StorageFull
  | LimitReached
  | Corrupt
  | Closed
  | Unsupported
  | WriteRefused

/**
 * The one error of every operation. `reason` says what kind (`reason._tag`), the message says what to do
 * next, `isRetryable` whether the same call may succeed later; `cause` is the error beneath.
 * No message carries remembered text.
 */
export class MemoryError extends Data.TaggedError("MemoryError")<{ readonly reason: MemoryErrorReason }> {
  constructor(props: { readonly reason: MemoryErrorReason }) {
    super(props)
    // The reason is an error too: printed beside this one, it repeats the text and the stack.
    Object.defineProperty(this, "reason", { enumerable: false })
  }

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

/** Shorthand for the most common failure: bad input, named by field. */
export const invalidInput = (field: string, message: string): MemoryError =>
  new MemoryError({ reason: new InvalidInput({ field, message: `${field}: ${message}` }) })

/** Shorthand for a call that ended at its deadline. */
export const timedOut = (verb: string, timeoutMs: number): MemoryError =>
  new MemoryError({
    reason: new Timeout({
      message: `${verb} did not end within ${timeoutMs} ms. Try again, or give a longer deadlineMs.`
    })
  })
