import type { EmbedderProvider } from "@keepsake/core"
import { SERVICE_URLS, type ServiceEmbedderConfig } from "../config/EmbedderConfig.ts"
import { resolveApiKey } from "../requests/apiKey.ts"
import { makeOpenAiCompatible } from "./openAiCompatible.ts"

/** Options of a service that has a name; see `ServiceEmbedderConfig`. */
export type ServiceOptions = Omit<ServiceEmbedderConfig, "provider">

/** Vector lengths that need no request. */
const DIMENSIONS: Readonly<Record<string, number>> = {
  "text-embedding-3-small": 1_536,
  "text-embedding-3-large": 3_072,
  "text-embedding-ada-002": 1_536,
  "voyage-3.5": 1_024,
  "voyage-3.5-lite": 1_024,
  "voyage-3-large": 1_024,
  "nomic-embed-text": 768,
  "mxbai-embed-large": 1_024,
  "all-minilm": 384
}

/** OpenAI; `text-embedding-3-small` by default. `dimensions` asks the service for shorter vectors. */
export const openAi = async (options: ServiceOptions = {}): Promise<EmbedderProvider> => {
  const { model = "text-embedding-3-small" } = options
  return makeOpenAiCompatible(
    {
      // OpenAI refuses more than 300,000 tokens in one request.
      batchTokens: 250_000,
      ...options,
      baseUrl: options.baseUrl ?? SERVICE_URLS.openai,
      apiKey: resolveApiKey("openai", options),
      model
    },
    { knownDimensions: DIMENSIONS[model] }
  )
}

/** Voyage AI; `voyage-3.5` by default. The service embeds stored texts and queries differently. */
export const voyage = async (options: ServiceOptions = {}): Promise<EmbedderProvider> => {
  const { model = "voyage-3.5" } = options
  return makeOpenAiCompatible(
    {
      // Voyage's lowest limit is 120,000 tokens in one request.
      batchTokens: 100_000,
      ...options,
      baseUrl: options.baseUrl ?? SERVICE_URLS.voyage,
      apiKey: resolveApiKey("voyage", options),
      model,
      body: (purpose) => ({ input_type: purpose })
    },
    { knownDimensions: DIMENSIONS[model], dimensionsField: "output_dimension" }
  )
}

/** A local Ollama; `nomic-embed-text` by default. Run `ollama pull` for the model first. */
export const ollama = async (options: ServiceOptions = {}): Promise<EmbedderProvider> => {
  const { model = "nomic-embed-text" } = options
  return makeOpenAiCompatible(
    { ...options, baseUrl: options.baseUrl ?? SERVICE_URLS.ollama, model },
    { knownDimensions: DIMENSIONS[model.replace(/:latest$/u, "")] }
  )
}
