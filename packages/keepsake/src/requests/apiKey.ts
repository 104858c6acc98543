import { ownsKey } from "../config/destinations.ts"
import { ServiceError } from "./ServiceError.ts"

const VARIABLES = { openai: "OPENAI_API_KEY", voyage: "VOYAGE_API_KEY", cohere: "COHERE_API_KEY" } as const

interface KeyOptions {
  readonly apiKey?: string | undefined
  readonly baseUrl?: string | undefined
}

/** The key of the config, or of the environment, whose key goes to its own service alone. */
export const resolveApiKey = (provider: keyof typeof VARIABLES, { apiKey, baseUrl }: KeyOptions): string => {
  const variable = VARIABLES[provider]
  const isOwnHost = baseUrl === undefined || ownsKey(provider, baseUrl)
  const key = apiKey ?? (isOwnHost ? process.env[variable] : undefined)
  if (key === undefined || key === "")
    throw new ServiceError(
      isOwnHost
        ? `Set ${variable}, or give an apiKey`
        : `${variable} is not sent to ${baseUrl}: give that service's apiKey`,
      { isRetryable: false, problem: "apiKeyMissing" }
    )
  return key
}
