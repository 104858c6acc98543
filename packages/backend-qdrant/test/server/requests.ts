/**
 * The bodies of the requests we make, as Qdrant's published OpenAPI description has them (the client's
 * generated types), closed: a key that is not listed is refused. Of a union, only the members we use are
 * here; anything else is a request the store should not have made.
 */
import { Schema } from "effect"

const {
  Array: List,
  Boolean: Bool,
  Finite,
  Int,
  NullOr,
  Record,
  String: Text,
  Struct,
  Union,
  Unknown
} = Schema
const opt = Schema.optionalKey

const Uint = Int.check(Schema.isGreaterThanOrEqualTo(0))
const Positive = Int.check(Schema.isGreaterThanOrEqualTo(1))
const Uuid = Text.check(Schema.isPattern(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu))

const PointId = Union([Uuid, Uint])

const Uint32 = Uint.check(Schema.isLessThanOrEqualTo(0xffff_ffff))

export const SparseVector = Struct({ indices: List(Uint32), values: List(Finite) }).check(
  Schema.makeFilter(({ indices, values }) => indices.length === values.length, {
    expected: "indices and values of one length"
  }),
  Schema.makeFilter(({ indices }) => new Set(indices).size === indices.length, {
    expected: "indices that are unique"
  })
)
export type SparseVector = typeof SparseVector.Type

const Range = Struct({ gt: opt(Finite), gte: opt(Finite), lt: opt(Finite), lte: opt(Finite) })

const Match = Union([
  Struct({ value: Union([Text, Int, Bool]) }),
  Struct({ any: Union([List(Text), List(Int)]) })
])

const FieldCondition = Union([Struct({ key: Text, match: Match }), Struct({ key: Text, range: Range })])
export type FieldCondition = typeof FieldCondition.Type

const HasId = Struct({ has_id: List(PointId) })
const HasVector = Struct({ has_vector: Text })

export interface Nested {
  readonly nested: { readonly key: string; readonly filter: Filter }
}
export type Condition = FieldCondition | typeof HasId.Type | typeof HasVector.Type | Nested | Filter
export interface Filter {
  readonly must?: ReadonlyArray<Condition>
  readonly must_not?: ReadonlyArray<Condition>
  readonly should?: ReadonlyArray<Condition>
}

const Condition: Schema.Codec<Condition> = Schema.suspend(() =>
  Union([FieldCondition, HasId, HasVector, Struct({ nested: Struct({ key: Text, filter: Filter }) }), Filter])
)
export const Filter: Schema.Codec<Filter> = Struct({
  must: opt(List(Condition)),
  must_not: opt(List(Condition)),
  should: opt(List(Condition))
})

const WithPayload = Union([Bool, List(Text)])
const WithVector = Union([Bool, List(Text)])

const OrderBy = Struct({
  key: Text,
  direction: opt(Schema.Literals(["asc", "desc"])),
  start_from: opt(Finite)
})

export const Scroll = Struct({
  filter: opt(Filter),
  limit: opt(Positive),
  offset: opt(PointId),
  with_payload: opt(WithPayload),
  with_vector: opt(WithVector),
  order_by: opt(OrderBy)
})
export type Scroll = typeof Scroll.Type

export const Count = Struct({ filter: opt(Filter), exact: opt(Bool) })

export const Facet = Struct({ key: Text, limit: opt(Positive), filter: opt(Filter), exact: opt(Bool) })

const Params = Struct({
  exact: opt(Bool),
  hnsw_ef: opt(Positive),
  quantization: opt(Struct({ ignore: opt(Bool), rescore: opt(Bool), oversampling: opt(Finite) })),
  idf: opt(Union([Schema.Literal("global"), Struct({ corpus: Filter })]))
})
export type Params = typeof Params.Type

const Vector = Union([List(Finite), SparseVector])

const searching = {
  query: opt(Vector),
  using: opt(Text),
  filter: opt(Filter),
  params: opt(Params),
  limit: opt(Positive),
  score_threshold: opt(Finite)
}
const Prefetch = Struct(searching)
export type Prefetch = typeof Prefetch.Type

export const Query = Struct({
  ...searching,
  prefetch: opt(Union([Prefetch, List(Prefetch)])),
  offset: opt(Uint),
  with_payload: opt(WithPayload),
  with_vector: opt(WithVector)
})
export type Query = typeof Query.Type

export const QueryBatch = Struct({ searches: List(Query) })

const Payload = Record(Text, Unknown)

const Point = Struct({ id: PointId, vector: Record(Text, Vector), payload: opt(NullOr(Payload)) })
export type PointStruct = typeof Point.Type

