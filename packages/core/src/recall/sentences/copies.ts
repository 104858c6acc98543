import type { Memory } from "../../memory/Memory.ts"
import { toSource } from "../../text/speakerNames.ts"
import { CUE } from "./cues.ts"
import type { Sentence, Token } from "./readSentences.ts"
import { holdsWord, isContent } from "./tokens.ts"

/** The share of the words with a meaning that near-copies have in common, and the fewest that they have. */
const COPY_MIN = 0.75
const WORDS_MIN = 2

/** What near-copies agree in beside their words: a denial is no copy of what it denies. */
const AGREED = CUE.negation | CUE.once | CUE.perhaps | CUE.history

/** A text by what makes it a copy of another. */
export interface Outline {
  readonly words: ReadonlyArray<Token>
  /** Bits of the words, several words a bit: two texts with few bits in common are no copies. */
  readonly bits: number
  readonly cues: number
  readonly isQuestion: boolean
  /** Its values in one spelling; a name is a word like others. */
  readonly values: string
}

export const toOutline = (sentences: ReadonlyArray<Sentence>): Outline => {
  const words = sentences.flatMap(({ tokens }) => tokens.filter(isContent))
  const values = sentences
    .flatMap((sentence) => sentence.values)
    .filter(({ kind }) => kind !== "name")
    .map(({ kind, value }) => `${kind} ${value}`)
  return {
    words,
    bits: words.reduce((bits, { ids }) => bits | (1 << ((ids.at(-1) ?? 0) & 31)), 0),
    cues: sentences.reduce((cues, sentence) => cues | sentence.cues, 0) & AGREED,
    isQuestion: sentences.some(({ isQuestion }) => isQuestion),
    values: values.sort().join("\n")
  }
}

const countBits = (bits: number): number => {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}

/** Whether two outlines may be of copies, by what is cheap to compare. */
const mayBeCopies = (a: Outline, b: Outline): boolean => {
  const [fewer, more] = [Math.min(a.words.length, b.words.length), Math.max(a.words.length, b.words.length)]
  return (
    fewer >= WORDS_MIN &&
    fewer >= COPY_MIN * more &&
    a.cues === b.cues &&
    a.isQuestion === b.isQuestion &&
    a.values === b.values &&
    2 * countBits(a.bits & b.bits) >= countBits(a.bits | b.bits)
  )
}

/** Whether two texts of one speaker say the same in nearly the same words. */
export const isNearCopy = (a: Outline, b: Outline): boolean => {
  if (!mayBeCopies(a, b)) return false
  const shared = a.words.filter((word) => holdsWord(b.words, word)).length
  return shared >= COPY_MIN * (a.words.length + b.words.length - shared)
}

/** Whether two memories are of one speaker and one type, and not kept apart by keys of the application. */
export const mayFold = (a: Memory, b: Memory): boolean =>
  a.speaker === b.speaker &&
  a.type === b.type &&
  (a.source === b.source || toSource(a) === toSource(b)) &&
  (a.key === null || b.key === null)
