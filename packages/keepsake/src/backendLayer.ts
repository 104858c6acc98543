import { inMemoryData, InMemoryStore } from "@keepsake/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { StoreLayer } from "./config/KeepsakeConfig.ts"
import type { HnswConfig, PgVectorConfig, QdrantConfig, StoreConfig } from "./config/StoreConfig.ts"
import { loadHnsw, loadPgVector, loadQdrant } from "./loadPackage.ts"

const hnsw = ({ backend: _backend, ...options }: HnswConfig): StoreLayer =>
  Layer.unwrap(Effect.map(loadHnsw, ({ HnswStore }) => HnswStore.layer(options)))

const pgvector = ({ backend: _backend, readUrl, url, ...options }: PgVectorConfig): StoreLayer =>
  Layer.unwrap(
    Effect.map(loadPgVector, ({ PgVectorStore }) =>
      PgVectorStore.layer({
        ...options,
        url: Redacted.make(url),
        readUrl: readUrl === undefined ? undefined : Redacted.make(readUrl)
      })
    )
  )

const qdrant = ({
  apiKey,
  backend: _backend,
  quantization,
  replicationFactor,
  shardKeys,
  url,
  vectors,
  writeConsistencyFactor,
  ...options
}: QdrantConfig): StoreLayer =>
  Layer.unwrap(
    Effect.map(loadQdrant, ({ QdrantStore }) =>
      QdrantStore.layer({
        ...options,
        url,
        apiKey: apiKey === undefined ? undefined : Redacted.make(apiKey),
        layout: {
          replicationFactor,
          shardKeys,
          writeConsistencyFactor,
          memory: { vectors },
          ...(quantization === undefined
            ? {}
            : { quantization: { scalar: { type: quantization, memory: "pinned" } } })
        }
      })
    )
  )

/** The store of a config; the layer loads its package when it is built. */
export const backendLayer = (config: StoreConfig): StoreLayer => {
  if (config.backend === "memory") return InMemoryStore.layerOf(inMemoryData(), config)
  if (config.backend === "hnsw") return hnsw(config)
  return config.backend === "pgvector" ? pgvector(config) : qdrant(config)
}
