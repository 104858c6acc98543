import * as Schema from "effect/Schema"

/**
 * Base class of one reason of an error: `_tag`, a message that says what to do next, the cause beneath it, and
 * fields of its own.
 *
 * ```ts
 * class NotFound extends reason<NotFound>()("NotFound", {}) {
 *   readonly isRetryable = false
 * }
 * ```
 */
export const reason =
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the inferred type holds all three
  <Self>() =>
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
    <Tag extends string, const Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
      Schema.TaggedError<Self>()(tag, {
        message: Schema.String,
        cause: Schema.optionalKey(Schema.Defect()),
        ...fields
      })
