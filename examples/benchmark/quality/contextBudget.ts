import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { type TokenEstimator, tokenise } from "@keepsake/core/driver"
import type { MemoryClient, MemoryContext } from "@keepsake/keepsake"
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

/** Where `node scripts/measure-tokens.ts` installs a real tokeniser. */
const TOKENISER = fileURLToPath(new URL("../../../.cache/tokens/package.json", import.meta.url))

/** Budgets are counted by a real tokeniser where one is installed, else by Keepsake's estimate. */
const findTokeniser = (): TokenEstimator | undefined => {
  if (!existsSync(TOKENISER)) return undefined
  const { countTokens } = createRequire(TOKENISER)("gpt-tokenizer") as {
    readonly countTokens: TokenEstimator
  }
  return countTokens
}

/** The texts of a block: whole, or what is shown of them. A cut text counts if it holds half of the answer's words that the whole holds. */
export const holdsEvidence = (items: MemoryContext["items"], content: string, answer: string): boolean =>
  items.some(({ cut, memory }) => {
    if (cut === null) return memory.content === content
    if (!content.includes(memory.content)) return false
    const whole = new Set(tokenise(content))
    const shown = new Set(tokenise(cut))
    const words = Array.from(new Set(tokenise(answer))).filter((word) => whole.has(word))
    return words.filter((word) => shown.has(word)).length * 2 >= words.length
  })

/** Measures the context block's tokens and evidence at different budgets. */
export const contextBudgets = async (
  memory: MemoryClient,
  set: EvaluationSet
): Promise<ReadonlyArray<BudgetResult>> => {
  const estimateTokens = findTokeniser()
  const results: Array<BudgetResult> = []
  for (const budget of BUDGETS) {
    const tokens: Array<number> = []
    const recalls: Array<number> = []
    for (const { docs, queries, scope } of set.scopes) {
      const contents = new Map(docs.map((doc) => [doc.id, toContent(doc)]))
      const answerable = queries.filter(isAnswerable)
      const step = Math.max(1, Math.ceil(answerable.length / QUESTIONS_PER_DIALOGUE))
      for (const { answer, gold, q } of answerable.filter((_, i) => i % step === 0)) {
        const block = await openScope(memory, set.name, scope).context(q, {
          ...(budget === null ? {} : { budgetTokens: budget }),
          ...(estimateTokens === undefined ? {} : { estimateTokens })
        })
        tokens.push(block.tokens)
        const held = gold.filter((id) => holdsEvidence(block.items, contents.get(id) ?? "", answer))
        recalls.push(held.length / gold.length)
      }
    }
    results.push({ budget, tokens: mean(tokens), recall: mean(recalls) })
  }
  return results
}
