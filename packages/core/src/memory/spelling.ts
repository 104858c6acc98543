/** Which spellings of a text are one statement: an id is made of `toPlainSpelling`, and the text is kept as it was said. */

/** Full stops of every script; the last ones are ellipses. */
const FULL_STOPS: ReadonlySet<string> = new Set(".。．｡﹒।॥۔։።។။᠃།…‥")
const EXCLAMATION_MARKS: ReadonlySet<string> = new Set("!！﹗‼՜߹᥄")

/** Marks of code, where spacing and case mean something. */
const CODE_MARK = /[{}<>=;`$|\\]/u
const INDENTED_LINE = /[\n\r\u2028\u2029][\t ]/u

const isCode = (text: string): boolean => CODE_MARK.test(text) || INDENTED_LINE.test(text)

/** `text` to its last character that is no space, and the index of that character. */
const trimmedEnd = (text: string, end: number): number => {
  let at = end
  while (at > 0 && (text[at - 1] ?? "").trim() === "") at--
  return at
}

/** Drops closing full stops and exclamation marks. A full stop after a space is no closing one: `git add .` */
const dropClosingMarks = (text: string): string => {
  let end = text.length
  while (end > 0) {
    const last = text[end - 1] ?? ""
    const before = trimmedEnd(text, end - 1)
    const isClosing =
      EXCLAMATION_MARKS.has(last) || (FULL_STOPS.has(last) && (before === end - 1 || before === 0))
    if (!isClosing) break
    end = before
  }
  const start = text.startsWith("¡") && end < text.length ? 1 : 0
  return end > start ? text.slice(start, end) : text
}

/** A word of letters alone, maybe joined and between marks. Other runs may be names of things, or secrets: `Hunter2`. */
const WORD = /^\p{P}*[\p{L}\p{M}]+(?:['\u2019-][\p{L}\p{M}]+)*\p{P}*$/u
/** The English pronoun, which a text in small letters has in small letters too. */
const PRONOUN = /(?<![\p{L}\p{N}\p{M}\p{Pc}])I(?=(?:['\u2019](?:m|d|ll|ve|s))?[\s,:.!?)]|$)/gu
/** Spacing other than single spaces. */
const WIDE_SPACE = /\s\s|[^\S ]/u
const CASELESS = /\p{Lo}/u

/** Without the dot that is left of Turkish `İ`. */
const toLower = (text: string): string => text.toLowerCase().replaceAll("i\u0307", "i")

/** Whether a text without small letters is all in capitals: two words at least, since one may be an abbreviation (`IT`, `US`). */
const isAllCapitals = (text: string, words: ReadonlyArray<string>): boolean =>
  !CASELESS.test(text) && words.filter((word) => WORD.test(word) && word !== word.toLowerCase()).length > 1

const lowerStart = (word: string): string => {
  if (!WORD.test(word)) return word
  const lower = toLower(word)
  const first = word.search(/\p{L}/u)
  const start = String.fromCodePoint(word.codePointAt(first) ?? 0)
  const rest = word.slice(first + start.length)
  return rest === rest.toLowerCase() ? lower : word
}

const lowerCapitals = (text: string): string => {
  if (text === text.toUpperCase()) {
    const words = text.split(" ")
    if (isAllCapitals(text, words)) {
      return words.map((word) => (WORD.test(word) ? toLower(word) : word)).join(" ")
    }
  }
  const space = text.indexOf(" ")
  const end = space < 0 ? text.length : space
  const lowered = lowerStart(text.slice(0, end)) + text.slice(end)
  return lowered.includes("I") ? lowered.replaceAll(PRONOUN, "i") : lowered
}

/**
 * The spelling that stands for all spellings of one statement: NFC, single spaces, no closing full stops and
 * exclamation marks, no capital at the beginning, no text all in capitals. A question mark and capitals inside a
 * sentence make another statement; in code, spacing and case do too.
 */
export const toPlainSpelling = (text: string): string => {
  const trimmed = text.normalize("NFC").trim()
  if (isCode(trimmed)) return dropClosingMarks(trimmed.replaceAll("\r\n", "\n"))
  const unclosed = dropClosingMarks(trimmed)
  return lowerCapitals(WIDE_SPACE.test(unclosed) ? unclosed.replaceAll(/\s+/gu, " ") : unclosed)
}
