import type { EmbedderProvider, MemoryError, MemoryStore, StoreAdmin, StoreFingerprint } from "@keepsake/core"
import type { Layer } from "effect"
import type { EmbedderConfig } from "./EmbedderConfig.ts"
import type { StoreConfig } from "./StoreConfig.ts"

/** A store that is brought along, such as `PgVectorStore.layer({ pool })`. */
export type StoreLayer = Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint>

/** What `openMemory` takes. Layers and providers aside it has a JSON form, which `keepsake.json` holds. */
export interface KeepsakeConfig {
  /**
   * Where memories are kept: a URL (`file:./memory.db`, `memory:`, `postgres://…`, `qdrant+http://…`), the
   * same with its options spelled out, or a layer of a store of your own.
   */
  readonly store: string | StoreConfig | StoreLayer
  /**
   * How texts become vectors: `"openai:text-embedding-3-small"`, `"ollama:nomic-embed-text"`,
   * `"transformers:Xenova/all-MiniLM-L6-v2"`, `"lexical"`, …, the same with its options spelled out, or a
   * provider (`fromAiSdk(model)`). Absent or `"none"`: recall is by words alone.
   */
  readonly embedder?: string | EmbedderConfig | EmbedderProvider | PromiseLike<EmbedderProvider> | undefined
}
