import { Schema } from "effect"

/** Nothing is kept beyond the process. */
export interface InMemoryConfig {
  readonly backend: "memory"
}

/** One SQLite file on this machine; needs no server and compiles nothing. */
export interface HnswConfig {
  readonly backend: "hnsw"
  /** The file, made when it is not there. */
  readonly path: string
}

/** PostgreSQL with the `vector` extension; needs `@keepsake/backend-pgvector`. */
export interface PgVectorConfig {
  readonly backend: "pgvector"
  /** `postgres://user:password@host:5432/database` */
  readonly url: string
}

/** Qdrant 1.19 or newer; needs `@keepsake/backend-qdrant`. */
export interface QdrantConfig {
  readonly backend: "qdrant"
  /** `http://localhost:6333` */
  readonly url: string
  readonly apiKey?: string | undefined
}

/** A store and its options, told apart by `backend`. */
export type StoreConfig = InMemoryConfig | HnswConfig | PgVectorConfig | QdrantConfig

const text = Schema.String.check(Schema.isMinLength(1))

/** For checking what comes from a file or from JavaScript. */
export const STORE_SCHEMAS = {
  memory: Schema.Struct({ backend: Schema.Literal("memory") }),
  hnsw: Schema.Struct({ backend: Schema.Literal("hnsw"), path: text }),
  pgvector: Schema.Struct({ backend: Schema.Literal("pgvector"), url: text }),
  qdrant: Schema.Struct({ backend: Schema.Literal("qdrant"), url: text, apiKey: Schema.optional(text) })
} satisfies { readonly [B in StoreConfig["backend"]]: Schema.Codec<Extract<StoreConfig, { backend: B }>> }
