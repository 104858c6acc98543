import type { MemoryClient } from "@keepsake/keepsake"
import { contentOf, type EvaluationSet, isAnswerable } from "./EvaluationSet.ts"
import { scopedTo } from "./evaluate.ts"
import { mean } from "./metrics.ts"

export interface BudgetResult {
  /** Tokens allowed; `null` is the default setting. */
  readonly budget: number | null
  readonly tokens: number
  /** Share of the evidence that the block carries. */
  readonly recall: number
}

const BUDGETS = [300, 600, 1_300, null] as const
/** Questions asked of each dialogue, evenly spaced since sets order them by kind: the figure settles long before all of them. */
const PER_DIALOGUE = 30

/** What the context block costs and carries at different budgets. */
export const contextBudgets = async (
  memory: MemoryClient,
  set: EvaluationSet
): Promise<ReadonlyArray<BudgetResult>> => {
  const results: Array<BudgetResult> = []
  for (const budget of BUDGETS) {
    const tokens: Array<number> = []
    const recalls: Array<number> = []
    for (const { docs, queries, scope } of set.scopes) {
      const contents = new Map(docs.map((doc) => [doc.id, contentOf(doc)]))
      const asked = queries.filter(isAnswerable)
      const step = Math.max(1, Math.ceil(asked.length / PER_DIALOGUE))
      for (const { gold, q } of asked.filter((_, i) => i % step === 0)) {
        const block = await scopedTo(memory, set.name, scope).context(
          q,
          budget === null ? {} : { budgetTokens: budget }
        )
        const carried = new Set(block.items.map((item) => item.memory.content))
        tokens.push(block.tokens)
        recalls.push(gold.filter((id) => carried.has(contents.get(id) ?? "")).length / gold.length)
      }
    }
    results.push({ budget, tokens: mean(tokens), recall: mean(recalls) })
  }
  return results
}
