/** Long texts in a context: the parts that a question asks for. */
import { cutUnits, type Span } from "../text/cutPassages.ts"
import { asksOfFailure, FAILURE, reportsFailure } from "./failures.ts"
import type { TokenEstimator } from "../text/estimateTokens.ts"
import { idf } from "../text/bm25.ts"
import { tokenise } from "../text/tokenise.ts"

/** Widest line or sentence that is shown in one piece; see `cutUnits`. */
const UNIT = 240

/** Stands where text is left out. */
export const GAP = "[…]"

/** A line or sentence of a text. */
interface Unit extends Span {
  readonly terms: ReadonlySet<string>
  readonly tokens: number
  /** How near it stands to the unit before it, 0 to 1. */
  readonly nearness: number
}

/** Words, and pairs of words that follow each other: "week 7" is more than "week" and "7". */
const termsOf = (text: string): Set<string> => {
  const words = tokenise(text)
  return new Set([...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)])
}

/** What a unit keeps of the weight of the one before it: in the same line, in the next line, after a blank line. */
const SAME_LINE = 0.95
const NEXT_LINE = 0.85
const NEXT_PARAGRAPH = 0.5
/** What leads to a match says less than what follows it. */
const BACKWARD = 0.7

const toUnits = (
  text: string,
  question: ReadonlySet<string>,
  estimateTokens: TokenEstimator
): ReadonlyArray<Unit> => {
  const seeksFailure = question.has(FAILURE)
  const units: Array<Unit> = []
  let nearness = 0
  for (const span of cutUnits(text, UNIT)) {
    const part = text.slice(span.start, span.end)
    if (part.trim() === "") nearness = Math.min(nearness, NEXT_PARAGRAPH)
    else {
      const terms = termsOf(part)
      if (seeksFailure && reportsFailure(part)) terms.add(FAILURE)
      units.push({ ...span, terms, tokens: estimateTokens(part), nearness })
      nearness = part.endsWith("\n") ? NEXT_LINE : SAME_LINE
    }
  }
  return units
}

/** The least that two words share at their beginning to be near forms of each other; of syllables, fewer. */
const SHARED = 5
const SHARED_SYLLABLES = 2
const SYLLABLE = /^\p{Script=Hangul}/u
/** What is left of the weight of a term that only a near form stands for, and of a pair of words. */
const NEAR_FORM = 0.5
const PAIR = 0.5

const countShared = (a: string, b: string): number => {
  let shared = 0
  while (shared < a.length && a[shared] === b[shared]) shared++
  return shared
}

/**
 * Whether another word begins as this one does, but for an ending: "Kündigungsfrist" and "kündigen"; a Korean particle
 * is the last syllable: "시계는" and "시계를". `null` for a word that is too short to tell.
 */
const makeNear = (word: string): ((other: string) => boolean) | null => {
  const isOfSyllables = SYLLABLE.test(word)
  const least = isOfSyllables ? SHARED_SYLLABLES : SHARED
  if (word.length < least) return null
  return (other) => {
    const length = Math.min(word.length, other.length)
    const shared = countShared(word, other)
    return shared >= least && shared >= (isOfSyllables ? length - 1 : 0.7 * length)
  }
}

/** The weight that a question's terms have in each unit: those that fewer units hold weigh more. */
const weighTerms = (
  units: ReadonlyArray<Unit>,
  question: ReadonlySet<string>
): ReadonlyArray<Map<string, number>> => {
  const weights = units.map(() => new Map<string, number>())
  for (const term of question) {
    const isPair = term.includes(" ")
    let holders = units.flatMap(({ terms }, i) => (terms.has(term) ? [i] : []))
    let share = isPair ? PAIR : 1
    const isNear = holders.length === 0 && !isPair ? makeNear(term) : null
    if (isNear !== null) {
      holders = units.flatMap(({ terms }, i) =>
        Array.from(terms).some((other) => !other.includes(" ") && isNear(other)) ? [i] : []
      )
      share = NEAR_FORM
    }
    const weight = share * idf(units.length, holders.length)
    for (const i of holders) weights[i]?.set(term, weight)
  }
  return weights
}

