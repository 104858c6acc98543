import type { Memory } from "../../memory/Memory.ts"
import { toSource } from "../../text/speakerNames.ts"
import { CUE } from "./cues.ts"
import type { Sentence, Token } from "./readSentences.ts"
import { holdsWord, isContent, isSameToken } from "./tokens.ts"

/** The share of the words with a meaning that near-copies have in common, and the fewest that they have. */
const COPY_MIN = 0.75
const WORDS_MIN = 2

/** What near-copies agree in beside their words: a denial is no copy of what it denies. */
const AGREED = CUE.negation | CUE.once | CUE.perhaps | CUE.history

/** Function words that tell two statements apart by themselves: before and after, with and without, A and B. */
const TELLING = new Set(
  (
    "before after with without from to in out on off up down over under above below inside outside more less " +
    "first last all none both only a b c d e i he she his her my your our their you we they vor nach mit ohne auf " +
    "ab von zu uber unter er sie ich wir mein unser alle avant apres avec sans sur sous il elle mon notre antes " +
    "despues con sin sobre bajo mi tu su nuestro depois com sem meu nosso prima dopo senza sopra sotto mio tuo " +
    "suo nostro voor na met zonder mijn zijn haar przed po bez z nad pod moj jej jego do с без над под мой его ее " +
    "наш до после once sonra ile benim onun"
  ).split(" ")
)

/** A text by what makes it a copy of another. */
export interface Outline {
  readonly words: ReadonlyArray<Token>
  readonly tokens: ReadonlyArray<Token>
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
    tokens: sentences.flatMap(({ tokens }) => tokens),
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

/** Whether two names begin alike, of which none is a form of the other: Karim and Karin. */
const areNames = (a: Token, b: Token): boolean =>
  a.isCapital &&
  b.isCapital &&
  a.ids[0] !== b.ids[0] &&
  !a.text.startsWith(b.text) &&
  !b.text.startsWith(a.text)

const isAlike = (a: Token, b: Token): boolean => isSameToken(a, b) && !areNames(a, b)

/** What stands in two rows of tokens between those that they have in common, in order: the longest common subsequence. */
const differences = (
  a: ReadonlyArray<Token>,
  b: ReadonlyArray<Token>
): ReadonlyArray<readonly [ReadonlyArray<Token>, ReadonlyArray<Token>]> => {
  const width = b.length + 1
  const lengths = new Uint16Array((a.length + 1) * width)
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) {
      const [own, other] = [a[i], b[j]]
      const isSame = own !== undefined && other !== undefined && isAlike(own, other)
      lengths[i * width + j] = isSame ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  const found: Array<readonly [ReadonlyArray<Token>, ReadonlyArray<Token>]> = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const [fromA, fromB] = [i, j]
    while ((i < a.length || j < b.length) && !(at(i, j) > at(i + 1, j) && at(i, j) > at(i, j + 1))) {
      if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) i++
      else j++
    }
    if (i > fromA || j > fromB) found.push([a.slice(fromA, i), b.slice(fromB, j)])
    i++
    j++
  }
  return found
}

/** Whether a word of one stands in the place of another's: Karim and Karin, room A and room B, before and after. */
const saysOtherwise = (a: Outline, b: Outline): boolean =>
  differences(a.tokens, b.tokens).some(([own, other]) => {
    const has = (
      tokens: ReadonlyArray<Token>,
      all: ReadonlyArray<Token>,
      isKind: (token: Token) => boolean
    ) => tokens.some((token) => isKind(token) && !all.some((one) => isAlike(one, token)))
    const isTelling = ({ text }: Token): boolean => TELLING.has(text)
    return (
      (has(own, b.tokens, isContent) && has(other, a.tokens, isContent)) ||
      (has(own, b.tokens, isTelling) && has(other, a.tokens, isTelling))
    )
  })

/** Whether two texts of one speaker say the same in nearly the same words. */
export const isNearCopy = (a: Outline, b: Outline): boolean => {
  if (!mayBeCopies(a, b)) return false
  const shared = a.words.filter((word) => holdsWord(b.words, word)).length
  return shared >= COPY_MIN * (a.words.length + b.words.length - shared) && !saysOtherwise(a, b)
}

/** Whether two memories are of one speaker and one type, and not kept apart by keys of the application. */
export const mayFold = (a: Memory, b: Memory): boolean =>
  a.speaker === b.speaker &&
  a.type === b.type &&
  (a.source === b.source || toSource(a) === toSource(b)) &&
  (a.key === null || b.key === null)
