import { Schema } from "effect"

/** Nothing is kept beyond the process. */
export interface InMemoryConfig {
  readonly backend: "memory"
}

/** One SQLite file on this machine; needs no server and compiles nothing. */
export interface HnswConfig {
  readonly backend: "hnsw"
  /** The file; it is made, with its folder, where there is none. */
  readonly path: string
  /** Bytes for the search structures of the users served last; 256 MiB when absent. */
  readonly cacheBytes?: number | undefined
  /** `full` (when absent) survives a power loss; `normal` a killed process. */
  readonly synchronous?: "full" | "normal" | undefined
}

/** PostgreSQL with the `vector` extension; needs `@keepsake/backend-pgvector`. */
export interface PgVectorConfig {
  readonly backend: "pgvector"
  /** `postgres://user:password@host:5432/database` */
  readonly url: string
  /** Made when missing; `keepsake` when absent. */
  readonly schema?: string | undefined
  /** Before every table's name, for several stores in one schema. */
  readonly tablePrefix?: string | undefined
  /** Connections; 10 when absent. */
  readonly poolSize?: number | undefined
  /** After which PostgreSQL cancels a statement; 30,000 when absent, 0 for never. */
  readonly statementTimeoutMs?: number | undefined
  /** Half-precision vectors: half the space. Fixed when the store is made. */
  readonly halfvec?: boolean | undefined
  /** PostgreSQL keeps scopes apart too. Once a store has it, every handle follows. */
  readonly rowLevelSecurity?: boolean | undefined
  /** False for poolers that break prepared statements. */
  readonly namedStatements?: boolean | undefined
  /** Rows from which a scope gets an HNSW index by itself; never when absent. */
  readonly autoTuneRows?: number | undefined
}

/** Qdrant 1.19 or newer; needs `@keepsake/backend-qdrant`. */
export interface QdrantConfig {
  readonly backend: "qdrant"
  /** `http://localhost:6333` */
  readonly url: string
  readonly apiKey?: string | undefined
  /** Base name of the collections; `keepsake` when absent. */
  readonly collection?: string | undefined
  /** Path under which a proxy serves Qdrant, such as `/qdrant`. */
  readonly prefix?: string | undefined
  /** Longest wait for one call with its retries; 30,000 when absent. */
  readonly timeoutMs?: number | undefined
  /** Requests under way at once; 16 when absent. */
  readonly concurrency?: number | undefined
}

/** A store and its options, told apart by `backend`. */
export type StoreConfig = InMemoryConfig | HnswConfig | PgVectorConfig | QdrantConfig

const text = Schema.String.check(Schema.isMinLength(1))
const optionalText = Schema.optional(text)
const optionalCount = Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))
const optionalFlag = Schema.optional(Schema.Boolean)

/** For checking what comes from a file or from JavaScript; the backends check ranges. */
export const STORE_SCHEMAS = {
  memory: Schema.Struct({ backend: Schema.Literal("memory") }),
  hnsw: Schema.Struct({
    backend: Schema.Literal("hnsw"),
    path: text,
    cacheBytes: optionalCount,
    synchronous: Schema.optional(Schema.Literals(["full", "normal"]))
  }),
  pgvector: Schema.Struct({
    backend: Schema.Literal("pgvector"),
    url: text,
    schema: optionalText,
    tablePrefix: optionalText,
    poolSize: optionalCount,
    statementTimeoutMs: optionalCount,
    halfvec: optionalFlag,
    rowLevelSecurity: optionalFlag,
    namedStatements: optionalFlag,
    autoTuneRows: optionalCount
  }),
  qdrant: Schema.Struct({
    backend: Schema.Literal("qdrant"),
    url: text,
    apiKey: optionalText,
    collection: optionalText,
    prefix: optionalText,
    timeoutMs: optionalCount,
    concurrency: optionalCount
  })
} satisfies { readonly [B in StoreConfig["backend"]]: Schema.Codec<Extract<StoreConfig, { backend: B }>> }
