/** Bodies of the requests that change points. */
import { Schema } from "effect"
import { Filter } from "./filter.ts"
import { Payload, PointId, ShardKeySelector, Vector } from "./values.ts"

const { Array: List, optionalKey: optional, Struct, Union } = Schema

const Point = Struct({
  id: PointId,
  vector: Schema.Record(Schema.String, Vector),
  payload: optional(Schema.NullOr(Payload))
})
export type Point = typeof Point.Type

const sharded = { shard_key: optional(ShardKeySelector) }

const Upsert = Struct({
  ...sharded,
  points: List(Point),
  update_mode: optional(Schema.Literals(["upsert", "insert_only", "update_only"])),
  update_filter: optional(Filter)
})
export type Upsert = typeof Upsert.Type

const Selector = Union([
  Struct({ points: List(PointId), ...sharded }),
  Struct({ filter: Filter, ...sharded })
])
export type Selector = typeof Selector.Type

const SetPayload = Union([
  Struct({ payload: Payload, points: List(PointId), ...sharded }),
  Struct({ payload: Payload, filter: Filter, ...sharded })
])
export type SetPayload = typeof SetPayload.Type

const UpdateVectors = Struct({
  ...sharded,
  points: List(Struct({ id: PointId, vector: Schema.Record(Schema.String, Vector) })),
  update_filter: optional(Filter)
})
export type UpdateVectors = typeof UpdateVectors.Type

const Operation = Union([
  Struct({ update_vectors: UpdateVectors }),
  Struct({ upsert: Upsert }),
  Struct({ delete: Selector }),
  Struct({ set_payload: SetPayload }),
  Struct({ overwrite_payload: SetPayload })
])
export type Operation = typeof Operation.Type

export const UpdateBatch = Struct({ operations: List(Operation) })
