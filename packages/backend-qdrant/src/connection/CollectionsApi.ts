import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import type { QdrantHttp } from "./QdrantHttp.ts"

/** Where a new key's shard is made, and whether it serves at once. */
type ShardKeyOptions = Omit<Schemas["CreateShardingKey"], "shard_key">

type Result<A> = Effect.Effect<A, MemoryError>

/** The requests about collections and aliases. */
export interface CollectionsApi {
  readonly exists: (name: string) => Result<boolean>
  readonly info: (name: string) => Result<Schemas["CollectionInfo"]>
  /** Null if there is none. */
  readonly find: (name: string) => Result<Schemas["CollectionInfo"] | null>
  readonly create: (name: string, config: Schemas["CreateCollection"]) => Result<boolean>
  readonly createIndex: (
    name: string,
    key: string,
    params: Schemas["PayloadSchemaParams"]
  ) => Result<Schemas["UpdateResult"]>
  /** Whether the server runs in cluster mode: outside it there are no shard keys. */
  readonly inCluster: Result<boolean>
  /** The ids of the nodes of a cluster. */
  readonly peers: Result<ReadonlyArray<number>>
  readonly shardKeys: (name: string) => Result<ReadonlyArray<string>>
  readonly createShardKey: (name: string, key: string, options?: ShardKeyOptions) => Result<boolean>
  /** Where the shards of a collection are, and in which state. */
  readonly shards: (name: string) => Result<Schemas["CollectionClusterInfo"]>
  /** Begins a copy that the server goes on with. Sent once: it must not begin again when it has ended. */
  readonly changeShards: (name: string, operation: Schemas["ClusterOperations"]) => Result<boolean>
  /** Only what the operator named goes: everything else deletes points. */
  readonly drop: (name: string) => Result<boolean>
  readonly setMetadata: (name: string, metadata: Record<string, unknown>) => Result<boolean>
  readonly aliases: Result<ReadonlyArray<Schemas["AliasDescription"]>>
  /** Applies all actions, or none. */
  readonly changeAliases: (actions: ReadonlyArray<Schemas["AliasOperations"]>) => Result<boolean>
}

const getInfo = ({ send }: QdrantHttp, name: string): Result<Schemas["CollectionInfo"]> =>
  send("collection info", (api, init) => api.getCollection({ collection_name: name }, init))

export const makeCollectionsApi = (http: QdrantHttp): CollectionsApi => ({
  exists: (name) =>
    http
      .send("collection exists", (api, init) => api.collectionExists({ collection_name: name }, init))
      .pipe(Effect.map(({ exists }) => exists)),

  info: (name) => getInfo(http, name),

  find: (name) =>
    getInfo(http, name).pipe(
      // The answer 404.
      Effect.catch((error) => (error.reason._tag === "Closed" ? Effect.succeed(null) : Effect.fail(error)))
    ),

  create: (name, config) =>
    http.send("create collection", (api, init) =>
      api.createCollection({ collection_name: name, ...config }, init)
    ),

  createIndex: (name, key, params) =>
    http.send("create payload index", (api, init) =>
      api.createFieldIndex({ collection_name: name, wait: true, field_name: key, field_schema: params }, init)
    ),

  inCluster: Effect.map(
    http.send("cluster status", (api, init) => api.clusterStatus({}, init)),
    ({ status }) => status === "enabled"
  ),

  peers: Effect.map(
    http.send("cluster status", (api, init) => api.clusterStatus({}, init)),
    (cluster) => (cluster.status === "enabled" ? Object.keys(cluster.peers).map(Number) : [])
  ),

  shardKeys: (name) =>
    Effect.map(
      http.send("list shard keys", (api, init) => api.listShardKeys({ collection_name: name }, init)),
      ({ shard_keys }) => (shard_keys ?? []).map(({ key }) => String(key))
    ),

  createShardKey: (name, key, options = {}) =>
    http.send(
      "create shard key",
      (api, init) => api.createShardKey({ collection_name: name, shard_key: key, ...options }, init),
      "bulk"
    ),

  shards: (name) =>
    http.send("list shards", (api, init) => api.collectionClusterInfo({ collection_name: name }, init)),

  changeShards: (name, operation) =>
    http.send(
      "change shards",
      (api, init) => api.updateCollectionCluster({ collection_name: name, ...operation }, init),
      "once"
    ),

  drop: (name) =>
    http.send(
      "drop collection",
      (api, init) => api.deleteCollection({ collection_name: name }, init),
      "bulk"
    ),

  setMetadata: (name, metadata) =>
    http.send("set collection metadata", (api, init) =>
      api.updateCollection({ collection_name: name, metadata }, init)
    ),

  aliases: Effect.map(
    http.send("list aliases", (api, init) => api.getCollectionsAliases({}, init)),
    ({ aliases }) => aliases
  ),

  changeAliases: (actions) =>
    http.send("change aliases", (api, init) => api.updateAliases({ actions: [...actions] }, init))
})
