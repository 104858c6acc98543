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
  readonly meanScore: number
  readonly right: number
}

const SIZES = [5, 30, 100] as const
/** Pieces per size: enough for a stable figure, few enough to be quick. */
const PIECES_MAX = 150

/** Cuts a dialogue into pieces of `size` turns, and keeps those with all the evidence of a question. */
const cutDialogue = ({ docs, queries, scope }: Dialogue, size: number): ReadonlyArray<Dialogue> => {
  const pieces: Array<Dialogue> = []
  for (let at = 0; at + size <= docs.length; at += size) {
    const piece = docs.slice(at, at + size)
    const ids = new Set(piece.map(({ id }) => id))
    const answered = queries.filter((query) => isAnswerable(query) && query.gold.every((id) => ids.has(id)))
    if (answered.length > 0) pieces.push({ scope: `${scope}-${size}-${at}`, docs: piece, queries: answered })
  }
  return pieces
}

/** Measures whether scores are calibrated in small scopes too, on dialogues cut to fewer turns. */
export const scopeSizes = async (
  embedder: string | EmbedderProvider | null,
  set: EvaluationSet
): Promise<ReadonlyArray<SizeResult>> => {
  const results: Array<SizeResult> = []
  for (const size of SIZES) {
    const pieces = set.scopes.flatMap((dialogue) => cutDialogue(dialogue, size))
    const step = Math.max(1, Math.floor(pieces.length / PIECES_MAX))
    const scopes = pieces.filter((_, i) => i % step === 0)
    const { outcomes } = await withMemory("memory", embedder, async (memory) =>
      evaluate(memory, { name: set.name, scopes })
    )
    const top = outcomes.flatMap(({ found }) => found.slice(0, 10))
    results.push({
      size,
      questions: outcomes.length,
      meanScore: mean(top.map(({ score }) => score)),
      right: mean(top.map(({ gold }) => (gold ? 1 : 0)))
    })
  }
  return results
}
