/** What a message finds in a memory that has nothing to do with it. */
import { readFile } from "node:fs/promises"
import type { MemoryClient } from "@keepsake/keepsake"
import { mean, percentile } from "../metrics.ts"
import { excerptOf, type HeldScope, scopeOf } from "./held.ts"

export const FOREIGN_WORDS = [8, 32, 128, 1_000] as const
/** A score that says "this is it". */
const CERTAIN = 0.5
/** Below this a block holds the whole memory. */
const ROWS_MIN = 25
const MESSAGES = 3

export interface ForeignResult {
  readonly label: string
  readonly messages: number
  /** Share whose best score says "this is it". */
  readonly certain: number
  /** Median best score. */
  readonly best: number
  /** Median tokens of the relevant part. */
  readonly tokens: number
  /** Share for which a block shows something. */
  readonly shown: number
}

const askForeign = async (
  memory: MemoryClient,
  label: string,
  asked: ReadonlyArray<{ readonly scope: HeldScope; readonly text: string }>
): Promise<ForeignResult> => {
  const best: Array<number> = []
  const tokens: Array<number> = []
  for (const { scope, text } of asked) {
    const scoped = scopeOf(memory, scope.dialogue.scope)
    const [first] = await scoped.recall(text, { limit: 1, minScore: 0 })
    const block = await scoped.context(text, { omit: ["profile", "lastTime"] })
    best.push(first?.score ?? 0)
    tokens.push(block.tokens)
  }
  return {
    label,
    messages: asked.length,
    certain: mean(best.map((score) => (score >= CERTAIN ? 1 : 0))),
    best: percentile(best, 50),
    tokens: percentile(tokens, 50),
    shown: mean(tokens.map((count) => (count > 0 ? 1 : 0)))
  }
}

interface SmallTalk {
  readonly smallTalk: ReadonlyArray<{ readonly language: string; readonly text: string }>
  readonly foreign: ReadonlyArray<{ readonly language: string; readonly text: string }>
}

/** Parts of other conversations by length, written messages by language, and small talk. */
export const measureForeign = async (
  memory: MemoryClient,
  scopes: ReadonlyArray<HeldScope>,
  file: string
): Promise<ReadonlyArray<ForeignResult>> => {
  const large = scopes.filter(({ docs }) => docs.size >= ROWS_MIN)
  const { foreign, smallTalk } = JSON.parse(await readFile(file, "utf8")) as SmallTalk
  const results: Array<ForeignResult> = []
  const groups = [
    { name: "English", from: (language: string) => language === "en" },
    { name: "other languages", from: (language: string) => language !== "en" }
  ] as const
  for (const { from, name } of groups) {
    for (const words of FOREIGN_WORDS) {
      const asked = large.flatMap((scope, i) =>
        large
          .filter((other) => other !== scope && from(other.language))
          .slice(i % 5, (i % 5) + MESSAGES)
          .flatMap((other, at) => {
            const text = excerptOf(other.dialogue, words, (i + at) % 7)
            return text === null ? [] : [{ scope, text }]
          })
      )
      if (asked.length > 0) results.push(await askForeign(memory, `${name}, ${words} words`, asked))
    }
  }
  const each = (messages: ReadonlyArray<{ readonly text: string }>) =>
    messages.flatMap(({ text }, i) => {
      const scope = large[i % large.length]
      return scope === undefined ? [] : [{ scope, text }]
    })
  results.push(await askForeign(memory, "written messages, 8 languages", each(foreign)))
  results.push(await askForeign(memory, "small talk, 8 languages", each(smallTalk)))
  return results
}
