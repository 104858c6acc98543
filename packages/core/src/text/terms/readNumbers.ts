/** Numbers that are written in several ways, each as one more term of the words that it spans. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly whole: string
  readonly stem: string | null
}

/** `1,250,000`, `1.250.000`, `1'250'000`, `12 500`. */
const GROUPED = /(?<![\p{L}\d.,'])\d{1,3}([.,' ])\d{3}(?:\1\d{3})*(?![.,' ]?\d)(?!\p{L})/gu
/** A phone number: groups of digits with spaces, dashes, dots or brackets between them. */
const PHONE = /(?<![\p{L}\d.,:/-])[+(]?\d{1,5}(?:[ ().\-/]{1,3}\d{1,6}){1,7}(?![\d:]|\p{L})/gu
const PHONE_DIGITS = 7
const IBAN = /(?<![\p{L}\d])[A-Za-z]{2}\d{2}(?: [\dA-Za-z]{4}){2,7}(?: [\dA-Za-z]{1,4})?(?![\p{L}\d])/gu
const CLOCK = /(?<![\d:.])([01]?\d|2[0-3])(?::([0-5]\d))?(?: ?([ap])\.?m\b\.?)?(?![\d:])/giu
const THOUSANDS = /(?<![\p{L}\d.,])(\d{1,6})k(?![\p{L}\d])/giu

/** The last digits of a phone number are the same with and without its country. */
const phoneTail = (digits: string): string => `#${digits.slice(-PHONE_DIGITS)}`

const toClock = (match: RegExpMatchArray): string | null => {
  const [, hour = "", minute, half] = match
  if (minute === undefined && half === undefined) return null
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (/p/i.test(half) ? 12 : 0)
  return `${hours}h${Number(minute ?? 0)}`
}

/** Most texts with digits have none that these patterns find: what each of them needs is looked for first. */
const MAY_MATCH = /\d(?:[.,'()\-/:k]|[ap]| (?:[ ().\-/\d]|[ap]\.?m))|[A-Za-z]{2}\d{2} /iu

const NO_SPANS: ReadonlyArray<Span> = []

/** The numbers of a text that hold several runs or are written in several ways. */
export const readNumbers = (text: string): ReadonlyArray<Span> => {
  if (!MAY_MATCH.test(text)) return NO_SPANS
  const spans: Array<Span> = []
  const add = (match: RegExpMatchArray, whole: string, stem: string | null = null) =>
    spans.push({ start: match.index ?? 0, end: (match.index ?? 0) + match[0].length, whole, stem })
  for (const match of text.matchAll(GROUPED))
    add(match, match[0].replaceAll(/\D/gu, "").replace(/^0+(?=\d)/, ""))
  for (const match of text.matchAll(PHONE)) {
    const digits = match[0].replaceAll(/\D/gu, "")
    if (digits.length >= PHONE_DIGITS) add(match, digits, phoneTail(digits))
  }
  for (const match of text.matchAll(IBAN)) add(match, match[0].replaceAll(" ", "").toLowerCase())
  for (const match of text.matchAll(CLOCK)) {
    const clock = toClock(match)
    if (clock !== null) add(match, clock)
  }
  for (const match of text.matchAll(THOUSANDS)) add(match, `${match[1] ?? ""}000`)
  return spans
}

/** The stem of a long row of digits, a phone number perhaps; `null` for a short one. */
export const digitsStem = (digits: string): string | null =>
  digits.length >= PHONE_DIGITS ? phoneTail(digits) : null
