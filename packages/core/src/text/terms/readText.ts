import { lowerBound } from "../../binarySearch.ts"
import { foldText } from "./foldText.ts"
import { readNumbers, type Span } from "./readNumbers.ts"
import { readRuns, type Run } from "./readRuns.ts"
import { type Reading, type RunForm, toLower, toReading } from "./RunForms.ts"
import { joinParts, splitCase, trimZeros } from "./splitIdentifier.ts"
import { wholeForm } from "./stem.ts"
import { stopMask } from "./stopWords.ts"
import { stemId, TOKEN_MAX, toPart, toWords } from "./toWords.ts"
import { formId, type Joined, NO_TERM, type ReadText, type Word, wordKey } from "./Word.ts"

/** Between the segments of an address. */
const STRONG_MARK = /[@/\\:?=&#~]+/
const MARK = /[._+'@/\\:?=&#~-]+/
/** A mark, a capital or a digit that prose does not use inside a word. */
const IDENTIFIER = /[\p{N}_@\\+&=?#~:]|\p{Ll}\p{Lu}/u
/** Most runs: tested first. */
const PLAIN_WORD = /^[A-Z]?[a-z]+$/
/** Letters and digits of ASCII, not letters alone: no other pattern need look at it. */
const PLAIN_IDENTIFIER = /^[A-Za-z]*\d[A-Za-z\d]*$/
const LETTERS = /^[\p{L}\p{M}]+$/u
const LETTER_OR_DIGIT = /[\p{L}\p{N}\p{M}]/u
const VERSION = /^v(?=\d)/
/** `c++`, `c#`. */
const LANGUAGE = /(?:\+\+|#)$/
const ONE_LETTER = /^[a-z]$/
/** A tail of fewer letters is a contraction. */
const TAIL_MIN = 3

/** One part of an identifier as it is written, in its smallest parts. */
const splitParts = (text: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  for (const marked of text.split(MARK))
    for (const part of splitCase(marked)) if (part !== "") parts.push(trimZeros(toLower(part)))
  return parts
}

/** A part of an address, and its own parts. */
interface Segment {
  readonly segment: string
  readonly parts: ReadonlyArray<string>
}

const splitSegments = (text: string): ReadonlyArray<Segment> =>
  text.split(STRONG_MARK).map((segment) => ({ segment, parts: splitParts(segment) }))

/** As `splitSegments` does, of a text without marks, in ASCII. */
const splitPlain = (text: string): Segment => ({
  segment: text,
  parts: splitCase(text).map((part) => trimZeros(part.toLowerCase()))
})

/** Collects the terms of one run. */
class RunReader {
  readonly words: Array<Word> = []
  readonly joined: Array<Joined> = []

  constructor(form: RunForm) {
    const { lower, text } = form
    if (PLAIN_IDENTIFIER.test(text)) this.#addSegments([splitPlain(text)], lower, true)
    else if (text.includes("'")) this.#addName(form)
    else if (LETTERS.test(text) && !IDENTIFIER.test(text)) this.#push(toWords(lower))
    else if (LANGUAGE.test(text) || !LETTER_OR_DIGIT.test(text))
      this.words.push({ whole: formId("whole", lower), stem: NO_TERM, pieces: [] })
    else this.#addIdentifier(form)
  }

  #push(words: ReadonlyArray<Word>): void {
    for (const word of words) this.words.push(word)
  }

  #join(from: number, whole: number, stem: number): void {
    const to = this.words.length
    if (to > from) this.joined.push({ from, to, whole, stem })
  }

  #joinParts(from: number, run: string, parts: ReadonlyArray<string>): void {
    const token = joinParts(run, parts).replace(VERSION, "").slice(0, TOKEN_MAX)
    this.#join(from, formId("whole", wholeForm(token)), stemId(token))
  }

  /** Words with apostrophes: O'Brien is found by Brien too. */
  #addName(form: RunForm): void {
    const { lower, text } = form
    if (!LETTERS.test(lower)) {
      this.#addIdentifier(form)
      return
    }
    this.#push(toWords(lower))
    const [first = "", ...rest] = toLower(text).split("'")
    const tail = rest.join("")
    if (first + tail === lower && tail.length >= TAIL_MIN) this.#join(0, NO_TERM, stemId(tail))
  }

  /** Several parts: the whole in one spelling, each segment of an address too, and the parts. */
  #addIdentifier({ lower, text }: RunForm): void {
    this.#addSegments(splitSegments(text), lower, IDENTIFIER.test(text))
  }

  #addSegments(segments: ReadonlyArray<Segment>, lower: string, isIdentifier: boolean): void {
    const all = segments.flatMap(({ parts }) => parts)
    for (const { parts, segment } of segments) {
      const segmentFrom = this.words.length
      for (const part of parts) {
        // Beside others, a letter is spelling (the e of e-mail) and so is a short function word (isOpen).
        const isSmall = ONE_LETTER.test(part) || (isIdentifier && part.length < 3 && stopMask(part) !== 0)
        if (all.length === 1 || !isSmall) this.#push(isIdentifier ? toPart(part) : toWords(part))
      }
      if (segments.length > 1 && parts.length > 1) this.#joinParts(segmentFrom, toLower(segment), parts)
    }
    if (this.words.length === 0) this.#push(toWords(all.join("")))
    if (all.length > 1) this.#joinParts(0, lower, all)
  }
}

