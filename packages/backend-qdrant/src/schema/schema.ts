import type { Fingerprint } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import type { CollectionSettings } from "../options.ts"
import { DENSE, TERMS } from "../codec/memoryRow.ts"

/** Changes whenever points are laid out otherwise; kept in the collection's metadata. */
export const LAYOUT = 1

const keyword = { type: "keyword", enable_hnsw: false } as const
/** Asked for by range only, which also serves ordering: the lookup half of the index would be dead weight. */
const integer = { type: "integer", lookup: false, range: true, enable_hnsw: false } as const
const bool = { type: "bool", enable_hnsw: false } as const

/**
 * Every key a filter or an order may name. The tenant key alone has links in the vector index: searches
 * always name it, the rest is filtered inside it.
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

/** What must hold of a collection of ours, whoever created it. */
const DISTANCE = "Cosine"

/** What the operator's settings and the fingerprint make of a new collection. */
export const collectionOf = (
  fingerprint: Fingerprint,
  settings: CollectionSettings,
  metadata: Record<string, unknown>
): Schemas["CreateCollection"] => {
  const { embedding } = fingerprint
  const vectors: Schemas["VectorsConfig"] =
    embedding === null
      ? {}
      : {
          [DENSE]: {
            size: embedding.dimensions,
            distance: DISTANCE,
            ...(settings.vectorsOnDisk === undefined ? {} : { on_disk: settings.vectorsOnDisk })
          }
        }
  const index = settings.termsOnDisk === undefined ? {} : { index: { on_disk: settings.termsOnDisk } }
  return {
    vectors,
    sparse_vectors: { [TERMS]: { modifier: "idf", ...index } },
    // No graph over all tenants, one inside each: Qdrant's own advice for many tenants in one collection.
    hnsw_config: { m: 0, payload_m: 16, ...settings.hnsw },
    strict_mode_config: {
      ...settings.strictMode,
      enabled: true,
      unindexed_filtering_retrieve: false,
      unindexed_filtering_update: false
    },
    metadata,
    // A cluster's own default is a shard a node, but IDF is computed by shard: on several, words weigh otherwise.
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

const vectorDifferences = (
  { params }: Schemas["CollectionConfig"],
  { embedding }: Fingerprint
): ReadonlyArray<string> => {
  const vectors = (params.vectors ?? {}) as Record<string, Schemas["VectorParams"] | undefined>
  const dense = vectors[DENSE]
  if (embedding === null) return []
  if (dense === undefined)
    return [`no vector named "${DENSE}" (${embedding.dimensions} dimensions, ${DISTANCE})`]
  const differences: Array<string> = []
  if (dense.size !== embedding.dimensions) {
    differences.push(`vector "${DENSE}" has ${dense.size} dimensions instead of ${embedding.dimensions}`)
  }
  if (dense.distance !== DISTANCE) {
    differences.push(`vector "${DENSE}" has distance ${dense.distance} instead of ${DISTANCE}`)
  }
  return differences
}

const indexDifferences = (schema: Schemas["CollectionInfo"]["payload_schema"]): ReadonlyArray<string> =>
  Object.entries(INDEXES).flatMap(([key, wanted]) => {
    const there = schema[key]
    if (there === undefined) return [`no payload index on "${key}" (${wanted.type})`]
    if (there.data_type !== wanted.type) {
      return [`payload index on "${key}" is ${there.data_type} instead of ${wanted.type}`]
    }
    const { params } = there
    const tenant =
      params !== null && params !== undefined && "is_tenant" in params && params.is_tenant === true
    return key === "scope" && !tenant ? [`payload index on "scope" is not a tenant index (is_tenant)`] : []
  })

/** In what a collection is not as the store needs it; one line a difference, none when it fits. */
export const differences = (
  info: Schemas["CollectionInfo"],
  fingerprint: Fingerprint
): ReadonlyArray<string> => {
  const { params, strict_mode_config: strict } = info.config
  const found = [...vectorDifferences(info.config, fingerprint)]
  const terms = params.sparse_vectors?.[TERMS]
  if (terms === undefined) found.push(`no sparse vector named "${TERMS}" (modifier idf)`)
  else if (terms.modifier !== "idf") found.push(`sparse vector "${TERMS}" has not the modifier idf`)
  if (strict?.enabled !== true || strict.unindexed_filtering_retrieve !== false) {
    found.push("strict mode does not forbid filtering by unindexed keys")
  }
  return [...found, ...indexDifferences(info.payload_schema)]
}
