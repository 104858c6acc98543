import { foldText } from "./foldText.ts"
import { readNumbers } from "./readNumbers.ts"
import { readRuns, type Run, toLower } from "./readRuns.ts"
import { joinParts, splitCase, trimZeros } from "./splitIdentifier.ts"
import { wholeForm } from "./stem.ts"
import { stopMask } from "./stopWords.ts"
import { stemId, TOKEN_MAX, toPart, toWords } from "./toWords.ts"
import { formId, type Joined, NO_TERM, type ReadText, type Word } from "./Word.ts"

/** Between the segments of an address. */
const STRONG_MARK = /[@/\\:?=&#~]+/
const MARK = /[._+'@/\\:?=&#~-]+/
/** A mark, a capital or a digit that prose does not use inside a word. */
const IDENTIFIER = /[\p{N}_@\\+&=?#~:]|\p{Ll}\p{Lu}/u
/** Most runs: tested first. */
const PLAIN_WORD = /^[A-Z]?[a-z]+$/
const LETTERS = /^[\p{L}\p{M}]+$/u
const LETTER_OR_DIGIT = /[\p{L}\p{N}\p{M}]/u
const VERSION = /^v(?=\d)/
/** `c++`, `c#`. */
const LANGUAGE = /(?:\+\+|#)$/
const ONE_LETTER = /^[a-z]$/
/** A tail of fewer letters is a contraction. */
const TAIL_MIN = 3

/** One part of an identifier as it is written, in its smallest parts. */
const splitParts = (text: string): ReadonlyArray<string> =>
  text
    .split(MARK)
    .flatMap(splitCase)
    .filter((part) => part !== "")
    .map((part) => trimZeros(toLower(part)))

const lowerBound = (sorted: ReadonlyArray<number>, value: number): number => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Collects the words of a text run by run. */
class Reader {
  readonly words: Array<Word> = []
  readonly joined: Array<Joined> = []
  /** Where in the text the run of each word ends. */
  readonly #ends: Array<number> = []

  add(run: Run): void {
    const { lower, text } = run
    if (PLAIN_WORD.test(text)) this.#push(toWords(lower), run)
    else if (text.includes("'")) this.#addName(run)
    else if (LETTERS.test(text) && !IDENTIFIER.test(text)) this.#push(toWords(lower), run)
    else if (LANGUAGE.test(text) || !LETTER_OR_DIGIT.test(text))
      this.#push([{ whole: formId("whole", lower), stem: NO_TERM, pieces: [] }], run)
    else this.#addIdentifier(run)
  }

  /** Adds numbers to the words that they span. */
  addNumbers(text: string): void {
    for (const { end, start, stem, whole } of readNumbers(text)) {
      const from = lowerBound(this.#ends, start + 1)
      // A number inside a run belongs to all its words.
      const to = lowerBound(this.#ends, Math.max(end, this.#ends[from] ?? 0) + 1)
      this.#join(from, formId("whole", whole), stem === null ? NO_TERM : formId("stem", stem), to)
    }
  }

  #push(words: ReadonlyArray<Word>, { end }: Run): void {
    for (const word of words) {
      this.words.push(word)
      this.#ends.push(end)
    }
  }

  #join(from: number, whole: number, stem: number, to = this.words.length): void {
    if (to > from) this.joined.push({ from, to, whole, stem })
  }

  #joinParts(from: number, run: string, parts: ReadonlyArray<string>): void {
    const token = joinParts(run, parts).replace(VERSION, "").slice(0, TOKEN_MAX)
    this.#join(from, formId("whole", wholeForm(token)), stemId(token))
  }

  /** Words with apostrophes: O'Brien is found by Brien too. */
  #addName(run: Run): void {
    const { lower, text } = run
    if (!LETTERS.test(lower)) {
      this.#addIdentifier(run)
      return
    }
    const from = this.words.length
    this.#push(toWords(lower), run)
    const [first = "", ...rest] = toLower(text).split("'")
    const tail = rest.join("")
    if (first + tail === lower && tail.length >= TAIL_MIN) this.#join(from, NO_TERM, stemId(tail))
  }

  /** Several parts: the whole in one spelling, each segment of an address too, and the parts. */
  #addIdentifier(run: Run): void {
    const { lower, text } = run
    const isIdentifier = IDENTIFIER.test(text)
    const from = this.words.length
    const segments = text.split(STRONG_MARK).map((segment) => ({ segment, parts: splitParts(segment) }))
    const all = segments.flatMap(({ parts }) => parts)
    for (const { parts, segment } of segments) {
      const segmentFrom = this.words.length
      for (const part of parts) {
        // Beside others, a letter is spelling (the e of e-mail) and so is a short function word (isOpen).
        const isSmall = ONE_LETTER.test(part) || (isIdentifier && part.length < 3 && stopMask(part) !== 0)
        if (all.length === 1 || !isSmall) this.#push(isIdentifier ? toPart(part) : toWords(part), run)
      }
      if (segments.length > 1 && parts.length > 1) this.#joinParts(segmentFrom, toLower(segment), parts)
    }
    if (this.words.length === from) this.#push(toWords(all.join("")), run)
    if (all.length > 1) this.#joinParts(from, lower, all)
  }
}

/** Reads a text: folds it, leaves out the function words of its language, and finds the forms of its words. */
export const readText = (text: string): ReadText => {
  const folded = foldText(text)
  const { english, meant } = readRuns(folded)
  const reader = new Reader()
  for (const run of meant) reader.add(run)
  reader.addNumbers(folded)
  return { words: reader.words, joined: reader.joined, english }
}
