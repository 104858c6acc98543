import type { EmbedderProvider } from "@keepsake/keepsake"
import { evaluate } from "./evaluate.ts"
import type { Dialogue, EvaluationSet } from "./EvaluationSet.ts"
import { isAnswerable } from "./EvaluationSet.ts"
import { mean } from "./metrics.ts"
import { withMemory } from "./opened.ts"

export interface SizeResult {
  readonly size: number
  readonly questions: number
  /** Mean score of the top ten, and the share of it that is right. */
  readonly said: number
  readonly right: number
}

const SIZES = [5, 30, 100] as const
/** Cut dialogues of one size: enough for a steady figure, few enough to be quick. */
const PIECES_MAX = 150

/** Pieces of so many turns that hold all the evidence of some question, with those questions. */
const cut = ({ docs, queries, scope }: Dialogue, size: number): ReadonlyArray<Dialogue> => {
  const pieces: Array<Dialogue> = []
  for (let at = 0; at + size <= docs.length; at += size) {
    const piece = docs.slice(at, at + size)
    const ids = new Set(piece.map(({ id }) => id))
    const asked = queries.filter((query) => isAnswerable(query) && query.gold.every((id) => ids.has(id)))
    if (asked.length > 0) pieces.push({ scope: `${scope}-${size}-${at}`, docs: piece, queries: asked })
  }
  return pieces
}

/** Whether a score means the same in a young memory: the dialogues cut down to so many turns. */
export const scopeSizes = async (
  embedder: string | EmbedderProvider | null,
  set: EvaluationSet
): Promise<ReadonlyArray<SizeResult>> => {
  const results: Array<SizeResult> = []
  for (const size of SIZES) {
    const all = set.scopes.flatMap((dialogue) => cut(dialogue, size))
    const step = Math.max(1, Math.floor(all.length / PIECES_MAX))
    const scopes = all.filter((_, i) => i % step === 0)
    const { outcomes } = await withMemory("memory", embedder, async (memory) =>
      evaluate(memory, { name: set.name, scopes })
    )
    const top = outcomes.flatMap(({ found }) => found.slice(0, 10))
    results.push({
      size,
      questions: outcomes.length,
      said: mean(top.map(({ score }) => score)),
      right: mean(top.map(({ gold }) => (gold ? 1 : 0)))
    })
  }
  return results
}
