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
  updateCollection
} from "./collections.ts"
import { answerQueries } from "./points/answerQueries.ts"
import { applyOperation } from "./points/applyOperation.ts"
import type { Collection } from "./points/Collection.ts"
import { countValues } from "./points/countValues.ts"
import { scroll } from "./points/scroll.ts"
import { checkQuery, READ_PARAMETERS, readBody, WRITE_PARAMETERS } from "./readRequest.ts"
import { Count, Facet, QueryBatch, Scroll } from "./schemas/query.ts"
import { UpdateBatch } from "./schemas/update.ts"
import { findCollection } from "./ServerData.ts"

type Handler = (call: Call) => unknown

/** A handler of requests that read points. */
const reads =
  <A>(schema: Schema.Codec<A>, answer: (collection: Collection, request: A) => unknown): Handler =>
  ({ body, data, names: [name = ""], query }) => {
    checkQuery(query, READ_PARAMETERS)
    return answer(findCollection(data, name), readBody(schema, body))
  }

const updatePoints: Handler = ({ beforeNextOperation, body, data, names: [name = ""], query }) => {
  checkQuery(query, WRITE_PARAMETERS)
  const collection = findCollection(data, name)
  const status = query.get("wait") === "true" ? "completed" : "acknowledged"
  return readBody(UpdateBatch, body).operations.map((operation, i) => {
    if (i > 0) beforeNextOperation()
    applyOperation(collection, operation)
    return { operation_id: i, status }
  })
}

/** Method and path, with `*` for a name. */
const ROUTES: ReadonlyArray<readonly [method: string, path: string, handler: Handler]> = [
  ["GET", "/aliases", listAliases],
  ["POST", "/collections/aliases", changeAliases],
  ["GET", "/collections/*/exists", collectionExists],
  ["GET", "/collections/*", collectionInfo],
  ["PUT", "/collections/*", createCollection],
  ["PATCH", "/collections/*", updateCollection],
  ["DELETE", "/collections/*", deleteCollection],
  ["PUT", "/collections/*/index", createIndex],
  ["DELETE", "/collections/*/index/*", deleteIndex],
  ["POST", "/collections/*/points/scroll", reads(Scroll, scroll)],
  [
    "POST",
    "/collections/*/points/count",
    reads(Count, (collection, { filter }) => ({ count: collection.select(filter).length }))
  ],
  [
    "POST",
    "/collections/*/points/query/batch",
    reads(QueryBatch, (collection, { searches }) => answerQueries(collection, searches))
  ],
  [
    "POST",
    "/collections/*/facet",
    reads(Facet, (collection, request) => ({ hits: countValues(collection, request) }))
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
