import type { EmbedderProvider } from "@keepsake/core"
import type { ServiceEmbedderConfig } from "../config/EmbedderConfig.ts"
import { openAiCompatible } from "./openAiCompatible.ts"

/** A named service's options; see `ServiceEmbedderConfig`. */
export type ServiceOptions = Omit<ServiceEmbedderConfig, "provider">

/** Lengths that need not be asked for. */
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

const keyFrom = (given: string | undefined, variable: string): string => {
  const key = given ?? process.env[variable]
  if (key === undefined || key === "") throw new Error(`Set ${variable}, or give an apiKey`)
  return key
}

/** OpenAI; `text-embedding-3-small` unless said otherwise. A smaller `dimensions` is asked for where it is given. */
export const openAi = async (options: ServiceOptions = {}): Promise<EmbedderProvider> => {
  const { dimensions, model = "text-embedding-3-small" } = options
  return openAiCompatible({
    // OpenAI refuses more than 300,000 tokens in one request.
    batchTokens: 250_000,
    ...options,
    baseUrl: options.baseUrl ?? "https://api.openai.com/v1",
    apiKey: keyFrom(options.apiKey, "OPENAI_API_KEY"),
    model,
    dimensions: dimensions ?? DIMENSIONS[model],
    body: () => (dimensions === undefined ? {} : { dimensions })
  })
}

/** Voyage AI; `voyage-3.5` unless said otherwise. Stored texts and queries are embedded each in their way. */
export const voyage = async (options: ServiceOptions = {}): Promise<EmbedderProvider> => {
  const { dimensions, model = "voyage-3.5" } = options
  return openAiCompatible({
    // Voyage refuses more than 120,000 tokens in one request to its smaller limits.
    batchTokens: 100_000,
    ...options,
    baseUrl: options.baseUrl ?? "https://api.voyageai.com/v1",
    apiKey: keyFrom(options.apiKey, "VOYAGE_API_KEY"),
    model,
    dimensions: dimensions ?? DIMENSIONS[model],
    body: (purpose) => ({
      input_type: purpose,
      ...(dimensions === undefined ? {} : { output_dimension: dimensions })
    })
  })
}

/** A local Ollama; `nomic-embed-text` unless said otherwise. Run `ollama pull` for the model first. */
export const ollama = async (options: ServiceOptions = {}): Promise<EmbedderProvider> => {
  const { model = "nomic-embed-text" } = options
  return openAiCompatible({
    ...options,
    baseUrl: options.baseUrl ?? "http://localhost:11434/v1",
    model,
    dimensions: options.dimensions ?? DIMENSIONS[model.replace(/:latest$/u, "")]
  })
}
