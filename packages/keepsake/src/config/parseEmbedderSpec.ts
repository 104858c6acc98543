import type { MemoryError } from "@keepsake/core"
import { didYouMean, invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { EMBEDDER_TABLES, type EmbedderConfig } from "./EmbedderConfig.ts"
import { hideUrlSecrets } from "./hideSecrets.ts"

/**
 * Parses an embedder's short form: `provider`, `provider:model`, or the address of an OpenAI-compatible
 * service with the model after `#` (`http://localhost:8000/v1#bge-m3`). `none` gives `null`.
 */
export const parseEmbedderSpec = (spec: string): Effect.Effect<EmbedderConfig | null, MemoryError> => {
  const fail = (message: string) => Effect.fail(invalidInput("embedder", message))
  if (/^https?:\/\//u.test(spec)) {
    const [baseUrl = "", model = ""] = spec.split("#", 2)
    return model === ""
      ? fail(`which model? Write ${hideUrlSecrets(baseUrl)}#MODEL`)
      : Effect.succeed({ provider: "openai-compatible", baseUrl, model })
  }
  const colon = spec.indexOf(":")
  const provider = colon < 0 ? spec : spec.slice(0, colon)
  const model = colon < 0 ? undefined : spec.slice(colon + 1)
  if (model === "") return fail(`names no model after "${provider}:"`)
  switch (provider) {
    case "none":
      return Effect.succeed(null)
    case "lexical":
      return model === undefined
        ? Effect.succeed({ provider })
        : fail('"lexical" has no models; write it alone')
    case "transformers":
      return model === undefined
        ? fail("which model? Write transformers:Xenova/all-MiniLM-L6-v2, or transformers:/path/to/model")
        : Effect.succeed({ provider, model })
    case "static":
    case "openai":
    case "voyage":
    case "ollama":
      return Effect.succeed({ provider, model })
    case "openai-compatible":
      return fail("needs an address. Write it with the model: http://localhost:8000/v1#MODEL")
    default:
      return fail(
        `"${provider}" is not known. ${didYouMean(provider, [...Object.keys(EMBEDDER_TABLES), "none"])}`
      )
  }
}
