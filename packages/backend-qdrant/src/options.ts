import { invalidInput, type MemoryError, type StoreOptions } from "@keepsake/core/driver"
import type { QdrantClient, Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

/**
 * Settings of new collections; an existing collection keeps its own. Passed to Qdrant unchanged, except for
 * what the store needs itself (names, sizes and distance of the vectors, strict filtering).
 */
export interface CollectionSettings {
  /** Default 1, on a cluster too: Qdrant computes IDF per shard, so several shards change the scores of keyword search. */
  readonly shardNumber?: number | undefined
  readonly replicationFactor?: number | undefined
  readonly writeConsistencyFactor?: number | undefined
  readonly hnsw?: Schemas["HnswConfigDiff"] | undefined
  readonly optimizers?: Schemas["OptimizersConfigDiff"] | undefined
  readonly wal?: Schemas["WalConfigDiff"] | undefined
  /** For example `{ scalar: { type: "int8", always_ram: true } }`. By default vectors are not quantised. */
  readonly quantization?: Schemas["QuantizationConfig"] | undefined
  readonly vectorsOnDisk?: boolean | undefined
  readonly termsOnDisk?: boolean | undefined
  readonly payloadOnDisk?: boolean | undefined
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
  /** Attempts after the first, for failures that may pass (429, 5xx, a lost connection). Default 4. */
  readonly retries?: number | undefined
  /** Concurrent requests. Default 16. */
  readonly concurrency?: number | undefined
  /** How many replicas a read asks. Default: the server's (one). */
  readonly readConsistency?: Schemas["ReadConsistency"] | undefined
  /** Order of concurrent writes across replicas. Default: the server's (`weak`). */
  readonly writeOrdering?: Schemas["WriteOrdering"] | undefined
}

export interface ServerOptions extends WireOptions {
  /** `http://localhost:6333` or `https://…`, without path, user or query. Default port 6333, as in Qdrant's own clients. */
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

/** The connection's options, checked, with defaults. */
export interface QdrantSettings {
  readonly collection: string
  readonly layout: CollectionSettings
  readonly timeoutMs: number
  readonly attemptTimeoutMs: number
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

/** Checks everything that needs no server. */
export const checkOptions = Effect.fnUntraced(function* (options: WireOptions) {
  const collection = options.collection ?? "keepsake"
  if (!COLLECTION.test(collection)) {
    return yield* invalidInput("collection", "use up to 200 letters, digits, '.', '_' and '-'.")
  }
  const settings: QdrantSettings = {
    collection,
    layout: options.layout ?? {},
    timeoutMs: yield* checkInteger("timeoutMs", options.timeoutMs ?? 30_000, 1, 3_600_000),
    attemptTimeoutMs: yield* checkInteger(
      "attemptTimeoutMs",
      options.attemptTimeoutMs ?? 10_000,
      1,
      3_600_000
    ),
    retries: yield* checkInteger("retries", options.retries ?? 4, 0, 100),
    concurrency: yield* checkInteger("concurrency", options.concurrency ?? 16, 1, 1_000),
    readConsistency: options.readConsistency,
    writeOrdering: options.writeOrdering
  }
  return settings
})

/** Parsed here: the client ignores a path in the URL and, since the URL parser drops default ports, turns `:443` into 6333. */
export const parseAddress = Effect.fnUntraced(function* (options: ServerOptions) {
  const { prefix = "", url } = options
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
