import type { MemoryClient } from "@keepsake/keepsake"
import { toContent, type EvaluationSet, isAnswerable } from "./EvaluationSet.ts"
import { openScope } from "./evaluate.ts"
import { mean } from "./metrics.ts"

export interface BudgetResult {
  /** Tokens allowed; `null`: the default. */
  readonly budget: number | null
  readonly tokens: number
  /** Share of the evidence in the block. */
  readonly recall: number
}

const BUDGETS = [300, 600, 1_300, null] as const
/** A sample is enough for a stable figure. It is evenly spaced, because sets sort questions by category. */
const QUESTIONS_PER_DIALOGUE = 30

/** Measures the context block's tokens and evidence at different budgets. */
export const contextBudgets = async (
  memory: MemoryClient,
  set: EvaluationSet
): Promise<ReadonlyArray<BudgetResult>> => {
  const results: Array<BudgetResult> = []
  for (const budget of BUDGETS) {
    const tokens: Array<number> = []
    const recalls: Array<number> = []
    for (const { docs, queries, scope } of set.scopes) {
      const contents = new Map(docs.map((doc) => [doc.id, toContent(doc)]))
      const answerable = queries.filter(isAnswerable)
      const step = Math.max(1, Math.ceil(answerable.length / QUESTIONS_PER_DIALOGUE))
      for (const { gold, q } of answerable.filter((_, i) => i % step === 0)) {
        const block = await openScope(memory, set.name, scope).context(
          q,
          budget === null ? {} : { budgetTokens: budget }
        )
        const blockContents = new Set(block.items.map((item) => item.memory.content))
        tokens.push(block.tokens)
        recalls.push(gold.filter((id) => blockContents.has(contents.get(id) ?? "")).length / gold.length)
      }
    }
    results.push({ budget, tokens: mean(tokens), recall: mean(recalls) })
  }
  return results
}
