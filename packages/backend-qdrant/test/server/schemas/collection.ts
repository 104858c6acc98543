/** Bodies of the requests about collections, indexes and aliases. */
import { Schema } from "effect"
import { Filter } from "./filter.ts"
import { Payload, PositiveInt, UnsignedInt } from "./values.ts"

const {
  Array: List,
  Boolean: Bool,
  Finite,
  Int,
  optionalKey: optional,
  Record,
  String: Text,
  Struct,
  Union
} = Schema

const MemoryPlacement = Schema.Literals(["cold", "cached", "pinned"])
const indexParams = {
  on_disk: optional(Bool),
  memory: optional(MemoryPlacement),
  enable_hnsw: optional(Bool)
}

const IndexParams = Union([
  Struct({
    type: Schema.Literal("keyword"),
    is_tenant: optional(Bool),
    prefix: optional(Bool),
    ...indexParams
  }),
  Struct({
    type: Schema.Literal("integer"),
    lookup: optional(Bool),
    range: optional(Bool),
    is_principal: optional(Bool),
    ...indexParams
  }),
  Struct({ type: Schema.Literal("bool"), ...indexParams })
])
export type IndexParams = typeof IndexParams.Type

const IndexType = Schema.Literals(["keyword", "integer", "bool", "float", "text", "datetime", "uuid", "geo"])
export const CreateIndex = Struct({ field_name: Text, field_schema: Union([IndexParams, IndexType]) })

const HnswConfig = Struct({
  m: optional(UnsignedInt),
  ef_construct: optional(Int.check(Schema.isGreaterThanOrEqualTo(4))),
  full_scan_threshold: optional(UnsignedInt),
  max_indexing_threads: optional(UnsignedInt),
  on_disk: optional(Bool),
  payload_m: optional(UnsignedInt),
  inline_storage: optional(Bool),
  memory: optional(MemoryPlacement)
})

const StrictModeConfig = Struct({
  enabled: optional(Bool),
  unindexed_filtering_retrieve: optional(Bool),
  unindexed_filtering_update: optional(Bool),
  max_query_limit: optional(PositiveInt),
  max_timeout: optional(PositiveInt),
  search_max_hnsw_ef: optional(UnsignedInt),
  search_allow_exact: optional(Bool),
  search_max_oversampling: optional(Finite),
  search_max_batchsize: optional(UnsignedInt),
  upsert_max_batchsize: optional(UnsignedInt),
  max_collection_vector_size_bytes: optional(UnsignedInt),
  max_collection_payload_size_bytes: optional(UnsignedInt),
  read_rate_limit: optional(PositiveInt),
  write_rate_limit: optional(PositiveInt),
  max_points_count: optional(PositiveInt),
  filter_max_conditions: optional(UnsignedInt),
  condition_max_size: optional(UnsignedInt),
  max_payload_index_count: optional(UnsignedInt)
})

const VectorParams = Struct({
  size: PositiveInt.check(Schema.isLessThanOrEqualTo(65_536)),
  distance: Schema.Literals(["Cosine", "Euclid", "Dot", "Manhattan"]),
  on_disk: optional(Bool),
  // The original vectors of a collection cannot be pinned, nor can payloads.
  memory: optional(Schema.Literals(["cold", "cached"])),
  datatype: optional(Schema.Literals(["float32", "float16", "uint8", "turbo4"]))
})

const SparseVectorParams = Struct({
  modifier: optional(Schema.Literals(["none", "idf"])),
  index: optional(
    Struct({
      on_disk: optional(Bool),
      memory: optional(MemoryPlacement),
      full_scan_threshold: optional(UnsignedInt)
    })
  )
})

/** Settings that the store passes through: their keys are the operator's. */
const PassedThrough = Record(Text, Schema.Unknown)

export const CreateCollection = Struct({
  vectors: optional(Record(Text, VectorParams)),
  sparse_vectors: optional(Record(Text, SparseVectorParams)),
  hnsw_config: optional(HnswConfig),
  strict_mode_config: optional(StrictModeConfig),
  optimizers_config: optional(PassedThrough),
  wal_config: optional(PassedThrough),
  quantization_config: optional(PassedThrough),
  metadata: optional(Payload),
  shard_number: optional(PositiveInt),
  sharding_method: optional(Schema.Literals(["auto", "custom"])),
  replication_factor: optional(PositiveInt),
  write_consistency_factor: optional(PositiveInt),
  on_disk_payload: optional(Bool),
  payload: optional(Struct({ memory: optional(Schema.Literals(["cold", "cached"])) }))
})
export type CreateCollection = typeof CreateCollection.Type

export const CreateShardKey = Struct({
  shard_key: Text,
  shards_number: optional(PositiveInt),
  replication_factor: optional(PositiveInt),
  placement: optional(List(PositiveInt)),
  initial_state: optional(Schema.Literals(["Active", "Partial"]))
})

/** What is done with the shards of a collection. */
export const ChangeShards = Union([
  Struct({
    replicate_points: Struct({ filter: optional(Filter), from_shard_key: Text, to_shard_key: Text })
  }),
  Struct({
    replicate_shard: Struct({ shard_id: UnsignedInt, from_peer_id: PositiveInt, to_peer_id: PositiveInt })
  })
])

export const UpdateCollection = Struct({
  metadata: optional(Payload),
  strict_mode_config: optional(StrictModeConfig)
})

export const ChangeAliases = Struct({
  actions: List(
    Union([
      Struct({ create_alias: Struct({ collection_name: Text, alias_name: Text }) }),
      Struct({ delete_alias: Struct({ alias_name: Text }) })
    ])
  )
})
