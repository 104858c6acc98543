/** A question beside a long paste. */
import type { MemoryClient } from "@keepsake/keepsake"
import { type Dialogue, isAnswerable, toContent } from "../EvaluationSet.ts"
import { type HeldScope, scopeOf } from "./held.ts"

export const PASTED_WORDS = [50, 500, 5_000] as const
const TOP = 3
const QUESTIONS_PER_SCOPE = 4

export interface PasteResult {
  readonly words: number
  readonly place: "first" | "middle" | "last"
  readonly questions: number
  /** Share of the questions that find their answer among the first three, of those that find it alone. */
  readonly found: number
}

/** Up to `words` words of what a conversation states: a paste asks nothing. */
const pasteOf = ({ docs }: Dialogue, words: number): string =>
  docs
    .map(toContent)
    .filter((text) => !/[?？]/u.test(text))
    .join("\n")
    .split(/(?<=\s)/u)
    .slice(0, words)
    .join("")
    .trim()

const half = (text: string): readonly [string, string] => {
  const middle = text.indexOf(" ", text.length / 2)
  return [text.slice(0, middle), text.slice(middle + 1)]
}

const place = (question: string, paste: string, where: PasteResult["place"]): string => {
  if (where === "first") return `${question}\n\n${paste}`
  if (where === "last") return `${paste}\n\n${question}`
  const [before, after] = half(paste)
  return `${before}\n\n${question}\n\n${after}`
}

export const measurePaste = async (
  memory: MemoryClient,
  scopes: ReadonlyArray<HeldScope>
): Promise<ReadonlyArray<PasteResult>> => {
  const finds = async ({ dialogue, docs }: HeldScope, message: string, gold: ReadonlyArray<string>) => {
    const recalled = await scopeOf(memory, dialogue.scope).recall(message, { limit: TOP })
    return recalled.some(({ memory: { id } }) => gold.includes(docs.get(id) ?? ""))
  }
  const known: Array<{
    readonly scope: HeldScope
    readonly q: string
    readonly gold: ReadonlyArray<string>
  }> = []
  for (const scope of scopes) {
    let count = 0
    for (const question of scope.dialogue.queries) {
      if (count >= QUESTIONS_PER_SCOPE) break
      if (!isAnswerable(question) || !(await finds(scope, question.q, question.gold))) continue
      known.push({ scope, q: question.q, gold: question.gold })
      count += 1
    }
  }
  const results: Array<PasteResult> = []
  for (const words of PASTED_WORDS) {
    for (const where of ["first", "middle", "last"] as const) {
      let found = 0
      for (const [i, { gold, q, scope }] of known.entries()) {
        const others = scopes.filter((other) => other !== scope)
        const texts: Array<string> = []
        let left: number = words
        for (let at = 0; left > 0 && at < others.length; at++) {
          const other = others[(i + at) % others.length]
          if (other === undefined) break
          const text = pasteOf(other.dialogue, left)
          texts.push(text)
          left -= text.split(/\s+/u).length
        }
        if (await finds(scope, place(q, texts.join("\n\n"), where), gold)) found += 1
      }
      results.push({ words, place: where, questions: known.length, found: found / known.length })
    }
  }
  return results
}
