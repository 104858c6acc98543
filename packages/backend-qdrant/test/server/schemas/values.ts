/** Values that several request bodies contain. */
import { Schema } from "effect"

export const UnsignedInt = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
export const PositiveInt = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

const UnsignedInt32 = UnsignedInt.check(Schema.isLessThanOrEqualTo(0xffff_ffff))

const Uuid = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu)
)

export const PointId = Schema.Union([Uuid, UnsignedInt])

export const SparseVector = Schema.Struct({
  indices: Schema.Array(UnsignedInt32),
  values: Schema.Array(Schema.Finite)
}).check(
  Schema.makeFilter(({ indices, values }) => indices.length === values.length, {
    expected: "indices and values of one length"
  }),
  Schema.makeFilter(({ indices }) => new Set(indices).size === indices.length, {
    expected: "indices that are unique"
  })
)
export type SparseVector = typeof SparseVector.Type

export const Vector = Schema.Union([Schema.Array(Schema.Finite), SparseVector])

export const Payload = Schema.Record(Schema.String, Schema.Unknown)

export const WithPayload = Schema.Union([
  Schema.Boolean,
  Schema.Array(Schema.String),
  Schema.Struct({ exclude: Schema.Array(Schema.String) })
])
export type WithPayload = typeof WithPayload.Type
export const WithVector = Schema.Union([Schema.Boolean, Schema.Array(Schema.String)])

/** The shards of a request in a collection whose points are placed by key. */
export const ShardKeySelector = Schema.Union([
  Schema.String,
  Schema.Array(Schema.String),
  Schema.Struct({ target: Schema.String, fallback: Schema.String })
])
export type ShardKeySelector = typeof ShardKeySelector.Type
