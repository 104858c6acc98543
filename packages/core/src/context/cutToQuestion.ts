/** Long texts in a context: the parts that a question asks for. */
import { cutUnits, type Span } from "../text/cutPassages.ts"
import type { TokenEstimator } from "../text/estimateTokens.ts"
import { idf } from "../text/bm25.ts"
import { tokenise } from "../text/tokenise.ts"

/** Widest line or sentence that is shown in one piece; see `cutUnits`. */
const UNIT = 240

/** Stands where text is left out. */
export const GAP = "[…]"

/** The words of a question, each with its weight among the texts that may be shown. */
export type QuestionWords = ReadonlyMap<string, number>

/** Weighs a question's words: those that fewer of the texts hold weigh more. */
export const weighWords = (question: string, texts: ReadonlyArray<string>): QuestionWords => {
  const words = new Set(tokenise(question))
  const held = texts.map((text) => new Set(tokenise(text)))
  return new Map(
    Array.from(words, (word) => [word, idf(texts.length, held.filter((set) => set.has(word)).length)])
  )
}

/** A line or sentence of a text. */
interface Unit extends Span {
  readonly words: ReadonlyArray<string>
  readonly tokens: number
}

const toUnits = (text: string, estimateTokens: TokenEstimator): ReadonlyArray<Unit> =>
  cutUnits(text, UNIT).flatMap((span) => {
    const part = text.slice(span.start, span.end)
    if (part.trim() === "") return []
    return [{ ...span, words: tokenise(part), tokens: estimateTokens(part) }]
  })

/** The unit that brings the most weight not yet shown, and its neighbours' share; -1 if none brings any. */
const findBest = (units: ReadonlyArray<Unit>, chosen: ReadonlySet<number>, open: QuestionWords): number => {
  let best = -1
  let bestWeight = 0
  for (const [i, { words }] of units.entries()) {
    if (chosen.has(i)) continue
    const weight = Array.from(new Set(words)).reduce((sum, word) => sum + (open.get(word) ?? 0), 0)
    if (weight > bestWeight) {
      best = i
      bestWeight = weight
    }
  }
  return best
}

/** Takes units next to those chosen while they fit: what follows a match first, then what leads to it. */
const widen = (units: ReadonlyArray<Unit>, chosen: Set<number>, takes: (index: number) => boolean): void => {
  for (let reach = 1; reach <= units.length; reach++) {
    let grew = false
    for (const i of Array.from(chosen).sort((a, b) => a - b)) {
      for (const next of [i + 1, i - 1]) {
        if (units[next] === undefined || chosen.has(next) || !takes(next)) continue
        chosen.add(next)
        grew = true
      }
    }
    if (!grew) return
  }
}

const join = (text: string, units: ReadonlyArray<Unit>, chosen: ReadonlySet<number>): string => {
  const parts: Array<string> = []
  let last = -1
  for (const i of Array.from(chosen).sort((a, b) => a - b)) {
    const unit = units[i]
    if (unit === undefined) continue
    const part = text.slice(unit.start, unit.end)
    if (i === last + 1 && parts.length > 0) parts.push(part)
    else parts.push(i === 0 ? part : `${parts.length === 0 ? "" : "\n"}${GAP} ${part.trimStart()}`)
    last = i
  }
  const end = last < units.length - 1 ? ` ${GAP}` : ""
  return `${parts.join("").trimEnd()}${end}`
}

/**
 * The lines and sentences of a text that a question asks for, up to `allowed` tokens, in the text's order. Where none
 * holds a word of the question, the beginning. At least one, cut if it must be.
 */
export const cutToQuestion = (
  text: string,
  words: QuestionWords,
  allowed: number,
  estimateTokens: TokenEstimator
): string => {
  const units = toUnits(text, estimateTokens)
  const open = new Map(words)
  const chosen = new Set<number>()
  let used = 2
  const takes = (index: number): boolean => {
    const { tokens = 0 } = units[index] ?? {}
    if (chosen.size > 0 && used + tokens + 1 > allowed) return false
    used += tokens + 1
    return true
  }
  for (let best = findBest(units, chosen, open); best >= 0; best = findBest(units, chosen, open)) {
    if (!takes(best)) break
    chosen.add(best)
    // A word that is shown counts little from now on.
    for (const word of units[best]?.words ?? [])
      if (open.has(word)) open.set(word, (open.get(word) ?? 0) * 0.3)
    if (chosen.size >= 4) break
  }
  if (chosen.size === 0 && takes(0)) chosen.add(0)
  widen(units, chosen, takes)
  return join(text, units, chosen)
}
