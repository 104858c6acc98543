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
  /** A scope with this many rows gets an HNSW index automatically; never when absent. */
  readonly autoTuneRows?: number | undefined
}

/** Qdrant 1.19 or newer; needs `@keepsake/backend-qdrant`. */
export interface QdrantConfig extends StoreOptions {
  readonly backend: "qdrant"
  /** `http://localhost:6333` */
  readonly url: string
  readonly apiKey?: string | undefined
  /** Base name of the collections; `keepsake` when absent. */
  readonly collection?: string | undefined
  /** Path under which a proxy serves Qdrant, such as `/qdrant`. */
  readonly prefix?: string | undefined
  /** Longest wait for one call with its retries, in milliseconds; 30,000 when absent. */
  readonly timeoutMs?: number | undefined
  /** Concurrent requests; 16 when absent. */
  readonly concurrency?: number | undefined
}

/** A store and its options, told apart by `backend`. */
export type StoreConfig = InMemoryConfig | HnswConfig | PgVectorConfig | QdrantConfig

const count = optional(wholeNumber(0, Number.MAX_SAFE_INTEGER))
const flag = optional(boolean)

/** Options that every store takes. */
const MODE = { readOnly: flag, accessCounts: flag } satisfies fields.Fields<StoreOptions>

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
    collection: optionalText,
    prefix: optionalText,
    timeoutMs: count,
    concurrency: count,
    ...MODE
  } satisfies fields.Fields<QdrantConfig>)
}
