import type { Schema } from "effect"
import type { Call } from "./Call.ts"
import {
  changeAliases,
  collectionExists,
  collectionInfo,
  createCollection,
  createIndex,
  deleteCollection,
  deleteIndex,
  listAliases,
  listCollections,
  updateCollection
} from "./collections.ts"
import { changeShards, clusterStatus, createShardKey, listShardKeys, listShards } from "./cluster.ts"
import { answerQueries } from "./points/answerQueries.ts"
import { applyOperation, shardsOf } from "./points/applyOperation.ts"
import type { Collection } from "./points/Collection.ts"
import { countValues } from "./points/countValues.ts"
import { checkWrite, countAsked } from "./points/replicas.ts"
import { scroll } from "./points/scroll.ts"
import type { Shard } from "./points/Shard.ts"
import { checkQuery, READ_PARAMETERS, readBody, WRITE_PARAMETERS } from "./readRequest.ts"
import { Count, Facet, QueryBatch, Scroll } from "./schemas/query.ts"
import { UpdateBatch } from "./schemas/update.ts"
import type { ShardKeySelector } from "./schemas/values.ts"
import { findCollection } from "./ServerData.ts"

type Handler = (call: Call) => unknown

/** A read: the shards it asks, and how many replicas of each. */
interface Read {
  readonly collection: Collection
  readonly shards: ReadonlyArray<Shard>
  readonly replicas: number
}

/** A handler of requests that read points. */
const reads =
  <A extends { readonly shard_key?: ShardKeySelector }>(
    schema: Schema.Codec<A>,
    answer: (read: Read, request: A) => unknown
  ): Handler =>
  ({ body, data, names: [name = ""], query }) => {
    checkQuery(query, READ_PARAMETERS)
    const collection = findCollection(data, name)
    const request = readBody(schema, body)
    const shards = collection.select(request.shard_key, "read")
    const replicas = countAsked(data.cluster, collection, shards, query.get("consistency"))
    return answer({ collection, shards, replicas }, request)
  }

const queries: Handler = ({ body, data, names: [name = ""], query }) => {
  checkQuery(query, READ_PARAMETERS)
  const collection = findCollection(data, name)
  const { searches } = readBody(QueryBatch, body)
  return answerQueries(collection, searches, (shards) =>
    countAsked(data.cluster, collection, shards, query.get("consistency"))
  )
}

const updatePoints: Handler = ({ beforeNextOperation, body, data, names: [name = ""], query }) => {
  checkQuery(query, WRITE_PARAMETERS)
  const collection = findCollection(data, name)
  const status = query.get("wait") === "true" ? "completed" : "acknowledged"
  return readBody(UpdateBatch, body).operations.map((operation, i) => {
    if (i > 0) beforeNextOperation()
    checkWrite(data.cluster, collection, shardsOf(collection, operation))
    applyOperation(collection, operation)
    return { operation_id: i, status }
  })
}

/** Method and path, with `*` for a name. */
const ROUTES: ReadonlyArray<readonly [method: string, path: string, handler: Handler]> = [
  ["GET", "/aliases", listAliases],
  ["POST", "/collections/aliases", changeAliases],
  ["GET", "/collections", listCollections],
  ["GET", "/collections/*/exists", collectionExists],
  ["GET", "/collections/*", collectionInfo],
  ["PUT", "/collections/*", createCollection],
  ["PATCH", "/collections/*", updateCollection],
  ["DELETE", "/collections/*", deleteCollection],
  ["PUT", "/collections/*/index", createIndex],
  ["DELETE", "/collections/*/index/*", deleteIndex],
  ["GET", "/cluster", clusterStatus],
  ["GET", "/collections/*/shards", listShardKeys],
  ["PUT", "/collections/*/shards", createShardKey],
  ["GET", "/collections/*/cluster", listShards],
  ["POST", "/collections/*/cluster", changeShards],
  [
    "POST",
    "/collections/*/points/scroll",
    reads(Scroll, ({ collection, shards }, request) => scroll(collection, shards, request))
  ],
  [
    "POST",
    "/collections/*/points/count",
    reads(Count, ({ shards }, { filter }) => ({
      count: shards.reduce((sum, shard) => sum + shard.select(filter).length, 0)
    }))
  ],
  ["POST", "/collections/*/points/query/batch", queries],
  [
    "POST",
    "/collections/*/facet",
    reads(Facet, ({ collection, replicas, shards }, request) => ({
      hits: countValues(collection, shards, replicas, request)
    }))
  ],
  ["POST", "/collections/*/points/batch", updatePoints]
]

/** The first route that matches, with the names in the path. */
export const findRoute = (
  method: string,
  path: string
): { readonly handler: Handler; readonly names: ReadonlyArray<string> } | undefined => {
  const segments = path.split("/")
  for (const [routeMethod, routePath, handler] of ROUTES) {
    const pattern = routePath.split("/")
    if (routeMethod !== method || pattern.length !== segments.length) continue
    if (!pattern.every((part, i) => part === "*" || part === segments[i])) continue
    return { handler, names: segments.filter((_, i) => pattern[i] === "*").map(decodeURIComponent) }
  }
  return undefined
}
