import {
  Embedder,
  type EmbedderProblem,
  type EmbedderProvider,
  fingerprint,
  type MemoryError
} from "@keepsake/core"
import { describeFingerprint, measureEmbedder } from "@keepsake/core/driver"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as EffectScope from "effect/Scope"
import type { ResolvedConfig } from "../config/resolveConfig.ts"
import { resolveEmbedder } from "../embedders/resolveEmbedder.ts"
import { fault, type Finding, ok, warning } from "./Finding.ts"

/** A fix for each problem of a provider. */
export type Fixes = { readonly [Problem in EmbedderProblem]: string }

export const EMBEDDER_FIXES: Fixes = {
  apiKeyMissing: "Export the key in the shell that runs this, or put apiKey into the config.",
  unauthorized: "Give a valid API key.",
  notFound: "Correct baseUrl (without /embeddings) or the model's name.",
  rateLimited: "Wait, or lower requestsPerMinute and tokensPerMinute in the config.",
  unreachable: "Start the service, or correct baseUrl. For Ollama: ollama serve",
  wrongDimensions: "Correct dimensions in the config, or leave it out to have it measured."
}

/** The fix for an error of the provider that the config names as `part`. */
export const findFix = ({ reason }: MemoryError, part: string, fixes: Fixes): string => {
  if (reason._tag === "Unsupported") return "Install or update the package that the message names."
  const problem =
    reason._tag === "EmbedderFailed" || reason._tag === "RerankerFailed" ? reason.problem : undefined
  return problem === undefined
    ? `Correct ${part} in the config; keepsake --help lists the forms.`
    : fixes[problem]
}

/** A larger difference in mean or spread makes recall's scores clearly too high or too low. */
const CALIBRATION_TOLERANCE = 0.08

const checkCalibration = (
  embedder: Embedder["Service"]
): Effect.Effect<ReadonlyArray<Finding>, MemoryError> =>
  Effect.map(measureEmbedder(embedder), (measured) => {
    const { mean, source, spread } = embedder.space.calibration
    const found = `unrelated texts have cosine ${measured.mean} ± ${measured.spread}, strength ${measured.strength ?? 1}`
    if (source === "assumed") return [ok("calibration", `${found}; recorded with a store's first write`)]
    const isNear =
      Math.abs(measured.mean - mean) <= CALIBRATION_TOLERANCE &&
      Math.abs(measured.spread - spread) <= CALIBRATION_TOLERANCE
    const detail = `${found}; configured: ${mean} ± ${spread}`
    return isNear
      ? [ok("calibration", detail)]
      : [
          warning(
            "calibration",
            detail,
            "Leave the embedder's calibration out: a store measures it with its first write. One that has recorded what was given needs keepsake reembed."
          )
        ]
  })

export interface ProbedEmbedder {
  readonly findings: ReadonlyArray<Finding>
  /** `null`: keyword search alone. `undefined`: it does not work. */
  readonly provider: EmbedderProvider | null | undefined
}

/** Sets the embedder up and embeds with it. */
export const probeEmbedder: (
  config: ResolvedConfig["embedder"]
) => Effect.Effect<ProbedEmbedder, never, EffectScope.Scope> = Effect.fnUntraced(
  function* (config) {
    const provider = yield* resolveEmbedder(config)
    if (provider === null) {
      return { findings: [ok("embedder", "none: keyword search alone")], provider }
    }
    const embedder = Context.get(yield* Layer.build(Embedder.layer(provider)), Embedder)
    const calibration = yield* checkCalibration(embedder)
    return {
      findings: [ok("embedder", describeFingerprint(fingerprint(embedder.space))), ...calibration],
      provider
    }
  },
  Effect.catch((error) =>
    Effect.succeed({
      findings: [fault("embedder", error.message, findFix(error, "embedder", EMBEDDER_FIXES))],
      provider: undefined
    })
  )
)
