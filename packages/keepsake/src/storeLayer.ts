import { InMemoryStore } from "@keepsake/core"
import { Effect, Layer } from "effect"
import type { StoreLayer } from "./config/KeepsakeConfig.ts"
import type { StoreConfig } from "./config/StoreConfig.ts"
import { loadPackage } from "./loadPackage.ts"

/** The store that a config names; its package is loaded when the layer is built. */
export const storeLayer = (config: StoreConfig): StoreLayer => {
  switch (config.backend) {
    case "memory":
      return InMemoryStore.layer
    case "hnsw":
      return Layer.unwrap(
        Effect.map(
          loadPackage("@keepsake/backend-hnsw", "A file store", async () => import("@keepsake/backend-hnsw")),
          ({ HnswStore }) => HnswStore.layer({ path: config.path })
        )
      )
    case "pgvector":
      return Layer.unwrap(
        Effect.map(
          loadPackage(
            "@keepsake/backend-pgvector",
            "PostgreSQL",
            async () => import("@keepsake/backend-pgvector")
          ),
          ({ PgVectorStore }) => PgVectorStore.layer({ url: config.url })
        )
      )
    case "qdrant":
      return Layer.unwrap(
        Effect.map(
          loadPackage("@keepsake/backend-qdrant", "Qdrant", async () => import("@keepsake/backend-qdrant")),
          ({ QdrantStore }) =>
            QdrantStore.layer({
              url: config.url,
              ...(config.apiKey === undefined ? {} : { apiKey: config.apiKey })
            })
        )
      )
  }
}
