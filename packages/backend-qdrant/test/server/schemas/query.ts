/** Bodies of the requests that read points. */
import { Schema } from "effect"
import { Filter } from "./filter.ts"
import {
  PointId,
  PositiveInt,
  ShardKeySelector,
  UnsignedInt,
  Vector,
  WithPayload,
  WithVector
} from "./values.ts"

const { Array: List, Boolean: Bool, Finite, optionalKey: optional, String: Text, Struct, Union } = Schema

const OrderBy = Struct({
  key: Text,
  direction: optional(Schema.Literals(["asc", "desc"])),
  start_from: optional(Finite)
})

const sharded = { shard_key: optional(ShardKeySelector) }

export const Scroll = Struct({
  filter: optional(Filter),
  limit: optional(PositiveInt),
  offset: optional(PointId),
  with_payload: optional(WithPayload),
  with_vector: optional(WithVector),
  order_by: optional(OrderBy),
  ...sharded
})
export type Scroll = typeof Scroll.Type

export const Count = Struct({ filter: optional(Filter), exact: optional(Bool), ...sharded })

export const Facet = Struct({
  key: Text,
  limit: optional(PositiveInt),
  filter: optional(Filter),
  exact: optional(Bool),
  ...sharded
})

const SearchParams = Struct({
  exact: optional(Bool),
  hnsw_ef: optional(PositiveInt),
  quantization: optional(
    Struct({ ignore: optional(Bool), rescore: optional(Bool), oversampling: optional(Finite) })
  ),
  idf: optional(Union([Schema.Literal("global"), Struct({ corpus: Filter })]))
})
export type SearchParams = typeof SearchParams.Type

const search = {
  query: optional(Union([Vector, Struct({ order_by: OrderBy })])),
  using: optional(Text),
  filter: optional(Filter),
  params: optional(SearchParams),
  limit: optional(PositiveInt),
  score_threshold: optional(Finite)
}
const Prefetch = Struct(search)
export type Prefetch = typeof Prefetch.Type

const Query = Struct({
  ...search,
  prefetch: optional(Union([Prefetch, List(Prefetch)])),
  offset: optional(UnsignedInt),
  with_payload: optional(WithPayload),
  with_vector: optional(WithVector),
  ...sharded
})
export type Query = typeof Query.Type

export const QueryBatch = Struct({ searches: List(Query) })
