import { type Calibration, Embedder, type EmbedderProvider } from "@keepsake/core"
import { measureEmbedder } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"

/**
 * The calibration of a provider that gives none, as a store records it with its first write: two calls, of 20 and 40
 * short texts. Rejects with a `MemoryError` where the provider fails.
 */
export const measureCalibration = async (provider: EmbedderProvider): Promise<Calibration> =>
  Effect.runPromise(
    Effect.provide(Effect.flatMap(Embedder, measureEmbedder), Embedder.layer(provider, { cache: 0 }))
  )
