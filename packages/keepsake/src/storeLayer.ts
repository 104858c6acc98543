import {
  type Fingerprint,
  fingerprint,
  type MemoryError,
  type MemoryStore,
  type StoreAdmin,
  StoreFingerprint
} from "@keepsake/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { backendLayer } from "./backendLayer.ts"
import type { KeepsakeConfig } from "./config/KeepsakeConfig.ts"
import { handleRejection, resolveConfig } from "./config/resolveConfig.ts"
import { acquireEmbedder } from "./embedders/resolveEmbedder.ts"
import { withSpace } from "./embedders/withSpace.ts"

/**
 * Builds the store without `AgentMemory`, so no purge or flush runs. Also provides the `Embedder` unless the store
 * is by words alone.
 */
export const storeLayer = (
  config: string | KeepsakeConfig
): Layer.Layer<MemoryStore | StoreAdmin | StoreFingerprint, MemoryError> => {
  handleRejection(config)
  return Layer.unwrap(
    Effect.gen(function* () {
      const { embedder, store } = yield* resolveConfig(config)
      const provider = yield* acquireEmbedder(embedder)
      const layer = "backend" in store ? backendLayer(store) : store
      return withSpace(embedder, provider, (space) => Layer.provideMerge(layer, space))
    })
  )
}

/**
 * Opens a store with the fingerprint it was filled with (`fresh` if it is empty). Needs no embedder, so
 * `reembed` and `copy` work after its key was revoked.
 */
export const storeLayerAsFilled = (
  config: KeepsakeConfig["store"],
  fresh: Fingerprint = fingerprint(null)
): Layer.Layer<MemoryStore | StoreAdmin, MemoryError> =>
  Layer.unwrap(
    Effect.map(resolveConfig({ store: config }), ({ store }) => {
      const layer = "backend" in store ? backendLayer(store) : store
      const openWith = (space: Fingerprint) => Layer.provide(layer, StoreFingerprint.layer(space))
      return openWith(fresh).pipe(
        Layer.catch((error) =>
          error.reason._tag === "FingerprintMismatch" && error.reason.fingerprint !== undefined
            ? openWith(error.reason.fingerprint)
            : Layer.effectContext<MemoryStore | StoreAdmin, MemoryError, never>(Effect.fail(error))
        )
      )
    })
  )