const NOTHING_JOINED: ReadonlyArray<Joined> = []

const readRun = (form: RunForm): Reading => {
  if (PLAIN_WORD.test(form.text)) return toReading(toWords(form.lower), NOTHING_JOINED)
  const { joined, words } = new RunReader(form)
  return toReading(words, joined)
}

/** Numbers as terms of the words that they span. */
const joinNumbers = (numbers: ReadonlyArray<Span>, runs: ReadonlyArray<Run>): ReadonlyArray<Joined> => {
  /** Where in the text the run of each word ends. */
  const ends = runs.flatMap(({ end, form }) => Array.from(form.reading?.words ?? [], () => end))
  return numbers.flatMap(({ end, start, stem, whole }) => {
    const from = lowerBound(ends, start + 1)
    // A number inside a run belongs to all its words.
    const to = lowerBound(ends, Math.max(end, ends[from] ?? 0) + 1)
    const stemmed = stem === null ? NO_TERM : formId("stem", stem)
    return to > from ? [{ from, to, whole: formId("whole", whole), stem: stemmed }] : []
  })
}

/** The terms of a text by its parts: of each run, then those of numbers over several words, which have no words of their own. */
interface Parts {
  readonly parts: ReadonlyArray<Reading>
  /** Of the indexes of all words. */
  readonly numbers: ReadonlyArray<Joined>
  readonly english: boolean
}

const readAll = (text: string): Parts => {
  const folded = foldText(text)
  const { english, meant } = readRuns(folded)
  const parts: Array<Reading> = []
  for (const { form } of meant) parts.push((form.reading ??= readRun(form)))
  const numbers = readNumbers(folded)
  return { parts, numbers: numbers.length === 0 ? NOTHING_JOINED : joinNumbers(numbers, meant), english }
}

/** The terms of a text as `readText` finds them, in lists that are not joined. */
export const readParts = (text: string): ReadonlyArray<Reading> => {
  const { numbers, parts } = readAll(text)
  return numbers.length === 0 ? parts : [...parts, toReading([], numbers)]
}

/** The keys of a text's words in order (`wordKey`), as `readText` finds these. */
export const readKeys = (text: string): Uint32Array => {
  const { meant } = readRuns(foldText(text))
  const keys: Array<number> = []
  for (const { form } of meant)
    for (const word of (form.reading ??= readRun(form)).words) keys.push(wordKey(word))
  return Uint32Array.from(keys)
}

/** Reads a text: folds it, leaves out the function words of its language, and finds the forms of its words. */
export const readText = (text: string): ReadText => {
  const { english, numbers, parts } = readAll(text)
  const words: Array<Word> = []
  const joined: Array<Joined> = []
  for (const part of parts) {
    const first = words.length
    for (const word of part.words) words.push(word)
    for (const { from, stem, to, whole } of part.joined)
      joined.push({ from: first + from, to: first + to, whole, stem })
  }
  joined.push(...numbers)
  return { words, joined, english }
}
