import { Schema } from "effect"
import { Collection } from "./Collection.ts"
import { notFound, Refusal, wrongInput } from "./problems.ts"
import { answerAll } from "./queries.ts"
import * as requests from "./requests.ts"

/** What the server holds; it outlives a restart, as a disk does. */
export interface Data {
  readonly collections: Map<string, Collection>
  readonly aliases: Map<string, string>
}

export const emptyData = (): Data => ({ collections: new Map(), aliases: new Map() })

export interface Call {
  readonly data: Data
  readonly version: string
  /** Segments of the path that stand for names. */
  readonly names: ReadonlyArray<string>
  readonly query: URLSearchParams
  readonly body: unknown
  /** Called before each operation of a batch but the first; may throw to break off there. */
  readonly betweenOperations: () => void
}

type Handler = (call: Call) => unknown

const read = <A>(schema: Schema.Codec<A>, body: unknown): A => {
  try {
    return Schema.decodeUnknownSync(schema)(body, { onExcessProperty: "error" })
  } catch (cause) {
    throw new Refusal(400, `Format error in JSON body: ${String(cause).slice(0, 2_000)}`)
  }
}

/** Query parameters beside the body, closed as the bodies are. */
const readQuery = (query: URLSearchParams, allowed: Readonly<Record<string, RegExp>>): void => {
  for (const [key, value] of query) {
    const form = allowed[key]
    if (form === undefined || !form.test(value)) {
      throw new Refusal(400, `Format error in query parameters: ${key}=${value}`)
    }
  }
}

const READ = { consistency: /^(\d+|majority|quorum|all)$/u, timeout: /^\d+$/u }
const WRITE = { wait: /^(true|false)$/u, ordering: /^(weak|medium|strong)$/u, timeout: /^\d+$/u }

const missing = (name: string): Error => notFound(`Collection \`${name}\` doesn't exist!`)

/** A collection by name or alias. */
const find = ({ data, names: [name = ""] }: Call): Collection => {
  const collection = data.collections.get(data.aliases.get(name) ?? name)
  if (collection === undefined) throw missing(name)
  return collection
}

/** Changes of a collection itself do not look through aliases. */
const findByName = ({ data, names: [name = ""] }: Call): Collection => {
  const collection = data.collections.get(name)
  if (collection === undefined) throw missing(name)
  return collection
}

const reading =
  <A>(schema: Schema.Codec<A>, run: (collection: Collection, request: A) => unknown): Handler =>
  (call) => {
    readQuery(call.query, READ)
    return run(find(call), read(schema, call.body))
  }

const info = (collection: Collection): unknown => {
  const { config, indexes, metadata, points } = collection
  const schema = Array.from(indexes, ([key, params]) => [
    key,
    { data_type: params.type, params, points: points.size }
  ])
  return {
    status: "green",
    optimizer_status: "ok",
    indexed_vectors_count: 0,
    points_count: points.size,
    segments_count: 1,
    config: {
      params: { vectors: config.vectors ?? {}, sparse_vectors: config.sparse_vectors ?? {} },
      hnsw_config: config.hnsw_config ?? {},
      optimizer_config: {},
      strict_mode_config: config.strict_mode_config ?? null,
      metadata
    },
    payload_schema: Object.fromEntries(schema)
  }
}

const create: Handler = ({ body, data, names: [name = ""] }) => {
  const config = read(requests.CreateCollection, body)
  if (data.collections.has(name)) {
    throw new Refusal(409, `Wrong input: Collection \`${name}\` already exists!`)
  }
  if (data.aliases.has(name))
    throw wrongInput(`Can't create collection with name ${name}. Alias with the same name already exists`)
  data.collections.set(name, new Collection(config))
  return true
}

const createIndex: Handler = (call) => {
  readQuery(call.query, WRITE)
  const collection = findByName(call)
  const { field_name, field_schema } = read(requests.CreateIndex, call.body)
  const params = typeof field_schema === "string" ? { type: field_schema } : field_schema
  collection.indexes.set(field_name, params as requests.IndexParams)
  return { operation_id: 0, status: "completed" }
}

const changeAliases: Handler = ({ body, data }) => {
  const changed = new Map(data.aliases)
  for (const action of read(requests.AliasActions, body).actions) {
    if ("delete_alias" in action) {
      changed.delete(action.delete_alias.alias_name)
      continue
    }
    const { alias_name, collection_name } = action.create_alias
    if (!data.collections.has(collection_name)) throw missing(collection_name)
    if (data.collections.has(alias_name)) throw wrongInput(`Collection \`${alias_name}\` already exists!`)
    changed.set(alias_name, collection_name)
  }
  data.aliases.clear()
  for (const [alias, name] of changed) data.aliases.set(alias, name)
  return true
}

const batch: Handler = (call) => {
  readQuery(call.query, WRITE)
  const collection = find(call)
  const { operations } = read(requests.Batch, call.body)
  return operations.map((operation, i) => {
    if (i > 0) call.betweenOperations()
    collection.apply(operation)
    return { operation_id: i, status: call.query.get("wait") === "true" ? "completed" : "acknowledged" }
  })
}

/** Method and path, a `*` standing for a name; the first that fits answers. */
export const ROUTES: ReadonlyArray<readonly [method: string, path: string, handler: Handler]> = [
  [
    "GET",
    "/aliases",
    ({ data }) => ({
      aliases: Array.from(data.aliases, ([alias_name, collection_name]) => ({ alias_name, collection_name }))
    })
  ],
  ["POST", "/collections/aliases", changeAliases],
  [
    "GET",
    "/collections/*/exists",
    ({ data, names: [name = ""] }) => ({
      exists: data.collections.has(data.aliases.get(name) ?? name)
    })
  ],
  ["GET", "/collections/*", (call) => info(find(call))],
  ["PUT", "/collections/*", create],
  [
    "PATCH",
    "/collections/*",
    (call) => {
      const { metadata = {} } = read(requests.UpdateCollection, call.body)
      const collection = findByName(call)
      collection.metadata = { ...collection.metadata, ...metadata }
      return true
    }
  ],
  [
    "DELETE",
    "/collections/*",
    ({ data, names: [name = ""] }) => {
      for (const [alias, target] of data.aliases) if (target === name) data.aliases.delete(alias)
      return data.collections.delete(name)
    }
  ],
  ["PUT", "/collections/*/index", createIndex],
  [
    "DELETE",
    "/collections/*/index/*",
    (call) => {
      findByName(call).indexes.delete(call.names[1] ?? "")
      return { operation_id: 0, status: "completed" }
    }
  ],
  [
    "POST",
    "/collections/*/points/scroll",
    reading(requests.Scroll, (collection, request) => collection.scroll(request))
  ],
  [
    "POST",
    "/collections/*/points/count",
    reading(requests.Count, (collection, { filter }) => ({
      count: collection.select(filter).length
    }))
  ],
  [
    "POST",
    "/collections/*/points/query/batch",
    reading(requests.QueryBatch, (collection, { searches }) => answerAll(collection, searches))
  ],
  [
    "POST",
    "/collections/*/facet",
    reading(requests.Facet, (collection, { filter, key, limit = 10 }) => ({
      hits: collection.facet(key, filter, limit)
    }))
  ],
  ["POST", "/collections/*/points/batch", batch]
]
