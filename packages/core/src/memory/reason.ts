import type { YieldableError } from "effect/Cause"
import * as Data from "effect/Data"

/**
 * Base class of one reason of an error: `_tag`, a message that says what to do next, the cause beneath it, and
 * fields of its own.
 *
 * ```ts
 * class Rejected extends reason("Rejected")<{ readonly status: number }> {
 *   readonly isRetryable = false
 * }
 * ```
 */
export const reason = <const Tag extends string>(tag: Tag) =>
  Data.TaggedError(tag) as new <Fields extends object = object>(
    said: { readonly message: string; readonly cause?: unknown } & Readonly<Fields>
  ) => YieldableError & { readonly _tag: Tag } & Readonly<Fields>
