import { type EmbedderProvider, MemoryError } from "@keepsake/core"
import { embedderFailed, invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { EmbedderConfig, ServiceEmbedderConfig } from "../config/EmbedderConfig.ts"
import type { ResolvedConfig } from "../config/resolveConfig.ts"
import { acquireProvider } from "../localModel.ts"
import { lexical } from "./lexical.ts"
import { builtInTable } from "./static/builtInTable.ts"
import { tableFromFolder } from "./static/tableFromFolder.ts"
import { openAiCompatible } from "./openAiCompatible.ts"
import { ollama, openAi, voyage } from "./services.ts"
import { transformers } from "./transformers.ts"

const fromAddress = async (config: ServiceEmbedderConfig): Promise<EmbedderProvider> => {
  const { baseUrl, model } = config
  if (baseUrl === undefined) throw invalidInput("embedder.baseUrl", "is missing: give the service's address")
  if (model === undefined) throw invalidInput("embedder.model", "is missing: name the model")
  return openAiCompatible({ ...config, baseUrl, model })
}

const SERVICES = { openai: openAi, voyage, ollama, "openai-compatible": fromAddress }

const makeProvider = async (config: EmbedderConfig): Promise<EmbedderProvider> => {
  if (config.provider === "lexical") return lexical(config)
  if (config.provider === "static")
    return config.model === undefined ? builtInTable() : tableFromFolder(config.model, config.calibration)
  return config.provider === "transformers" ? transformers(config) : SERVICES[config.provider](config)
}

/** The provider that a config names or brings, the built-in table where it names none; `null` for keyword search alone. */
export const resolveEmbedder = (
  embedder: ResolvedConfig["embedder"]
): Effect.Effect<EmbedderProvider | null, MemoryError> => {
  if (embedder === null) return Effect.succeed(null)
  if (embedder === undefined) return Effect.succeed(builtInTable())
  return Effect.tryPromise({
    try: async () => ("provider" in embedder ? makeProvider(embedder) : embedder),
    catch: (cause) =>
      cause instanceof MemoryError ? cause : embedderFailed("The embedder could not be set up", cause, false)
  })
}

/** The same, until the Effect scope closes: a model that a config names is freed then. */
export const acquireEmbedder = (
  embedder: ResolvedConfig["embedder"]
): Effect.Effect<EmbedderProvider | null, MemoryError, Scope.Scope> =>
  acquireProvider(
    resolveEmbedder(embedder),
    embedder !== null && embedder !== undefined && "provider" in embedder
  )
