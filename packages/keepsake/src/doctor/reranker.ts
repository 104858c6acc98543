import { Reranker } from "@keepsake/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as EffectScope from "effect/Scope"
import type { ResolvedConfig } from "../config/resolveConfig.ts"
import { rerankerLayer } from "../rerankers/resolveReranker.ts"
import { EMBEDDER_FIXES, findFix, type Fixes } from "./embedder.ts"
import { fault, type Finding, ok, warning } from "./Finding.ts"

const FIXES: Fixes = {
  ...EMBEDDER_FIXES,
  notFound: "Correct baseUrl (without /rerank) or the model's name.",
  rateLimited: "Wait, or ask the service for a higher limit.",
  unreachable: "Start the service, or correct baseUrl."
}

const QUESTION = "Where does Ana live?"
const ANSWER = "Ana has lived in Lisbon since March."
const OTHER = "The printer on the second floor is out of paper."

const toShare = (logit: number | undefined): string => (1 / (1 + Math.exp(-(logit ?? Number.NaN)))).toFixed(2)

/** Sets the reranker up, and has it judge a text that answers and one that does not. */
export const probeReranker: (
  config: NonNullable<ResolvedConfig["reranker"]>
) => Effect.Effect<Finding, never, EffectScope.Scope> = Effect.fnUntraced(
  function* (config) {
    const reranker = Context.get(yield* Layer.build(rerankerLayer(config)), Reranker)
    const [answer, other] = yield* reranker.rerank(QUESTION, [ANSWER, OTHER])
    const detail = `${reranker.model} gives an answer ${toShare(answer)}, another text ${toShare(other)}`
    return (answer ?? 0) > (other ?? 0)
      ? ok("reranker", detail)
      : warning("reranker", detail, "Give a model that was trained to rerank, or leave reranker out.")
  },
  Effect.catch((error) => Effect.succeed(fault("reranker", error.message, findFix(error, "reranker", FIXES))))
)
