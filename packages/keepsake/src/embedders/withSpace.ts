import { Embedder, type EmbedderProvider, type MemoryError, StoreFingerprint } from "@keepsake/core"
import * as Layer from "effect/Layer"
import type { ResolvedConfig } from "../config/resolveConfig.ts"
import { failLayer, withFormerNames } from "./withFormerNames.ts"

/** What a store is opened with: a fingerprint, and the embedder if there is one. */
type Space = Layer.Layer<StoreFingerprint, MemoryError>

/**
 * Builds a layer with the space of a config's embedder. Where the config names none, a store that was filled by words
 * alone goes on so; one that another embedder filled fails as it does without an embedder.
 */
export const withSpace = <A, E extends MemoryError>(
  configured: ResolvedConfig["embedder"],
  provider: EmbedderProvider | null,
  build: (space: Space) => Layer.Layer<A, E>
): Layer.Layer<A, E> => {
  if (provider === null) return build(StoreFingerprint.wordsOnly)
  const layer = withFormerNames(provider, (space) => build(Embedder.layer(space)))
  if (configured !== undefined) return layer
  return layer.pipe(
    Layer.catch((error: E) =>
      error.reason._tag === "FingerprintMismatch" ? build(StoreFingerprint.wordsOnly) : failLayer<A, E>(error)
    )
  )
}
