import {
  AgentMemory,
  type ContextOptions,
  Embedder,
  InMemoryStore,
  type Memory,
  type RecallOptions,
  type ScopedMemory,
  type Statement,
  type StoreAdmin,
  StoreFingerprint,
  type MemoryStore
} from "@keepsake/core"
import { HnswStore } from "@keepsake/backend-hnsw"
import { PgVectorStore } from "@keepsake/backend-pgvector"
import { QdrantStore } from "@keepsake/backend-qdrant"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startQdrant } from "../../backend-qdrant/test/server/QdrantServer.ts"
import { hashEmbedder } from "../src/embedders/hashEmbedder.ts"

type StoreLayer = Layer.Layer<MemoryStore | StoreAdmin, unknown, StoreFingerprint>

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "keepsake-same-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const stores = {
  hnsw: Effect.map(folder, (path): StoreLayer => HnswStore.layer({ path: join(path, "memory.db") })),
  pgvector: Effect.succeed<StoreLayer>(PgVectorStore.layer({ pglite: "memory://" })),
  qdrant: Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => startQdrant()),
      (server) => Effect.promise(() => server.stop())
    ),
    ({ url }): StoreLayer => QdrantStore.layer({ url })
  )
}
