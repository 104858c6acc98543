import {
  AgentMemory,
  Embedder,
  type MemoryClient,
  type MemoryError,
  type MemoryStore,
  promiseClient,
  type StoreAdmin,
  StoreFingerprint
} from "@keepsake/core"
import { Effect, Layer } from "effect"
import type { KeepsakeConfig } from "./config/KeepsakeConfig.ts"
import { resolveConfig } from "./config/resolve.ts"
import { resolveEmbedder } from "./embedders/resolveEmbedder.ts"
import { storeLayer } from "./storeLayer.ts"

/** The store of a config alone: nothing runs on it by itself. With an embedder, that is in the context as well. */
export const storeOnlyLayer = (
  config: string | KeepsakeConfig
): Layer.Layer<MemoryStore | StoreAdmin | StoreFingerprint, MemoryError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { embedder, store } = yield* resolveConfig(config)
      const provider = yield* resolveEmbedder(embedder)
      const space = provider === null ? StoreFingerprint.wordsOnly : Embedder.layer(provider)
      return Layer.provideMerge("backend" in store ? storeLayer(store) : store, space)
    })
  )

/** Memory and the store beneath it, from one config: the Effect form of `openMemory`. */
export const memoryLayer = (
  config: string | KeepsakeConfig
): Layer.Layer<AgentMemory | MemoryStore | StoreAdmin | StoreFingerprint, MemoryError> =>
  Layer.provideMerge(AgentMemory.layer(), storeOnlyLayer(config))

/**
 * Opens a memory: `await using memory = await openMemory("file:./memory.db")`, then
 * `memory.for({ userId: "ana" })` for each user.
 *
 * Rejects with a `MemoryError` whose `reason._tag` says what is wrong: `InvalidInput` (the config),
 * `Unsupported` (a package to install), `FingerprintMismatch` (the store was filled by another embedder),
 * `Unavailable` or `Unauthorized` (the server).
 */
export const openMemory = async (config: string | KeepsakeConfig): Promise<MemoryClient> =>
  promiseClient(memoryLayer(config))
