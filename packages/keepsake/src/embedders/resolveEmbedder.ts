import { wasRetryable } from "@keepsake/core/driver"
import { EmbedderFailed, type EmbedderProvider, MemoryError } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import { Effect } from "effect"
import type { EmbedderConfig, ServiceEmbedderConfig } from "../config/EmbedderConfig.ts"
import type { ResolvedConfig } from "../config/resolve.ts"
import { lexical } from "./lexical.ts"
import { openAiCompatible } from "./openAiCompatible.ts"
import { ollama, openAi, voyage } from "./services.ts"
import { transformers } from "./transformers.ts"

const compatible = async (config: ServiceEmbedderConfig): Promise<EmbedderProvider> => {
  const { baseUrl, model } = config
  if (baseUrl === undefined)
    throw invalidInput("embedder.baseUrl", "is missing: where does the service answer?")
  if (model === undefined) throw invalidInput("embedder.model", "is missing: which model is asked for?")
  return openAiCompatible({ ...config, baseUrl, model })
}

const SERVICES = { openai: openAi, voyage, ollama, "openai-compatible": compatible }

const providerOf = async (config: EmbedderConfig): Promise<EmbedderProvider> => {
  if (config.provider === "lexical") return lexical(config)
  return config.provider === "transformers" ? transformers(config) : SERVICES[config.provider](config)
}

/** The provider that a config names, or the one that was given; `null` is recall by words. */
export const resolveEmbedder = (
  embedder: ResolvedConfig["embedder"]
): Effect.Effect<EmbedderProvider | null, MemoryError> => {
  if (embedder === null) return Effect.succeed(null)
  return Effect.tryPromise({
    try: async () => ("provider" in embedder ? providerOf(embedder) : embedder),
    catch: (cause) =>
      cause instanceof MemoryError
        ? cause
        : new MemoryError({
            reason: new EmbedderFailed({
              message: `The embedder could not be set up: ${cause instanceof Error ? cause.message : String(cause)}`,
              isRetryable: wasRetryable(cause, false),
              cause
            })
          })
  })
}
