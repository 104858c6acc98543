import { Embedder, fingerprint, type MemoryError } from "@keepsake/core"
import { describeFingerprint } from "@keepsake/core/driver"
import { Context, Effect, Layer, type Scope } from "effect"
import type { ResolvedConfig } from "../config/resolve.ts"
import { measureCalibrationEffect } from "../embedders/measureCalibration.ts"
import { resolveEmbedder } from "../embedders/resolveEmbedder.ts"
import { fault, type Finding, ok, warning } from "./Finding.ts"

const FIXES: ReadonlyArray<readonly [RegExp, string]> = [
  [/Set (\w+_API_KEY)/u, "Export the key in the shell that runs this, or put apiKey into the config."],
  [/HTTP 40[13]/u, "Give a valid API key."],
  [/HTTP 404/u, "Correct baseUrl (without /embeddings) or the model's name."],
  [/HTTP 429/u, "Wait, or lower requestsPerMinute and tokensPerMinute in the config."],
  [/fetch failed|ECONNREFUSED|timeout/iu, "Start the service, or correct baseUrl. For Ollama: ollama serve"],
  [/dimensions came where/u, "Correct dimensions in the config, or leave it out to have it asked."],
  [/npm install (\S+)/u, "Install the package that the message names."]
]

const fixOf = ({ message }: MemoryError): string =>
  FIXES.find(([pattern]) => pattern.test(message))?.[1] ??
  "Correct embedder in the config; keepsake --help lists the forms."

/** Spreads further apart than this leave recall's scores clearly too high or too low. */
const CALIBRATION_SLACK = 0.08

const checkCalibration = (
  embedder: Embedder["Service"]
): Effect.Effect<ReadonlyArray<Finding>, MemoryError> =>
  Effect.map(measureCalibrationEffect(embedder), (measured) => {
    const { mean, spread } = embedder.space.calibration
    const near =
      Math.abs(measured.mean - mean) <= CALIBRATION_SLACK &&
      Math.abs(measured.spread - spread) <= CALIBRATION_SLACK
    const said = `unrelated texts have cosine ${measured.mean} ± ${measured.spread}; configured: ${mean} ± ${spread}`
    return near
      ? [ok("calibration", said)]
      : [
          warning(
            "calibration",
            said,
            `Before filling a store, set the embedder's calibration to { "mean": ${measured.mean}, "spread": ${measured.spread} }; a filled one moves by keepsake reembed.`
          )
        ]
  })

export interface ProbedEmbedder {
  readonly findings: ReadonlyArray<Finding>
  /** `null`: by words alone. `undefined`: it does not work. */
  readonly embedder: Embedder["Service"] | null | undefined
}

/** Sets the embedder up and embeds with it. */
export const probeEmbedder = (
  config: ResolvedConfig["embedder"]
): Effect.Effect<ProbedEmbedder, never, Scope.Scope> =>
  Effect.gen(function* () {
    const provider = yield* resolveEmbedder(config)
    if (provider === null) {
      return { findings: [ok("embedder", "none: recall is by words alone")], embedder: null }
    }
    const embedder = Context.get(yield* Layer.build(Embedder.layer(provider)), Embedder)
    const calibration = yield* checkCalibration(embedder)
    return {
      findings: [ok("embedder", describeFingerprint(fingerprint(embedder.space))), ...calibration],
      embedder
    }
  }).pipe(
    Effect.catch((error) =>
      Effect.succeed({ findings: [fault("embedder", error.message, fixOf(error))], embedder: undefined })
    )
  )
