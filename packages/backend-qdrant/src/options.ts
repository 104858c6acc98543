import { invalidInput, type MemoryError, type StoreOptions } from "@keepsake/core/driver"
import type { QdrantClient, Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

/** Where a new collection's data is held; it is always on disk too. Absent: the server's own choice. */
export interface MemorySettings {
  /** `cached` (read into memory at start, evicted when it is short) or `cold` (read when asked). */
  readonly vectors?: "cached" | "cold" | undefined
  /** `pinned` is never evicted, and must fit. */
  readonly terms?: Schemas["Memory"] | undefined
  readonly payload?: "cached" | "cold" | undefined
}

/**
 * Settings of new collections; an existing collection keeps its own. Passed to Qdrant unchanged, except for
 * what the store needs itself (names, sizes and distance of the vectors, strict filtering).
 */
export interface CollectionSettings {
  /**
   * Shards of a new collection on a cluster, each with a shard key; a scope lies whole in one, by a hash of its name.
   * Default 64. Outside cluster mode a collection has one shard.
   */
  readonly shardKeys?: number | undefined
  /** 1, or refused: with automatic sharding a scope is spread over shards, each of which ranks by its own counts. */
  readonly shardNumber?: number | undefined
  readonly replicationFactor?: number | undefined
  readonly writeConsistencyFactor?: number | undefined
  readonly hnsw?: Schemas["HnswConfigDiff"] | undefined
  readonly optimizers?: Schemas["OptimizersConfigDiff"] | undefined
  readonly wal?: Schemas["WalConfigDiff"] | undefined
  /** For example `{ scalar: { type: "int8", memory: "pinned" } }`. By default vectors are not quantised. */
  readonly quantization?: Schemas["QuantizationConfig"] | undefined
  readonly memory?: MemorySettings | undefined
  /** Further limits, such as `read_rate_limit`; filtering by keys without an index stays forbidden. */
  readonly strictMode?: Schemas["StrictModeConfig"] | undefined
}

/** Settings of the connection, for a client of the store's or of yours. */
export interface WireOptions extends StoreOptions {
  /** Base name of the collections: up to 200 letters, digits, `.`, `_` and `-`. Default `keepsake`. */
  readonly collection?: string | undefined
  readonly layout?: CollectionSettings | undefined
  /** Longest wait for one call, with its retries and its time in the queue, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /** Longest wait for one attempt, in milliseconds. Default 10,000. Deletions by filter get ten times that. */
  readonly attemptTimeoutMs?: number | undefined
  /** Longest wait for a node while another one is left to ask, in milliseconds. Default 2,000. */
  readonly failoverMs?: number | undefined
  /** Attempts after the first, for failures that may pass (429, 5xx, a lost connection). Default 4. */
  readonly retries?: number | undefined
  /** Concurrent requests. Default 16. */
  readonly concurrency?: number | undefined
  /**
   * How many replicas are asked for rows by id: `get`, and what a write reads first. Default: the server's (one). Searches,
   * counts and lists always ask one, since the server intersects the answers of several. `majority` asks all replicas.
   */
  readonly readConsistency?: Schemas["ReadConsistency"] | undefined
  /** Order of concurrent writes across replicas. Default: the server's (`weak`). */
  readonly writeOrdering?: Schemas["WriteOrdering"] | undefined
}

export interface ServerOptions extends WireOptions {
  /**
   * `http://localhost:6333` or `https://…`, without path, user or query. Default port 6333, as in Qdrant's own clients.
   * Several nodes of one cluster are separated by commas: the first is asked, and the next one where it fails.
   */
  readonly url: string
  readonly apiKey?: Redacted.Redacted | undefined
  /** Path under which a proxy serves Qdrant, such as `/qdrant`. */
  readonly prefix?: string | undefined
}

export interface ClientOptions extends WireOptions {
  /** Your own client: the store leaves it open, and its timeout applies beside the store's. */
  readonly client: QdrantClient
}

/** How to reach Qdrant, and how to create collections. */
export type QdrantOptions = ServerOptions | ClientOptions

export interface Address {
  readonly url: string
  readonly port: number
  readonly prefix: string
}

export interface CheckedLayout extends CollectionSettings {
  readonly shardKeys: number
}

/** The connection's options, checked, with defaults. */
export interface QdrantSettings {
  readonly collection: string
  readonly layout: CheckedLayout
  readonly timeoutMs: number
  readonly attemptTimeoutMs: number
  readonly failoverMs: number
  readonly retries: number
  readonly concurrency: number
  readonly readConsistency: Schemas["ReadConsistency"] | undefined
  readonly writeOrdering: Schemas["WriteOrdering"] | undefined
}

const DEFAULT_PORT = 6333

const COLLECTION = /^[A-Za-z0-9._-]{1,200}$/u

const checkInteger = (
  field: string,
  value: number,
  min: number,
  max: number
): Effect.Effect<number, MemoryError> =>
  Number.isInteger(value) && value >= min && value <= max
    ? Effect.succeed(value)
    : Effect.fail(invalidInput(field, `must be a whole number from ${min} to ${max}, not ${value}.`))

const SHARD_KEYS = 64
const SHARD_KEYS_MAX = 4_096

const checkLayout = Effect.fnUntraced(function* (layout: CollectionSettings) {
  const { shardKeys = SHARD_KEYS, shardNumber = 1 } = layout
  if (shardNumber !== 1) {
    yield* invalidInput(
      "layout.shardNumber",
      `must be 1, not ${shardNumber}: automatic sharding spreads a scope over all shards, each ranks by its own counts of words, and scores change. On a cluster give shardKeys, which keep each scope in one shard.`
    )
  }
  yield* checkInteger("layout.shardKeys", shardKeys, 1, SHARD_KEYS_MAX)
  return { ...layout, shardKeys }
})

/** Checks everything that needs no server. */
export const checkOptions = Effect.fnUntraced(function* (options: WireOptions) {
  const collection = options.collection ?? "keepsake"
  if (!COLLECTION.test(collection)) {
    return yield* invalidInput("collection", "use up to 200 letters, digits, '.', '_' and '-'.")
  }
  const settings: QdrantSettings = {
    collection,
    layout: yield* checkLayout(options.layout ?? {}),
    timeoutMs: yield* checkInteger("timeoutMs", options.timeoutMs ?? 30_000, 1, 3_600_000),
    attemptTimeoutMs: yield* checkInteger(
      "attemptTimeoutMs",
      options.attemptTimeoutMs ?? 10_000,
      1,
      3_600_000
    ),
    failoverMs: yield* checkInteger("failoverMs", options.failoverMs ?? 2_000, 1, 3_600_000),
    retries: yield* checkInteger("retries", options.retries ?? 4, 0, 100),
    concurrency: yield* checkInteger("concurrency", options.concurrency ?? 16, 1, 1_000),
    readConsistency: options.readConsistency,
    writeOrdering: options.writeOrdering
  }
  return settings
})

/** Parsed here: the client ignores a path in the URL and, since the URL parser drops default ports, turns `:443` into 6333. */
const parseAddress = Effect.fnUntraced(function* (url: string, prefix: string) {
  const invalidUrl = (message: string) => invalidInput("url", message)
  if (!URL.canParse(url)) {
    return yield* invalidUrl(
      "is not a URL; write it like http://localhost:6333 or https://qdrant.example.com:6333."
    )
  }
  const parsed = new URL(url)
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
    return yield* invalidUrl(
      `must start with http:// or https:// (Qdrant's REST port, 6333), not ${parsed.protocol}//.`
    )
  }
  if (parsed.username !== "" || parsed.password !== "") {
    return yield* invalidUrl("must not contain a user or password; give the key as apiKey.")
  }
  if (parsed.pathname !== "/" || parsed.search !== "" || parsed.hash !== "") {
    return yield* invalidUrl(
      `must end after host and port; if a proxy serves Qdrant under a path, give that path as prefix (prefix: "${parsed.pathname}").`
    )
  }
  if (prefix !== "" && !/^\/[^?#\s]*[^/?#\s]$/u.test(prefix)) {
    return yield* invalidInput("prefix", 'must start with "/" and not end with one, such as "/qdrant".')
  }
  const explicitPort = /:(\d+)\/?$/u.exec(url)?.[1]
  const address: Address = {
    url: `${parsed.protocol}//${parsed.hostname}`,
    port: explicitPort === undefined ? DEFAULT_PORT : Number(explicitPort),
    prefix
  }
  return address
})

/** The nodes of `url`, in its order. */
export const parseAddresses = ({
  prefix = "",
  url
}: ServerOptions): Effect.Effect<ReadonlyArray<Address>, MemoryError> =>
  Effect.forEach(url.split(","), (node) => parseAddress(node.trim(), prefix))
