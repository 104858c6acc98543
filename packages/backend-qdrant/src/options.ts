import { invalidInput, type MemoryError } from "@keepsake/core/driver"
import type { QdrantClient, Schemas } from "@qdrant/js-client-rest"
import { Effect, Redacted } from "effect"

/**
 * How new collections are laid out; an existing collection keeps what it has. Passed to Qdrant as it is,
 * except what the layout needs for itself (the vectors' names, sizes and distance, strict filtering).
 */
export interface CollectionSettings {
  /** 1 unless said otherwise, on a cluster too: IDF is computed by shard, and on several the scores of words differ. */
  readonly shardNumber?: number
  readonly replicationFactor?: number
  readonly writeConsistencyFactor?: number
  readonly hnsw?: Schemas["HnswConfigDiff"]
  readonly optimizers?: Schemas["OptimizersConfigDiff"]
  readonly wal?: Schemas["WalConfigDiff"]
  /** Such as `{ scalar: { type: "int8", always_ram: true } }`. Without it vectors are searched as they are. */
  readonly quantization?: Schemas["QuantizationConfig"]
  readonly vectorsOnDisk?: boolean
  readonly termsOnDisk?: boolean
  readonly payloadOnDisk?: boolean
  /** Limits of the operator's own, such as `read_rate_limit`; filtering by unindexed keys stays forbidden. */
  readonly strictMode?: Schemas["StrictModeConfig"]
}

/** Settings of the way to the server, whoever made the client. */
export interface WireOptions {
  /** Base name of the collections: letters, digits, `.`, `_`, `-`, at most 200. `keepsake` unless said otherwise. */
  readonly collection?: string
  readonly layout?: CollectionSettings
  /** Longest wait for one call with its retries, queueing included; milliseconds, 30,000 unless said otherwise. */
  readonly timeoutMs?: number
  /** Longest wait for one attempt; milliseconds, 10,000 unless said otherwise. Deletions by filter get ten times that. */
  readonly attemptTimeoutMs?: number
  /** Attempts after the first, for what may pass (429, 5xx, a lost connection); 4 unless said otherwise. */
  readonly retries?: number
  /** Requests under way at once; 16 unless said otherwise. */
  readonly concurrency?: number
  /** How many replicas a read asks; the server's default (one) unless given. */
  readonly readConsistency?: Schemas["ReadConsistency"]
  /** Order of concurrent writes across replicas; the server's default (`weak`) unless given. */
  readonly writeOrdering?: Schemas["WriteOrdering"]
}

export interface ServerOptions extends WireOptions {
  /** `http://localhost:6333` or `https://…`; no path, no user, no query. Without a port it is 6333, as with Qdrant's own clients. */
  readonly url: string
  readonly apiKey?: Redacted.Redacted | undefined
  /** Path under which a proxy serves Qdrant, such as `/qdrant`. */
  readonly prefix?: string
}

export interface ClientOptions extends WireOptions {
  /** A client the application owns: it stays open, and its own timeout counts beside ours. */
  readonly client: QdrantClient
}

/** How Qdrant is reached, and how its collections are made. */
export type QdrantOptions = ServerOptions | ClientOptions

export interface Address {
  readonly url: string
  readonly port: number
  readonly prefix: string
}

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

const whole = (field: string, value: number, min: number, max: number): Effect.Effect<number, MemoryError> =>
  Number.isInteger(value) && value >= min && value <= max
    ? Effect.succeed(value)
    : Effect.fail(invalidInput(field, `must be a whole number from ${min} to ${max}, not ${value}.`))

/** Checks what can be checked without a server. */
export const settingsOf = Effect.fnUntraced(function* (options: WireOptions) {
  const collection = options.collection ?? "keepsake"
  if (!COLLECTION.test(collection)) {
    return yield* invalidInput("collection", "use letters, digits, '.', '_' and '-', at most 200 of them.")
  }
  const settings: QdrantSettings = {
    collection,
    layout: options.layout ?? {},
    timeoutMs: yield* whole("timeoutMs", options.timeoutMs ?? 30_000, 1, 3_600_000),
    attemptTimeoutMs: yield* whole("attemptTimeoutMs", options.attemptTimeoutMs ?? 10_000, 1, 3_600_000),
    retries: yield* whole("retries", options.retries ?? 4, 0, 100),
    concurrency: yield* whole("concurrency", options.concurrency ?? 16, 1, 1_000),
    readConsistency: options.readConsistency,
    writeOrdering: options.writeOrdering
  }
  return settings
})

/**
 * The client drops a path in the URL without a word and turns an explicit `:443` into 6333 (the URL
 * parser elides default ports), so both are read here.
 */
export const addressOf = Effect.fnUntraced(function* (options: ServerOptions) {
  const { prefix = "", url } = options
  const wrong = (message: string) => invalidInput("url", message)
  if (!URL.canParse(url)) {
    return yield* wrong(
      "is not a URL; write it like http://localhost:6333 or https://qdrant.example.com:6333."
    )
  }
  const parsed = new URL(url)
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
    return yield* wrong(
      `must start with http:// or https:// (Qdrant's REST port, 6333), not ${parsed.protocol}//.`
    )
  }
  if (parsed.username !== "" || parsed.password !== "") {
    return yield* wrong("must not carry a user or password; give the key as apiKey.")
  }
  if (parsed.pathname !== "/" || parsed.search !== "" || parsed.hash !== "") {
    return yield* wrong(
      `must end after host and port; where a proxy serves Qdrant under a path, give that path as prefix (prefix: "${parsed.pathname}").`
    )
  }
  if (prefix !== "" && !/^\/[^?#\s]*[^/?#\s]$/u.test(prefix)) {
    return yield* invalidInput("prefix", 'must start with "/" and end without one, such as "/qdrant".')
  }
  const explicit = /:(\d+)\/?$/u.exec(url)?.[1]
  const address: Address = {
    url: `${parsed.protocol}//${parsed.hostname}`,
    port: explicit === undefined ? DEFAULT_PORT : Number(explicit),
    prefix
  }
  return address
})
