import type { Fingerprint } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import type { Layouts } from "../codec/condition.ts"
import { DENSE, TERMS } from "../codec/vectors.ts"
import type { CollectionSettings } from "../options.ts"

export const DISTANCE = "Cosine"

const keyword = { type: "keyword", enable_hnsw: false } as const
/** For ranges and orders only: the lookup half of the index would take memory for nothing. */
const integer = { type: "integer", lookup: false, range: true, enable_hnsw: false } as const
/** Its values are counted too. */
const sum = { type: "integer", lookup: true, range: true, enable_hnsw: false } as const
const bool = { type: "bool", enable_hnsw: false } as const

export type Indexes = Readonly<Record<string, Schemas["PayloadSchemaParams"]>>

/** Keys of both layouts. */
const SHARED_INDEXES: Indexes = {
  scope: { type: "keyword", is_tenant: true },
  scopeHash: integer,
  userId: keyword,
  type: keyword,
  source: keyword,
  speaker: keyword,
  sessionId: keyword,
  turn: integer,
  saidAt: integer,
  createdAt: integer,
  expiresAt: integer,
  pinned: bool,
  current: bool,
  "validity[].from": integer,
  "validity[].to": integer,
  staged: keyword
}

/** Keys of layout 1 alone. */
const FIRST_INDEXES: Indexes = { meta: keyword }

/** Keys of layout 2 alone. */
export const ADDED_INDEXES: Indexes = {
  updatedAt: integer,
  supersededBy: keyword,
  "importanceOrder.high": integer,
  "importanceOrder.low": integer,
  facts: keyword,
  "numbers[].path": keyword,
  "numbers[].high": integer,
  "numbers[].low": integer,
  layout: integer,
  memory: keyword,
  bytes: sum,
  owed: bool,
  gaps: bool
}

/**
 * All keys of filters and orders in a new collection. Only the tenant key has links in the vector index: every search
 * names it, and other conditions filter inside it.
 */
export const INDEXES: Indexes = { ...SHARED_INDEXES, ...ADDED_INDEXES }

/** The indexes that a collection must have, by the layouts of its points. */
export const REQUIRED_INDEXES: Readonly<Record<Layouts, Indexes>> = {
  first: { ...SHARED_INDEXES, ...FIRST_INDEXES },
  both: { ...INDEXES, ...FIRST_INDEXES },
  second: INDEXES
}

/** The keys of the collection of entries and counters. */
export const ENTRIES_INDEXES: Indexes = {
  scope: { type: "keyword", is_tenant: true },
  scopeHash: integer,
  userId: keyword,
  record: keyword,
  sessionId: keyword,
  sessionHash: integer,
  kind: keyword,
  number: integer,
  batch: keyword,
  bytes: sum,
  turn: integer
}

const placed = <Tier extends Schemas["Memory"]>(memory: Tier | undefined) =>
  memory === undefined ? {} : { memory }

/** The keys of the collection of access counts. */
export const ACCESS_INDEXES: Indexes = { scope: { type: "keyword", is_tenant: true }, userId: keyword }

const vectorsConfig = (
  { embedding }: Fingerprint,
  { memory }: CollectionSettings
): Schemas["VectorsConfig"] =>
  embedding === null
    ? {}
    : {
        [DENSE]: {
          size: embedding.dimensions,
          distance: DISTANCE,
          ...placed(memory?.vectors)
        }
      }

/** What collections with and without vectors have in common. */
const sharedConfig = (
  settings: CollectionSettings,
  metadata: Record<string, unknown>,
  isKeyed: boolean
): Schemas["CreateCollection"] => ({
  strict_mode_config: {
    ...settings.strictMode,
    enabled: true,
    unindexed_filtering_retrieve: false,
    unindexed_filtering_update: false
  },
  metadata,
  // A cluster defaults to a shard per node, over which the points of one scope would be spread.
  shard_number: 1,
  ...(isKeyed ? { sharding_method: "custom" as const } : {}),
  ...(settings.replicationFactor === undefined ? {} : { replication_factor: settings.replicationFactor }),
  ...(settings.writeConsistencyFactor === undefined
    ? {}
    : { write_consistency_factor: settings.writeConsistencyFactor }),
  ...(settings.optimizers === undefined ? {} : { optimizers_config: settings.optimizers }),
  ...(settings.wal === undefined ? {} : { wal_config: settings.wal }),
  ...(settings.memory?.payload === undefined ? {} : { payload: { memory: settings.memory.payload } })
})

/** The request body of a new collection of memories. */
export const collectionConfig = (
  fingerprint: Fingerprint,
  settings: CollectionSettings,
  metadata: Record<string, unknown>,
  isKeyed: boolean
): Schemas["CreateCollection"] => {
  const terms = settings.memory?.terms
  const index = terms === undefined ? {} : { index: { memory: terms } }
  return {
    vectors: vectorsConfig(fingerprint, settings),
    sparse_vectors: { [TERMS]: { modifier: "idf", ...index } },
    // One graph inside each tenant and none over all: Qdrant's advice for many tenants in one collection.
    hnsw_config: { m: 0, payload_m: 16, ...settings.hnsw },
    ...(settings.quantization === undefined ? {} : { quantization_config: settings.quantization }),
    ...sharedConfig(settings, metadata, isKeyed)
  }
}

/** The request body of a new collection without vectors. */
export const vectorlessConfig = (
  settings: CollectionSettings,
  metadata: Record<string, unknown>,
  isKeyed: boolean
): Schemas["CreateCollection"] => ({ vectors: {}, ...sharedConfig(settings, metadata, isKeyed) })
