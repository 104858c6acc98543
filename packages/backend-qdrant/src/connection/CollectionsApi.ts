import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import type { QdrantHttp } from "./QdrantHttp.ts"

type Result<A> = Effect.Effect<A, MemoryError>

/** The requests about collections and aliases. None deletes a collection. */
export interface CollectionsApi {
  readonly exists: (name: string) => Result<boolean>
  readonly info: (name: string) => Result<Schemas["CollectionInfo"]>
  readonly create: (name: string, config: Schemas["CreateCollection"]) => Result<boolean>
  readonly createIndex: (
    name: string,
    key: string,
    params: Schemas["PayloadSchemaParams"]
  ) => Result<Schemas["UpdateResult"]>
  readonly setMetadata: (name: string, metadata: Record<string, unknown>) => Result<boolean>
  /** Aliases that begin with `prefix`. */
  readonly aliases: (prefix: string) => Result<ReadonlyArray<Schemas["AliasDescription"]>>
  /** Applies all actions, or none. */
  readonly changeAliases: (actions: ReadonlyArray<Schemas["AliasOperations"]>) => Result<boolean>
}

export const makeCollectionsApi = ({ send }: QdrantHttp): CollectionsApi => ({
  exists: (name) =>
    send("collection exists", (api, init) => api.collectionExists({ collection_name: name }, init)).pipe(
      Effect.map(({ exists }) => exists)
    ),

  info: (name) => send("collection info", (api, init) => api.getCollection({ collection_name: name }, init)),

  create: (name, config) =>
    send("create collection", (api, init) =>
      api.createCollection({ collection_name: name, ...config }, init)
    ),

  createIndex: (name, key, params) =>
    send("create payload index", (api, init) =>
      api.createFieldIndex({ collection_name: name, wait: true, field_name: key, field_schema: params }, init)
    ),

  setMetadata: (name, metadata) =>
    send("set collection metadata", (api, init) =>
      api.updateCollection({ collection_name: name, metadata }, init)
    ),

  aliases: (prefix) =>
    send("list aliases", (api, init) => api.getCollectionsAliases({}, init)).pipe(
      Effect.map(({ aliases }) => aliases.filter(({ alias_name }) => alias_name.startsWith(prefix)))
    ),

  changeAliases: (actions) =>
    send("change aliases", (api, init) => api.updateAliases({ actions: [...actions] }, init))
})
