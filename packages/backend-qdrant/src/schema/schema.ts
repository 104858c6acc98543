import type { Fingerprint } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { DENSE, TERMS } from "../codec/vectors.ts"
import type { CollectionSettings } from "../options.ts"

/** Version of the points' layout, stored in the collection's metadata. */
export const LAYOUT = 1

export const DISTANCE = "Cosine"

const keyword = { type: "keyword", enable_hnsw: false } as const
/** For ranges and orders only: the lookup half of the index would take memory for nothing. */
const integer = { type: "integer", lookup: false, range: true, enable_hnsw: false } as const
const bool = { type: "bool", enable_hnsw: false } as const

/**
 * All keys of filters and orders. Only the tenant key has links in the vector index: every search names it,
 * and other conditions filter inside it.
 */
export const INDEXES: Readonly<Record<string, Schemas["PayloadSchemaParams"]>> = {
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
  meta: keyword,
  "validity[].from": integer,
  "validity[].to": integer,
  staged: keyword
}

const vectorsConfig = (
  { embedding }: Fingerprint,
  { vectorsOnDisk }: CollectionSettings
): Schemas["VectorsConfig"] =>
  embedding === null
    ? {}
    : {
        [DENSE]: {
          size: embedding.dimensions,
          distance: DISTANCE,
          ...(vectorsOnDisk === undefined ? {} : { on_disk: vectorsOnDisk })
        }
      }

/** The request body of a new collection. */
export const collectionConfig = (
  fingerprint: Fingerprint,
  settings: CollectionSettings,
  metadata: Record<string, unknown>
): Schemas["CreateCollection"] => {
  const index = settings.termsOnDisk === undefined ? {} : { index: { on_disk: settings.termsOnDisk } }
  return {
    vectors: vectorsConfig(fingerprint, settings),
    sparse_vectors: { [TERMS]: { modifier: "idf", ...index } },
    // One graph inside each tenant and none over all: Qdrant's advice for many tenants in one collection.
    hnsw_config: { m: 0, payload_m: 16, ...settings.hnsw },
    strict_mode_config: {
      ...settings.strictMode,
      enabled: true,
      unindexed_filtering_retrieve: false,
      unindexed_filtering_update: false
    },
    metadata,
    // A cluster defaults to a shard per node, but Qdrant computes IDF per shard: several change the scores.
    shard_number: settings.shardNumber ?? 1,
    ...(settings.replicationFactor === undefined ? {} : { replication_factor: settings.replicationFactor }),
    ...(settings.writeConsistencyFactor === undefined
      ? {}
      : { write_consistency_factor: settings.writeConsistencyFactor }),
    ...(settings.optimizers === undefined ? {} : { optimizers_config: settings.optimizers }),
    ...(settings.wal === undefined ? {} : { wal_config: settings.wal }),
    ...(settings.quantization === undefined ? {} : { quantization_config: settings.quantization }),
    ...(settings.payloadOnDisk === undefined ? {} : { on_disk_payload: settings.payloadOnDisk })
  }
}
