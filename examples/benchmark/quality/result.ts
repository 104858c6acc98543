import type { Evaluation } from "./evaluate.ts"
import { byCategory, mean, percentile, summarise } from "./metrics.ts"
import type { Settings } from "./Settings.ts"

const answerableOutcomes = ({ outcomes }: Evaluation) => outcomes.filter(({ answerable }) => answerable)

/** R@10 averaged over the sets, so that each set has the same weight. */
export const macroR10 = (evaluations: ReadonlyArray<Evaluation>): number =>
  mean(evaluations.map((evaluation) => summarise(answerableOutcomes(evaluation)).r10))

/** The result that `--json` writes. Shares are 0 to 1. */
export const toResult = (
  { backend, embedder, reranker, sources }: Settings,
  evaluations: ReadonlyArray<Evaluation>
) => ({
  config: { sources, embedder, reranker },
  backend,
  sets: Object.fromEntries(
    evaluations.map((evaluation) => {
      const answerable = answerableOutcomes(evaluation)
      const times = evaluation.outcomes.map(({ ms }) => ms)
      return [
        evaluation.name,
        {
          ...summarise(answerable),
          byCategory: byCategory(answerable),
          p50Ms: percentile(times, 50),
          p95Ms: percentile(times, 95),
          foreignIds: evaluation.foreignIds
        }
      ]
    })
  ),
  macroR10: macroR10(evaluations)
})
