import type { Memory } from "../../memory/Memory.ts"
import { toSource } from "../../text/speakerNames.ts"
import { CUE } from "./cues.ts"
import { differences } from "./differences.ts"
import type { Sentence, Token } from "./readSentences.ts"
import { ARTICLES, holdsWord, isContent, isSameToken, isSameWord } from "./tokens.ts"
import { areUnspacedCopies, toCharacters } from "./unspacedCopies.ts"

/** The share of the words with a meaning that near-copies have in common, and the fewest that they have. */
const COPY_MIN = 0.75
const WORDS_MIN = 2

/** What near-copies agree in beside their words: a denial is no copy of what it denies. */
const AGREED = CUE.negation | CUE.once | CUE.perhaps | CUE.history
/** The same where no word tells: who does it, too. */
const AGREED_UNSPACED = AGREED | CUE.people | CUE.third

/** Function words that tell two statements apart by themselves: before and after, with and without. */
const DIRECTIONS =
  "before after with without from to in out on off up down over under above below inside outside vor nach mit ohne auf " +
  "ab von zu uber unter avant apres avec sans sur sous de a antes despues con sin sobre bajo desde hasta depois com sem ate " +
  "prima dopo senza sopra sotto da voor na met zonder naar przed po bez z nad pod do с без над под до после из в от once sonra ile " +
  "قبل بعد مع بدون من الى पहले बाद साथ बिना"
/** More and less, all and none, A and B, mine and yours. */
const TELLING = new Set(
  (
    `${DIRECTIONS} more less first last all none both only a b c d e i he she his her my your our their you we they ` +
    "er sie ich wir mein unser alle il elle mon notre mi tu su nuestro meu nosso mio tuo suo nostro mijn zijn haar " +
    "moj jej jego мой его ее наш benim onun"
  ).split(" ")
)
const DIRECTION = new Set(DIRECTIONS.split(" ").filter((word) => word.length > 1))
/** Particles and articles of who does something and of whom it is done to, of where from and where to. */
const PARTS: ReadonlyArray<readonly [RegExp, RegExp]> = [
  [/\p{Script=Hangul}(?:이|가|은|는|께서)$/u, /\p{Script=Hangul}(?:을|를|에게|한테|께|보다)$/u],
  [/\p{Script=Hangul}(?:에서|부터)$/u, /\p{Script=Hangul}(?:까지|으로)$/u],
  [/^(?:der|ein) /u, /^(?:den|dem|einen|einem) /u]
]

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
  /** Words that say how often, such as "always", by which copies may differ: they are among the tokens alone. */
  readonly often: ReadonlyArray<Token>
  /** Names behind the first word of a sentence, without those that an article stands before. */
  readonly names: ReadonlyArray<Token>
  /** Its characters where words are not spaced; else `""`. */
  readonly characters: string
}

const readOften = ({ placed, tokens, values }: Sentence): ReadonlyArray<Token> =>
  placed.flatMap(({ at, cue }) => {
    const token = tokens[at]
    const isPlain = cue === CUE.always && !values.some((value) => value.at === at)
    return isPlain && token !== undefined && isContent(token) ? [token] : []
  })

/** Articles of German and English, and prepositions that hold one: nouns have capitals too. */
const BEFORE_NOUNS = new Set(
  "the der die das den dem des ein eine einen einem einer am im zum zur beim vom ins ans".split(" ")
)

const readNames = ({ tokens, values }: Sentence): ReadonlyArray<Token> =>
  values.flatMap(({ at, kind }) => {
    const token = tokens[at]
    return kind === "name" && token !== undefined && !BEFORE_NOUNS.has(tokens[at - 1]?.text ?? "")
      ? [token]
      : []
  })

