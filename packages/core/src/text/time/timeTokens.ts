/** A question as tokens for times: one scan, every token once. */
import { lazily } from "../../runtime/lazily.ts"

const UNSPACED =
  "\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}"
/** A number, a character of an unspaced script, a word, or a mark. */
const anyToken = lazily(
  () =>
    new RegExp(
      `(\\p{Nd}+)|[[${UNSPACED}]&&\\p{L}][\\p{M}ー]*|[[\\p{L}\\p{M}]--[${UNSPACED}]]+|[^\\s\\p{Nd}]`,
      "gv"
    )
)
/** The same for Latin letters, which most text has: properties of Unicode take milliseconds to compile. */
const LATIN_TOKEN = /(\d+)|[A-Za-zªµºÀ-ÖØ-öø-ɏḀ-ỿ]+|[^\s\d]/g
// oxlint-disable-next-line no-control-regex
const LATIN = /^[\u0000-\u024f\u1e00-\u1eff]*$/
/** Whether a text has no letters but Latin ones. */
export const isLatin = (text: string): boolean => LATIN.test(text)
// oxlint-disable-next-line no-control-regex
const PLAIN = /^[\u0000-\u007f]*$/

/** Longer words and numbers are no part of a time. */
const WORD_MAX = 32

export interface TimeToken {
  /** Folded; `""` for a number, and for a word that is too long. */
  readonly key: string
  /** `null` for what is no number. */
  readonly value: number | null
  /** Digits of a number. */
  readonly length: number
  readonly start: number
  readonly end: number
}

/** Scripts without case and without marks that are left out: from Thai on, Vietnamese and Greek letters aside. */
const isBare = (code: number): boolean => (code >= 0xe00 && code < 0x1e00) || code >= 0x2e80

/** Lower case, without the marks that people leave out; the signs of Indic scripts stay, which are vowels. */
export const foldWord = (word: string): string => {
  if (isBare(word.charCodeAt(0))) return word
  return PLAIN.test(word)
    ? word.toLowerCase()
    : word
        .toLowerCase()
        .normalize("NFD")
        .replaceAll(/[\u0300-\u036f\u0591-\u05c7\u064b-\u0655\u0670\u093c]/gu, "")
        .replaceAll("\u2019", "'")
        .normalize("NFC")
}

/** Zero of each script's digits. */
const ZEROS = [
  0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0,
  0xf20, 0x1040, 0x17e0, 0xff10
]

const toDigit = (code: number): number => {
  const zero = ZEROS.find((start) => code >= start && code < start + 10)
  return zero === undefined ? Number.NaN : code - zero
}

const toValue = (digits: string): number => {
  let value = 0
  for (const digit of digits) value = value * 10 + toDigit(digit.codePointAt(0) ?? 0)
  return value
}

/** The tokens of an NFC text. Marks are tokens too: a date is written with them. */
export const readTokens = (text: string): ReadonlyArray<TimeToken> => {
  const tokens: Array<TimeToken> = []
  for (const { 0: token, 1: digits, index } of text.matchAll(isLatin(text) ? LATIN_TOKEN : anyToken())) {
    const isLong = token.length > WORD_MAX
    tokens.push({
      key: digits !== undefined || isLong ? "" : foldWord(token),
      value: digits === undefined || isLong ? null : toValue(digits),
      length: token.length,
      start: index,
      end: index + token.length
    })
  }
  return tokens
}
