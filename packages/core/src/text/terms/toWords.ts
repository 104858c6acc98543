import { cutCjk, cutHangul, cutScripts, cutSyllabic } from "./cutWords.ts"
import { hexPrefix, trimZeros } from "./splitIdentifier.ts"
import { digitsStem } from "./readNumbers.ts"
import { isCommon, stemWord, wholeForm } from "./stem.ts"
import { formId, NO_TERM, type Word } from "./Word.ts"

/** Longer runs are keys or base64, not words: the first characters tell them apart. */
export const TOKEN_MAX = 64

const DIGITS = /^\d+$/
const HAS_DIGIT = /\d/

/** A word of this length may be a compound. */
const COMPOUND_MIN = 10
const PIECE_LETTERS = 5
/** Of so many rows of characters that follow each other, one is kept. */
const PIECE_WINDOW = 3

/**
 * Rows of characters of a long word, by which a compound is found by its parts. Of each window the row with the least
 * id is kept: which one depends on the characters alone, so words that share a part share its rows.
 */
const compoundPieces = (word: string): ReadonlyArray<number> => {
  if (word.length < COMPOUND_MIN || HAS_DIGIT.test(word)) return []
  const rows: Array<number> = []
  for (let i = 0; i + PIECE_LETTERS <= word.length; i++)
    rows.push(formId("piece", word.slice(i, i + PIECE_LETTERS)))
  const pieces = new Set<number>()
  for (let i = 0; i + PIECE_WINDOW <= rows.length; i++)
    pieces.add(Math.min(...rows.slice(i, i + PIECE_WINDOW)))
  return Array.from(pieces)
}

/** The stem of a word of an alphabet, digits included: numbers have none. */
export const stemId = (word: string): number => {
  if (DIGITS.test(word)) {
    const stem = digitsStem(word)
    return stem === null ? NO_TERM : formId("stem", stem)
  }
  const prefix = hexPrefix(word)
  if (prefix !== null) return formId("stem", prefix)
  if (HAS_DIGIT.test(word)) return formId("stem", word)
  return word.length === 1 && word.charCodeAt(0) < 0x80 ? NO_TERM : formId("stem", stemWord(word))
}

const alphabetWord = (text: string): Word => {
  const word = trimZeros(text.slice(0, TOKEN_MAX))
  const whole = wholeForm(word)
  return {
    whole: formId("whole", whole),
    stem: isCommon(whole) ? NO_TERM : stemId(word),
    // A stem: an English word is long by its endings, and no compound.
    pieces: compoundPieces(whole)
  }
}

const toIds = (pieces: ReadonlyArray<string>): ReadonlyArray<number> =>
  pieces.map((piece) => formId("piece", piece))

/** A run of letters and digits, folded and in lower case. */
const readWords = (run: string): ReadonlyArray<Word> =>
  cutScripts(run).flatMap(({ kind, text }): ReadonlyArray<Word> => {
    if (kind === "alphabet" || kind === "digit") return [alphabetWord(text)]
    if (kind === "hangul") {
      const word = text.slice(0, TOKEN_MAX)
      const { pieces, stem } = cutHangul(word)
      return [{ whole: formId("whole", stem), stem: NO_TERM, pieces: toIds(pieces) }]
    }
    const cuts = kind === "cjk" ? cutCjk(text) : cutSyllabic(text)
    return cuts.map(({ pieces, whole }) => ({
      whole: whole === null ? NO_TERM : formId("whole", whole),
      stem: NO_TERM,
      pieces: toIds(pieces)
    }))
  })

/** Runs whose words are kept: most text repeats them. */
const CACHED_RUNS = 20_000
const CACHED_LENGTH = 32
const cache = new Map<string, ReadonlyArray<Word>>()

/** The words of a run of letters and digits, folded and in lower case. */
export const toWords = (run: string): ReadonlyArray<Word> => {
  // Too many to be kept, and read as soon as they are found.
  if (DIGITS.test(run)) return [alphabetWord(run)]
  const cached = cache.get(run)
  if (cached !== undefined) return cached
  const words = readWords(run)
  if (run.length > CACHED_LENGTH) return words
  if (cache.size >= CACHED_RUNS) cache.clear()
  cache.set(run, words)
  return words
}

/** A part of an identifier: a number is a word, letters are a term by their stem alone. */
export const toPart = (part: string): ReadonlyArray<Word> =>
  toWords(part).map((word) =>
    word.stem === NO_TERM || DIGITS.test(part) ? word : { whole: NO_TERM, stem: word.stem, pieces: [] }
  )
