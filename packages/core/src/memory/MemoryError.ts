import { Schema } from "effect"
import { FingerprintSchema } from "./Fingerprint.ts"

const fields = { message: Schema.String, cause: Schema.optionalKey(Schema.Defect()) }

/** The caller's input; `field` is the path of the offending part, such as `metadata.tags`. */
export class InvalidInput extends Schema.TaggedError<InvalidInput>()("InvalidInput", {
  ...fields,
  field: Schema.String
}) {
  readonly isRetryable = false
}

/** The id names nothing in this scope (it may well exist in another: the two are not told apart). */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", fields) {
  readonly isRetryable = false
}

/** The same idempotency key with other content, or a change that contradicts what is stored. */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", fields) {
  readonly isRetryable = false
}

/** The store, or the way to it, is down or refuses for now. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  ...fields,
  /** What the server asked for, where it did. */
  retryAfterMs: Schema.optionalKey(Schema.Finite)
}) {
  readonly isRetryable = true
}

/** The store did not answer in time; the call may have had its effect. */
export class Timeout extends Schema.TaggedError<Timeout>()("Timeout", fields) {
  readonly isRetryable = true
}

/** Wrong key, wrong password, or a role without the right. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", fields) {
  readonly isRetryable = false
}

/** The store was filled with another embedder or tokeniser than the one it is opened with. */
export class FingerprintMismatch extends Schema.TaggedError<FingerprintMismatch>()("FingerprintMismatch", {
  ...fields,
  /** Both sides, described. */
  stored: Schema.String,
  given: Schema.String,
  /** What the store was filled with: an operator's tool opens it with this where the embedder is gone. */
  fingerprint: Schema.optionalKey(FingerprintSchema)
}) {
  readonly isRetryable = false
}

/** The embedding model failed, or gave something that is no vector of its space. */
export class EmbedderFailed extends Schema.TaggedError<EmbedderFailed>()("EmbedderFailed", {
  ...fields,
  isRetryable: Schema.Boolean
}) {}

/** Disk, quota or memory is full; nothing was written. */
export class StorageFull extends Schema.TaggedError<StorageFull>()("StorageFull", fields) {
  readonly isRetryable = false
}

/** The stored data cannot be read as what it should be; the message names the place and the way out. */
export class Corrupt extends Schema.TaggedError<Corrupt>()("Corrupt", fields) {
  readonly isRetryable = false
}

/** The store, or this handle on it, was closed; open it again. */
export class Closed extends Schema.TaggedError<Closed>()("Closed", fields) {
  readonly isRetryable = false
}

/** This store, server version or configuration cannot do what was asked. */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", fields) {
  readonly isRetryable = false
}

/** Every kind of failure, told apart by `_tag`. */
export const MemoryErrorReason = Schema.Union([
  InvalidInput,
  NotFound,
  Conflict,
  Unavailable,
  Timeout,
  Unauthorized,
  FingerprintMismatch,
  EmbedderFailed,
  StorageFull,
  Corrupt,
  Closed,
  Unsupported
])
export type MemoryErrorReason = typeof MemoryErrorReason.Type

/**
 * The one error of every operation. `reason` says what kind (`reason._tag`), the message says what to do
 * next, `isRetryable` whether the same call may succeed later, `cause` what lies beneath.
 * No message carries remembered text.
 */
export class MemoryError extends Schema.TaggedError<MemoryError>()("MemoryError", {
  reason: MemoryErrorReason
}) {
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

/** Shorthand for the commonest failure: bad input, named by field. */
export const invalidInput = (field: string, message: string): MemoryError =>
  new MemoryError({ reason: new InvalidInput({ field, message: `${field}: ${message}` }) })
