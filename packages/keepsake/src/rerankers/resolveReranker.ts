import { MemoryError, Reranker, type RerankerProvider } from "@keepsake/core"
import { rerankerFailed } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ResolvedConfig } from "../config/resolveConfig.ts"
import { acquireProvider } from "../localModel.ts"
import { localReranker } from "./localReranker.ts"
import { serviceReranker } from "./services.ts"

type Configured = NonNullable<ResolvedConfig["reranker"]>

/** The provider that a config names or brings. */
export const resolveReranker = (reranker: Configured): Effect.Effect<RerankerProvider, MemoryError> =>
  Effect.tryPromise({
    try: async () => {
      if (!("provider" in reranker)) return reranker
      return reranker.provider === "transformers" ? localReranker(reranker) : serviceReranker(reranker)
    },
    catch: (cause) =>
      cause instanceof MemoryError ? cause : rerankerFailed("The reranker could not be set up", cause, false)
  })

/** The reranker of a config; a model that it loads is freed with the layer. */
export const rerankerLayer = (reranker: Configured): Layer.Layer<Reranker, MemoryError> =>
  Layer.unwrap(
    Effect.map(acquireProvider(resolveReranker(reranker), "provider" in reranker), (provider) =>
      Reranker.layer(provider)
    )
  )