/** What a term counts that another shown unit holds. */
const SHOWN = 0.3

/** The units that a question asks for, each with the weight it brought, while they fit. */
const chooseUnits = (
  weights: ReadonlyArray<ReadonlyMap<string, number>>,
  max: number,
  takes: (index: number) => boolean
): ReadonlyMap<number, number> => {
  const chosen = new Map<number, number>()
  const shown = new Set<string>()
  const weigh = (held: ReadonlyMap<string, number>): number =>
    Array.from(held).reduce((sum, [term, weight]) => sum + weight * (shown.has(term) ? SHOWN : 1), 0)
  while (chosen.size < max) {
    let [best, bestWeight] = [-1, 0]
    for (const [i, held] of weights.entries()) {
      const weight = chosen.has(i) ? 0 : weigh(held)
      if (weight > bestWeight) [best, bestWeight] = [i, weight]
    }
    if (best < 0 || !takes(best)) break
    chosen.set(best, bestWeight)
    // Each line that reports a failure says something else.
    for (const term of weights[best]?.keys() ?? []) if (term !== FAILURE) shown.add(term)
  }
  return chosen
}

/** Takes the surroundings of the chosen units while they fit: the nearer to more weight, the sooner. Its root, so that a line which repeats the question does not take all the room. */
const widen = (
  units: ReadonlyArray<Unit>,
  anchors: ReadonlyMap<number, number>,
  takes: (index: number) => boolean
): ReadonlySet<number> => {
  const chosen = new Set(anchors.keys())
  const pull = units.map((_, i) => Math.sqrt(anchors.get(i) ?? 0))
  const back = pull.slice()
  const nearness = (i: number): number => units[i]?.nearness ?? 0
  for (let i = 1; i < units.length; i++) pull[i] = Math.max(pull[i] ?? 0, (pull[i - 1] ?? 0) * nearness(i))
  for (let i = units.length - 2; i >= 0; i--) {
    back[i] = Math.max(back[i] ?? 0, (back[i + 1] ?? 0) * nearness(i + 1) * BACKWARD)
    pull[i] = Math.max(pull[i] ?? 0, back[i] ?? 0)
  }
  const order = Array.from(units.keys()).sort((a, b) => (pull[b] ?? 0) - (pull[a] ?? 0) || a - b)
  for (const i of order) if (!chosen.has(i) && takes(i)) chosen.add(i)
  return chosen
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

/** How many units hold words of the question, at least and for so many tokens each. */
const ANCHORS_MIN = 4
const TOKENS_PER_ANCHOR = 45

/** The words of a question as a cutter reads them. */
export const readQuestion = (question: string): ReadonlySet<string> => {
  const terms = termsOf(question)
  return asksOfFailure(question) ? terms.add(FAILURE) : terms
}

/**
 * The lines and sentences of a text that a question asks for, up to `allowed` tokens, in the text's order. Where none
 * holds a word of the question, the beginning. At least one, cut if it must be.
 */
export type Cutter = (allowed: number) => string

/** Reads and weighs a text once, for cuts of any length. */
export const makeCutter = (
  text: string,
  question: ReadonlySet<string>,
  estimateTokens: TokenEstimator
): Cutter => {
  const units = toUnits(text, question, estimateTokens)
  const weights = weighTerms(units, question)
  return (allowed) => {
    let used = 2
    const takes = (index: number): boolean => {
      const { tokens = 0 } = units[index] ?? {}
      if (used > 2 && used + tokens + 1 > allowed) return false
      used += tokens + 1
      return true
    }
    const max = Math.max(ANCHORS_MIN, allowed / TOKENS_PER_ANCHOR)
    const anchors = new Map(chooseUnits(weights, max, takes))
    if (anchors.size === 0 && takes(0)) anchors.set(0, 1)
    return join(text, units, widen(units, anchors, takes))
  }
}
