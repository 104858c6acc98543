import type { MemoryError } from "@keepsake/core"
import { didYouMean, invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { RERANKER_TABLES, type RerankerConfig } from "./RerankerConfig.ts"

/**
 * Parses a reranker's short form: `cohere`, `voyage`, with `:MODEL` or without, `tei:URL`, `transformers:MODEL`. `none`
 * gives `null`.
 */
export const parseRerankerSpec = (spec: string): Effect.Effect<RerankerConfig | null, MemoryError> => {
  const fail = (message: string) => Effect.fail(invalidInput("reranker", message))
  const colon = spec.indexOf(":")
  const provider = colon < 0 ? spec : spec.slice(0, colon)
  const model = colon < 0 ? undefined : spec.slice(colon + 1)
  if (model === "") return fail(`names nothing after "${provider}:"`)
  switch (provider) {
    case "none":
      return Effect.succeed(null)
    case "cohere":
    case "voyage":
      return Effect.succeed({ provider, model })
    case "tei":
      return model !== undefined && /^https?:\/\//u.test(model)
        ? Effect.succeed({ provider, baseUrl: model })
        : fail("needs an address. Write tei:http://localhost:8080")
    case "transformers":
      return model === undefined
        ? fail(
            "which model? Write transformers:Xenova/ms-marco-MiniLM-L-6-v2, or transformers:/path/to/model"
          )
        : Effect.succeed({ provider, model })
    default:
      return fail(
        `"${provider}" is not known. ${didYouMean(provider, [...Object.keys(RERANKER_TABLES), "none"])}`
      )
  }
}