const Upsert = Struct({
  points: List(Point),
  update_mode: opt(Schema.Literals(["upsert", "insert_only", "update_only"])),
  update_filter: opt(Filter)
})

const Selector = Union([Struct({ points: List(PointId) }), Struct({ filter: Filter })])

const SetPayload = Union([
  Struct({ payload: Payload, points: List(PointId) }),
  Struct({ payload: Payload, filter: Filter })
])

export const Operation = Union([
  Struct({ upsert: Upsert }),
  Struct({ delete: Selector }),
  Struct({ set_payload: SetPayload }),
  Struct({ overwrite_payload: SetPayload })
])
export type Operation = typeof Operation.Type

export const Batch = Struct({ operations: List(Operation) })

const Memory = Schema.Literals(["cold", "cached", "pinned"])
const keywordIndex = { on_disk: opt(Bool), memory: opt(Memory), enable_hnsw: opt(Bool) }

export const IndexParams = Union([
  Struct({ type: Schema.Literal("keyword"), is_tenant: opt(Bool), prefix: opt(Bool), ...keywordIndex }),
  Struct({
    type: Schema.Literal("integer"),
    lookup: opt(Bool),
    range: opt(Bool),
    is_principal: opt(Bool),
    ...keywordIndex
  }),
  Struct({ type: Schema.Literal("bool"), ...keywordIndex })
])
export type IndexParams = typeof IndexParams.Type

const IndexType = Schema.Literals(["keyword", "integer", "bool", "float", "text", "datetime", "uuid", "geo"])
export const CreateIndex = Struct({ field_name: Text, field_schema: Union([IndexParams, IndexType]) })

const Hnsw = Struct({
  m: opt(Uint),
  ef_construct: opt(Int.check(Schema.isGreaterThanOrEqualTo(4))),
  full_scan_threshold: opt(Uint),
  max_indexing_threads: opt(Uint),
  on_disk: opt(Bool),
  payload_m: opt(Uint),
  inline_storage: opt(Bool),
  memory: opt(Memory)
})

const StrictMode = Struct({
  enabled: opt(Bool),
  unindexed_filtering_retrieve: opt(Bool),
  unindexed_filtering_update: opt(Bool),
  max_query_limit: opt(Positive),
  max_timeout: opt(Positive),
  search_max_hnsw_ef: opt(Uint),
  search_allow_exact: opt(Bool),
  search_max_oversampling: opt(Finite),
  search_max_batchsize: opt(Uint),
  upsert_max_batchsize: opt(Uint),
  max_collection_vector_size_bytes: opt(Uint),
  max_collection_payload_size_bytes: opt(Uint),
  read_rate_limit: opt(Positive),
  write_rate_limit: opt(Positive),
  max_points_count: opt(Positive),
  filter_max_conditions: opt(Uint),
  condition_max_size: opt(Uint),
  max_payload_index_count: opt(Uint)
})

const VectorParams = Struct({
  size: Positive.check(Schema.isLessThanOrEqualTo(65_536)),
  distance: Schema.Literals(["Cosine", "Euclid", "Dot", "Manhattan"]),
  on_disk: opt(Bool),
  datatype: opt(Schema.Literals(["float32", "float16", "uint8", "turbo4"]))
})

const SparseParams = Struct({
  modifier: opt(Schema.Literals(["none", "idf"])),
  index: opt(Struct({ on_disk: opt(Bool), full_scan_threshold: opt(Uint) }))
})

/** Of the passed-through settings only their being objects is checked: their keys are the operator's. */
const Passed = Record(Text, Unknown)

export const CreateCollection = Struct({
  vectors: opt(Record(Text, VectorParams)),
  sparse_vectors: opt(Record(Text, SparseParams)),
  hnsw_config: opt(Hnsw),
  strict_mode_config: opt(StrictMode),
  optimizers_config: opt(Passed),
  wal_config: opt(Passed),
  quantization_config: opt(Passed),
  metadata: opt(Payload),
  shard_number: opt(Positive),
  replication_factor: opt(Positive),
  write_consistency_factor: opt(Positive),
  on_disk_payload: opt(Bool)
})
export type CreateCollection = typeof CreateCollection.Type

export const UpdateCollection = Struct({ metadata: opt(Payload), strict_mode_config: opt(StrictMode) })

export const AliasActions = Struct({
  actions: List(
    Union([
      Struct({ create_alias: Struct({ collection_name: Text, alias_name: Text }) }),
      Struct({ delete_alias: Struct({ alias_name: Text }) })
    ])
  )
})
