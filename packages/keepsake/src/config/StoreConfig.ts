import type { StoreOptions } from "@keepsake/core"
import { fields } from "@keepsake/core/driver"
import { literal, optionalText, text, wholeNumber } from "./fields.ts"

const { boolean, object, oneOf, optional } = fields

/** Memories that end with the process. */
export interface InMemoryConfig extends StoreOptions {
  readonly backend: "memory"
}

/** One SQLite file on this machine: no server, nothing to compile. */
export interface HnswConfig extends StoreOptions {
  readonly backend: "hnsw"
  /** The file; created with its folder if it does not exist. */
  readonly path: string
  /** Bytes for the search structures of the most recently used scopes; 256 MiB when absent. */
  readonly cacheBytes?: number | undefined
  /** `full` survives a power loss, `normal` only a killed process; `full` when absent. */
  readonly synchronous?: "full" | "normal" | undefined
}

/** PostgreSQL with the `vector` extension; needs `@keepsake/backend-pgvector`. */
export interface PgVectorConfig extends StoreOptions {
  readonly backend: "pgvector"
  /** `postgres://user:password@host:5432/database` */
  readonly url: string
  /** A standby that answers reads, as a URL. */
  readonly readUrl?: string | undefined
  /** Milliseconds for which a user is read from the primary after a write; 5,000 when absent. */
  readonly readAfterWriteMs?: number | undefined
  /** Created if it does not exist; `keepsake` when absent. */
  readonly schema?: string | undefined
  /** Prefix of every table's name, for several stores in one schema. */
  readonly tablePrefix?: string | undefined
  /** Connections; 10 when absent. */
  readonly poolSize?: number | undefined
  /** Milliseconds before PostgreSQL cancels a statement; 30,000 when absent, 0 for never. */
  readonly statementTimeoutMs?: number | undefined
  /** Half-precision vectors, in half the space. Fixed when the store is created. */
  readonly halfvec?: boolean | undefined
  /** PostgreSQL keeps scopes apart too. Once a store has it, every handle uses it. */
  readonly rowLevelSecurity?: boolean | undefined
  /** False for poolers that break prepared statements. */
  readonly namedStatements?: boolean | undefined
  /** A scope with this many rows gets indexes of its own automatically; never when absent. */
  readonly autoTuneRows?: number | undefined
}

/** Qdrant 1.19 or newer; needs `@keepsake/backend-qdrant`. */
export interface QdrantConfig extends StoreOptions {
  readonly backend: "qdrant"
  /** `http://localhost:6333`; the nodes of a cluster separated by commas, the first of which is asked first. */
  readonly url: string
  readonly apiKey?: string | undefined
  /** Base name of the collections; `keepsake` when absent. */
  readonly collection?: string | undefined
  /** Path under which a proxy serves Qdrant, such as `/qdrant`. */
  readonly prefix?: string | undefined
  /** Longest wait for one call with its retries, in milliseconds; 30,000 when absent. */
  readonly timeoutMs?: number | undefined
  /** Longest wait for one attempt, in milliseconds; 10,000 when absent. */
  readonly attemptTimeoutMs?: number | undefined
  /** Longest wait for a node while another one is left to ask, in milliseconds; 2,000 when absent. */
  readonly failoverMs?: number | undefined
  /** Attempts after the first, for failures that may pass; 4 when absent. */
  readonly retries?: number | undefined
  /** Concurrent requests; 16 when absent. */
  readonly concurrency?: number | undefined
  /** Replicas that are asked for rows by id; one when absent. */
  readonly readConsistency?: number | "majority" | "quorum" | "all" | undefined
  /** Order of concurrent writes across replicas; `weak` when absent. */
  readonly writeOrdering?: "weak" | "medium" | "strong" | undefined
  /** Of a new store on a cluster: shards with a key each, in one of which each scope lies whole; 64 when absent. */
  readonly shardKeys?: number | undefined
  /** Of a new store: replicas of each shard; one when absent. */
  readonly replicationFactor?: number | undefined
  /** Of a new store: replicas that must have a write before it is acknowledged; one when absent. */
  readonly writeConsistencyFactor?: number | undefined
  /** Of a new store: a copy of each vector in 8 bits a dimension stays in memory, and finds what is then rescored. */
  readonly quantization?: "int8" | undefined
  /** Of a new store: where its vectors are held. `cold` with `quantization` needs the least memory. */
  readonly vectors?: "cached" | "cold" | undefined
}

/** A store and its options, told apart by `backend`. */
export type StoreConfig = InMemoryConfig | HnswConfig | PgVectorConfig | QdrantConfig

const count = optional(wholeNumber(0, Number.MAX_SAFE_INTEGER))
const flag = optional(boolean)

/** Options that every store takes. */
const MODE = { readOnly: flag, accessCounts: flag } satisfies fields.Fields<StoreOptions>

const replicas: fields.Field<number | "majority" | "quorum" | "all"> = (value) =>
  typeof value === "number" ? wholeNumber(1, 100)(value) : oneOf(["majority", "quorum", "all"])(value)

/** Qdrant's options that its URL takes as parameters. */
export const QDRANT_FIELDS = {
  collection: optionalText,
  prefix: optionalText,
  timeoutMs: count,
  attemptTimeoutMs: count,
  failoverMs: count,
  retries: count,
  concurrency: count,
  readConsistency: optional(replicas),
  writeOrdering: optional(oneOf(["weak", "medium", "strong"])),
  shardKeys: count,
  replicationFactor: count,
  writeConsistencyFactor: count,
  quantization: optional(oneOf(["int8"])),
  vectors: optional(oneOf(["cached", "cold"]))
} satisfies Partial<fields.Fields<QdrantConfig>>

/** What each backend's options are read by; the backends check the ranges. */
export const STORE_TABLES: { readonly [Backend in StoreConfig["backend"]]: fields.Field<StoreConfig> } = {
  memory: object({ backend: literal("memory"), ...MODE } satisfies fields.Fields<InMemoryConfig>),
  hnsw: object({
    backend: literal("hnsw"),
    path: text,
    cacheBytes: count,
    synchronous: optional(oneOf(["full", "normal"])),
    ...MODE
  } satisfies fields.Fields<HnswConfig>),
  pgvector: object({
    backend: literal("pgvector"),
    url: text,
    readUrl: optionalText,
    readAfterWriteMs: count,
    schema: optionalText,
    tablePrefix: optionalText,
    poolSize: count,
    statementTimeoutMs: count,
    halfvec: flag,
    rowLevelSecurity: flag,
    namedStatements: flag,
    autoTuneRows: count,
    ...MODE
  } satisfies fields.Fields<PgVectorConfig>),
  qdrant: object({
    backend: literal("qdrant"),
    url: text,
    apiKey: optionalText,
    ...QDRANT_FIELDS,
    ...MODE
  } satisfies fields.Fields<QdrantConfig>)
}
