/** Requests about collections, indexes and aliases. */
import { Collection } from "./points/Collection.ts"
import { checkQuery, readBody, WRITE_PARAMETERS } from "./readRequest.ts"
import { noCollection, Refusal, wrongInput } from "./refusals.ts"
import type { Call } from "./Call.ts"
import {
  ChangeAliases,
  CreateCollection,
  CreateIndex,
  type IndexParams,
  UpdateCollection
} from "./schemas/collection.ts"
import { findByName, findCollection } from "./ServerData.ts"

export const listAliases = ({ data }: Call) => ({
  aliases: Array.from(data.aliases, ([alias_name, collection_name]) => ({ alias_name, collection_name }))
})

export const listCollections = ({ data }: Call) => ({
  collections: Array.from(data.collections.keys(), (name) => ({ name }))
})

export const collectionExists = ({ data, names: [name = ""] }: Call) => ({
  exists: data.collections.has(data.aliases.get(name) ?? name)
})

export const collectionInfo = ({ data, names: [name = ""] }: Call) => {
  const { config, indexes, metadata, points, shards } = findCollection(data, name)
  const payloadSchema = Array.from(indexes, ([key, params]) => [
    key,
    { data_type: params.type, params, points: points.size }
  ])
  return {
    status: "green",
    optimizer_status: "ok",
    indexed_vectors_count: 0,
    points_count: points.size,
    segments_count: Math.max(1, shards.length),
    config: {
      params: {
        vectors: config.vectors ?? {},
        sparse_vectors: config.sparse_vectors ?? {},
        shard_number: config.shard_number ?? 1,
        ...(config.sharding_method === undefined ? {} : { sharding_method: config.sharding_method }),
        replication_factor: config.replication_factor ?? 1
      },
      hnsw_config: config.hnsw_config ?? {},
      optimizer_config: {},
      strict_mode_config: config.strict_mode_config ?? null,
      metadata
    },
    payload_schema: Object.fromEntries(payloadSchema)
  }
}

export const createCollection = ({ body, data, names: [name = ""] }: Call): boolean => {
  const config = readBody(CreateCollection, body)
  if (data.collections.has(name)) {
    throw new Refusal(409, `Wrong input: Collection \`${name}\` already exists!`)
  }
  if (data.aliases.has(name)) {
    throw wrongInput(`Can't create collection with name ${name}. Alias with the same name already exists`)
  }
  // In cluster mode the server makes a shard for each node.
  const shards = data.cluster === null || config.sharding_method === "custom" ? 1 : data.cluster.size
  data.collections.set(name, new Collection({ shard_number: shards, ...config }))
  return true
}

export const updateCollection = ({ body, data, names: [name = ""] }: Call): boolean => {
  const { metadata = {} } = readBody(UpdateCollection, body)
  const collection = findByName(data, name)
  collection.metadata = { ...collection.metadata, ...metadata }
  return true
}

export const deleteCollection = ({ data, names: [name = ""] }: Call): boolean => {
  for (const [alias, target] of data.aliases) if (target === name) data.aliases.delete(alias)
  return data.collections.delete(name)
}

export const createIndex = ({ body, data, names: [name = ""], query }: Call) => {
  checkQuery(query, WRITE_PARAMETERS)
  const collection = findByName(data, name)
  const { field_name, field_schema } = readBody(CreateIndex, body)
  const params = typeof field_schema === "string" ? { type: field_schema } : field_schema
  collection.indexes.set(field_name, params as IndexParams)
  return { operation_id: 0, status: "completed" }
}

export const deleteIndex = ({ data, names: [name = "", key = ""] }: Call) => {
  findByName(data, name).indexes.delete(key)
  return { operation_id: 0, status: "completed" }
}

/** Applies all actions, or none. */
export const changeAliases = ({ body, data }: Call): boolean => {
  const aliases = new Map(data.aliases)
  for (const action of readBody(ChangeAliases, body).actions) {
    if ("delete_alias" in action) {
      aliases.delete(action.delete_alias.alias_name)
      continue
    }
    const { alias_name, collection_name } = action.create_alias
    if (!data.collections.has(collection_name)) throw noCollection(collection_name)
    if (data.collections.has(alias_name)) throw wrongInput(`Collection \`${alias_name}\` already exists!`)
    aliases.set(alias_name, collection_name)
  }
  data.aliases.clear()
  for (const [alias, name] of aliases) data.aliases.set(alias, name)
  return true
}
