/** A word that one memory alone holds, in memories of every size. */
import type { MemoryClient, Statement } from "@keepsake/keepsake"
import type { Dialogue } from "../EvaluationSet.ts"
import { sentencesOf } from "../fit/worlds.ts"
import { scopeOf } from "./held.ts"

export interface LoneWordResult {
  readonly rows: number
  readonly asked: number
  /** Share found first at the default cut. */
  readonly first: number
}

const SOURCES = ["user", "assistant", "system", "tool"] as const
const DAY = 86_400_000
const BATCH = 1_000

/** Made-up words: no text of the filling holds them. */
const wordOf = (i: number): string =>
  `${["quor", "zeph", "vramb", "ixel", "thorq", "yuvel"][i % 6]}${["ando", "iska", "umbra", "elto"][i % 4]}${String.fromCharCode(97 + (i % 26))}n`

const TEXTS: ReadonlyArray<(word: string) => string> = [
  (word) => `The spare key is in the ${word} drawer.`,
  (word) =>
    `We agreed to use ${word} for the invoices from next month on, after a long discussion about the alternatives and their prices.`,
  (word) => `My neighbour ${word} waters the plants.`,
  (word) =>
    `${word} is the password of the guest network; it changes every spring and stands on the note beside the door.`
]
const QUESTIONS: ReadonlyArray<(word: string) => string> = [
  (word) => word,
  (word) => `What about ${word}?`,
  (word) => `What do you know about ${word}?`,
  (word) => `Can you remind me what we said about ${word}?`
]

const ASKED = 48

export const measureLoneWords = async (
  memory: MemoryClient,
  dialogues: ReadonlyArray<Dialogue>,
  sizes: ReadonlyArray<number>
): Promise<ReadonlyArray<LoneWordResult>> => {
  const filling = sentencesOf(dialogues)
  const now = Date.now()
  const results: Array<LoneWordResult> = []
  for (const rows of sizes) {
    const scoped = scopeOf(memory, `lone-${rows}`)
    const lone = Array.from({ length: ASKED }, (_, i): Statement => ({
      content: TEXTS[i % TEXTS.length]?.(wordOf(i)) ?? "",
      source: SOURCES[Math.floor(i / 4) % 4] ?? "user",
      saidAt: now - (i % 3) * 900 * DAY
    }))
    await scoped.rememberMany(lone)
    for (let at = lone.length; at < rows; at += BATCH) {
      await scoped.rememberMany(
        Array.from({ length: Math.min(BATCH, rows - at) }, (_, i): Statement => ({
          content: filling[(at + i) % filling.length]?.text ?? "",
          key: `filling-${at + i}`,
          saidAt: now - ((at + i) % 700) * DAY
        }))
      )
    }
    let first = 0
    for (let i = 0; i < ASKED; i++) {
      const [best] = await scoped.recall(QUESTIONS[i % QUESTIONS.length]?.(wordOf(i)) ?? "", { limit: 1 })
      if (best?.memory.content === lone[i]?.content) first += 1
    }
    results.push({ rows, asked: ASKED, first: first / ASKED })
  }
  return results
}
