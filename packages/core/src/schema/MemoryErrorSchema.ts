import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import {
  Closed,
  Conflict,
  Corrupt,
  EMBEDDER_PROBLEMS,
  EmbedderFailed,
  FingerprintMismatch,
  InvalidInput,
  LimitReached,
  MemoryError,
  type MemoryErrorReason,
  NotFound,
  Overloaded,
  RerankerFailed,
  StorageFull,
  Timeout,
  Unauthorized,
  Unavailable,
  Unsupported,
  WriteRefused
} from "../memory/MemoryError.ts"
import { FingerprintSchema } from "./FingerprintSchema.ts"

const retryAfterMs = Schema.optionalKey(Schema.Finite)

const ofProvider = {
  isRetryable: Schema.Boolean,
  problem: Schema.optionalKey(Schema.Literals(EMBEDDER_PROBLEMS)),
  retryAfterMs
}

/** The JSON of an instance of `Class`, and back. */
const toCodec = <Fields, Instance extends Fields, Encoded>(
  Class: new (fields: Fields) => Instance,
  fields: Schema.Codec<Fields, Encoded>
): Schema.Codec<Instance, Encoded> =>
  fields.pipe(
    Schema.decodeTo(
      Schema.instanceOf(Class),
      SchemaTransformation.transform<Instance, Fields>({
        decode: (decoded) => new Class(decoded),
        encode: (instance) => instance
      })
    )
  )

const toReason = <Tag extends string, const Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.TaggedStruct(tag, {
    message: Schema.String,
    cause: Schema.optionalKey(Schema.Defect()),
    ...fields
  })

/** Any reason of a `MemoryError`, told by its `_tag`. */
export const MemoryErrorReasonSchema: Schema.Codec<MemoryErrorReason, unknown> = Schema.Union([
  toCodec(InvalidInput, toReason("InvalidInput", { field: Schema.String })),
  toCodec(NotFound, toReason("NotFound", {})),
  toCodec(Conflict, toReason("Conflict", {})),
  toCodec(Unavailable, toReason("Unavailable", { retryAfterMs })),
  toCodec(Overloaded, toReason("Overloaded", { retryAfterMs: Schema.Finite })),
  toCodec(Timeout, toReason("Timeout", {})),
  toCodec(Unauthorized, toReason("Unauthorized", {})),
  toCodec(
    FingerprintMismatch,
    toReason("FingerprintMismatch", {
      stored: Schema.String,
      given: Schema.String,
      fingerprint: Schema.optionalKey(FingerprintSchema)
    })
  ),
  toCodec(EmbedderFailed, toReason("EmbedderFailed", ofProvider)),
  toCodec(RerankerFailed, toReason("RerankerFailed", ofProvider)),
  toCodec(StorageFull, toReason("StorageFull", {})),
  toCodec(LimitReached, toReason("LimitReached", { memories: Schema.Finite, bytes: Schema.Finite })),
  toCodec(Corrupt, toReason("Corrupt", {})),
  toCodec(Closed, toReason("Closed", {})),
  toCodec(Unsupported, toReason("Unsupported", {})),
  toCodec(
    WriteRefused,
    toReason("WriteRefused", {
      problem: Schema.Literals(["refused", "failed", "timeout", "badAnswer"]),
      isRetryable: Schema.Boolean
    })
  )
])

/** A `MemoryError` as JSON, for a service that passes it on; a cause becomes its name, text and stack. */
export const MemoryErrorSchema: Schema.Codec<MemoryError, unknown> = toCodec(
  MemoryError,
  Schema.TaggedStruct("MemoryError", { reason: MemoryErrorReasonSchema })
)