/** @param text whose sentences they are */
export const toOutline = (sentences: ReadonlyArray<Sentence>, text: string): Outline => {
  const often = sentences.flatMap(readOften)
  const words = sentences.flatMap(({ tokens }) =>
    tokens.filter((token) => isContent(token) && !often.includes(token))
  )
  const characters = toCharacters(text)
  const values = sentences
    .flatMap((sentence) => sentence.values)
    .filter(({ kind }) => kind !== "name")
    .map(({ kind, value }) => `${kind} ${value}`)
  return {
    words,
    tokens: sentences.flatMap(({ tokens }) => tokens),
    bits: words.reduce((bits, { ids }) => bits | (1 << ((ids.at(-1) ?? 0) & 31)), 0),
    cues:
      sentences.reduce((cues, sentence) => cues | sentence.cues, 0) &
      (characters === "" ? AGREED : AGREED_UNSPACED),
    isQuestion: sentences.some(({ isQuestion }) => isQuestion),
    values: values.sort().join("\n"),
    often,
    names: sentences.flatMap(readNames),
    characters
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

/** Whether both say how often, and not in one word: weekly and daily. */
const areOfOtherTimes = (a: Outline, b: Outline): boolean =>
  a.often.length > 0 && b.often.length > 0 && !a.often.every((word) => holdsWord(b.often, word))

/** Whether two names stand in the other order: "Sam is older than Kim", "Kim is older than Sam". */
const swapsNames = (a: Outline, b: Outline): boolean => {
  const isName = (token: Token): boolean =>
    token.isCapital && [...a.names, ...b.names].some((name) => isSameWord(name, token))
  const [own, other] = [a.words.filter(isName), b.words.filter(isName)]
  return own.length > 1 && own.some((name, at) => other[at] !== undefined && !isSameWord(name, other[at]))
}

/** What stands right before a word and tells where: "from" in "from the shed". */
const directionBefore = (tokens: ReadonlyArray<Token>, at: number): string => {
  const before = tokens[at - (ARTICLES.has(tokens[at - 1]?.text ?? "") ? 2 : 1)]?.text ?? ""
  return DIRECTION.has(before) ? before : ""
}

/** A word with the one before it. */
const written = (tokens: ReadonlyArray<Token>, at: number): string =>
  `${tokens[at - 1]?.text ?? ""} ${tokens[at]?.text ?? ""}`

const areOtherParts = (here: string, there: string): boolean =>
  PARTS.some(([one, other]) => (one.test(here) && other.test(there)) || (other.test(here) && one.test(there)))

/** Whether a word that both have is here from where it is there to, or does here what is done to it there. */
const swapsParts = (a: Outline, b: Outline): boolean =>
  a.tokens.some((token, i) => {
    if (!isContent(token)) return false
    const j = b.tokens.findIndex((other) => isSameWord(token, other))
    const other = b.tokens[j]
    if (other === undefined) return false
    if (areOtherParts(written(a.tokens, i), written(b.tokens, j))) return true
    const [here, there] = [directionBefore(a.tokens, i), directionBefore(b.tokens, j)]
    return here !== there && here !== "" && there !== ""
  })

/** Whether a word of one stands in the place of another's: Karim and Karin, room A and room B, before and after. */
const saysOtherwise = (a: Outline, b: Outline): boolean =>
  differences(a.tokens, b.tokens, isAlike).some(([own, other]) => {
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
  if (a.cues !== b.cues || a.isQuestion !== b.isQuestion || a.values !== b.values) return false
  if (a.characters !== "" && b.characters !== "") return areUnspacedCopies(a.characters, b.characters)
  if (!mayBeCopies(a, b)) return false
  const shared = a.words.filter((word) => holdsWord(b.words, word)).length
  return (
    shared >= COPY_MIN * (a.words.length + b.words.length - shared) &&
    !areOfOtherTimes(a, b) &&
    !swapsNames(a, b) &&
    !swapsParts(a, b) &&
    !saysOtherwise(a, b)
  )
}

/** Whether two memories are of one speaker and one type, and not kept apart by keys of the application. */
export const mayFold = (a: Memory, b: Memory): boolean =>
  a.speaker === b.speaker &&
  a.type === b.type &&
  (a.source === b.source || toSource(a) === toSource(b)) &&
  (a.key === null || b.key === null)
