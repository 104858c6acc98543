/** A text as words with their places, for names of people: one scan, no pattern made from data. */
import { lazily } from "../../runtime/lazily.ts"

/** Scripts without spaces between words: each character is a word of its own here. */
const UNSPACED =
  "\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{Script=Bopomofo}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}"

/** A character of an unspaced script, a word, or any other mark. */
const unitPattern = lazily(
  () =>
    new RegExp(
      `([[${UNSPACED}]&&[\\p{L}\\p{N}]][\\p{M}ー]*)|([[\\p{L}\\p{N}\\p{M}_]--[${UNSPACED}]]+)|\\S`,
      "gv"
    )
)
// oxlint-disable-next-line no-control-regex
const PLAIN = /^[\u0000-\u007f]*$/
/** Whether marks can be left out: letters of Latin, Greek and Cyrillic beyond ASCII. */
const MARKED = /[\u00c0-\u052f\u1e00-\u1fff]/

/** Longer runs are no part of a name. */
const WORD_MAX = 64

/** A word, a character of an unspaced script, or a mark. */
export interface NameUnit {
  /** Without marks that people leave out; `""` for a run that is too long. */
  readonly key: string
  readonly start: number
  readonly end: number
  readonly kind: "word" | "character" | "mark"
}

/** Marks on letters of Latin and Greek are left out as often as not (`Jose`, `Zoe`), and so are the dots of `ё`. */
const dropMarks = (word: string): string =>
  MARKED.test(word)
    ? word
        .normalize("NFD")
        .replaceAll(/([\p{Script=Latin}\p{Script=Greek}]|[её](?=\u0308))\p{M}+/giu, "$1")
        .normalize("NFC")
    : word

const isPlainWord = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95

const isPlainSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13)

/** The units of ASCII, which most text is: several times as fast as by a pattern. */
const readPlainUnits = (text: string): ReadonlyArray<NameUnit> => {
  const units: Array<NameUnit> = []
  let start = 0
  while (start < text.length) {
    const code = text.charCodeAt(start)
    let end = start + 1
    const isWord = isPlainWord(code)
    if (isWord) while (isPlainWord(text.charCodeAt(end))) end++
    if (!isPlainSpace(code)) {
      const key = end - start > WORD_MAX ? "" : text.slice(start, end)
      units.push({ key, start, end, kind: isWord ? "word" : "mark" })
    }
    start = end
  }
  return units
}

/** The units of an NFC text, in order. */
export const readUnits = (text: string): ReadonlyArray<NameUnit> => {
  if (PLAIN.test(text)) return readPlainUnits(text)
  const units: Array<NameUnit> = []
  for (const { 0: unit, 1: character, 2: word, index } of text.matchAll(unitPattern())) {
    const kind = character === undefined ? (word === undefined ? "mark" : "word") : "character"
    const key =
      unit.length > WORD_MAX ? "" : kind === "word" ? dropMarks(unit) : unit === "\u2019" ? "'" : unit
    units.push({ key, start: index, end: index + unit.length, kind })
  }
  return units
}
