/** How many tokens a text takes. */
export type TokenEstimator = (text: string) => number

/** @deprecated Too low for most languages and for code: use `estimateTokens`. */
export const fourCharactersPerToken: TokenEstimator = (text) => Math.ceil(text.length / 4)

/** Kinds of characters that a tokeniser treats alike. */
const KIND = {
  space: 0,
  line: 1,
  digit: 2,
  lower: 3,
  upper: 4,
  /** Latin letters beyond ASCII. */
  latin: 5,
  /** Combining marks. */
  mark: 6,
  punctuation: 7,
  /** Punctuation beyond ASCII. */
  sign: 8,
  cyrillic: 9,
  greek: 10,
  hebrew: 11,
  arabic: 12,
  indic: 13,
  thai: 14,
  hangul: 15,
  kana: 16,
  han: 17,
  emoji: 18,
  other: 19
} as const

type Kind = (typeof KIND)[keyof typeof KIND]

/** Where a kind begins, in code units; ascending. */
const BEGINNINGS: ReadonlyArray<readonly [code: number, kind: Kind]> = [
  [0x80, KIND.sign],
  [0xc0, KIND.latin],
  [0x300, KIND.mark],
  [0x370, KIND.greek],
  [0x400, KIND.cyrillic],
  [0x530, KIND.other],
  [0x590, KIND.hebrew],
  [0x600, KIND.arabic],
  [0x780, KIND.other],
  [0x900, KIND.indic],
  [0xe00, KIND.thai],
  [0x1100, KIND.hangul],
  [0x1200, KIND.other],
  [0x1780, KIND.thai],
  [0x1800, KIND.other],
  [0x1e00, KIND.latin],
  [0x1f00, KIND.greek],
  [0x2000, KIND.sign],
  [0x2070, KIND.other],
  [0x2190, KIND.emoji],
  [0x3000, KIND.sign],
  [0x3040, KIND.kana],
  [0x3100, KIND.other],
  [0x3130, KIND.hangul],
  [0x3190, KIND.han],
  [0xa000, KIND.other],
  [0xac00, KIND.hangul],
  [0xd7b0, KIND.other],
  // Halves of pairs: a pair counts at its first half.
  [0xd800, KIND.emoji],
  [0xdc00, KIND.mark],
  [0xe000, KIND.other],
  [0xf900, KIND.han],
  [0xfb00, KIND.arabic],
  [0xfe00, KIND.mark],
  [0xfe70, KIND.arabic],
  [0xff00, KIND.sign],
  [0xff66, KIND.kana],
  [0xffa0, KIND.other]
]

const asciiKind = (code: number): Kind => {
  if (code === 0x0a || code === 0x0d) return KIND.line
  if (code <= 0x20 || code === 0x7f) return KIND.space
  if (code >= 0x30 && code <= 0x39) return KIND.digit
  if (code >= 0x61 && code <= 0x7a) return KIND.lower
  return code >= 0x41 && code <= 0x5a ? KIND.upper : KIND.punctuation
}

/** The kind of each code unit, made at the first estimate. */
let kinds: Uint8Array | undefined

const makeKinds = (): Uint8Array => {
  const made = new Uint8Array(0x10000)
  for (let code = 0; code < 0x80; code++) made[code] = asciiKind(code)
  for (const [i, [code, kind]] of BEGINNINGS.entries())
    made.fill(kind, code, BEGINNINGS[i + 1]?.[0] ?? 0x10000)
  return made
}

/** Tokens of a character by its kind. Words of Latin letters, digits, spaces and line ends count by the run. */
const PER_CHARACTER: Readonly<Record<number, number>> = {
  [KIND.punctuation]: 0.4,
  [KIND.sign]: 1.4,
  [KIND.cyrillic]: 0.44,
  [KIND.greek]: 0.52,
  [KIND.hebrew]: 0.49,
  [KIND.arabic]: 0.45,
  [KIND.indic]: 0.44,
  [KIND.thai]: 0.53,
  [KIND.hangul]: 1,
  [KIND.kana]: 0.98,
  [KIND.han]: 0.96,
  [KIND.emoji]: 1.9,
  [KIND.other]: 1.5,
  [KIND.mark]: 0.35
}

/** A word of `length` letters: the first four are a token or less, the next cost more, the rest of a long word little. */
const plainWord = (length: number): number =>
  0.68 + 0.56 * Math.max(0, Math.min(length, 8) - 4) + 0.15 * Math.max(0, length - 8)
/** The same in English, which tokenisers know best: a short word is a token, and so are most of the longer ones. */
const englishWord = (length: number): number => 1.04 + 0.11 * Math.min(Math.max(0, length - 3), 12)

/** Words of two to four letters as a number. */
const readShort = (text: string, start: number, length: number): number => {
  let key = 0
  for (let i = start; i < start + length; i++) key = key * 32 + (text.charCodeAt(i) & 31)
  return key
}
/** Words that most English sentences hold, and few others. */
const ENGLISH = new Set(
  "of the and you are not has had how our its his did that with this have from they what when your will just"
    .split(" ")
    .map((word) => readShort(word, 0, word.length))
)
/** The share of such words from which on a text is English. */
const ENGLISH_SHARE = 0.1
const accentedWord = (length: number): number => 1.05 + 0.5 * Math.max(0, length - 2)
const capitals = (length: number): number => 1.55 + 0.06 * (length - 1)
const digits = (length: number): number => 1.4 * Math.ceil(length / 3)
/** The space before a number is a token; that before a word belongs to it. */
const SPACE_BEFORE_DIGITS = 0.9
/** Letters that follow a digit or another word at once are part of a key or a name in code. */
const WITHIN_KEY = 0.45
const spaces = (length: number): number => (length === 1 ? 0 : 0.2 + length / 60)
const lineEnds = (length: number): number => 2 + length / 100

/** Before the first character, and behind the last one. */
const END = -1

const readKind = (kindOf: Uint8Array, text: string, at: number): number =>
  at < text.length ? (kindOf[text.charCodeAt(at)] ?? END) : END

const isLetter = (kind: number): boolean => kind === KIND.lower || kind === KIND.latin || kind === KIND.mark

/**
 * Estimates tokens without a tokeniser: at least the true number, and up to 1.3 times it, for texts of some hundred
 * tokens. Fitted to `o200k_base` on prose in 22 languages, code, tables, hexadecimal, base64, ids and emoji
 * (`pnpm exec node scripts/measure-tokens.ts`).
 */
export const estimateTokens: TokenEstimator = (text) => {
  const kindOf = (kinds ??= makeKinds())
  const { length } = text
  let tokens = 0
  /** Words of plain letters: how many, how many of them English tells by, and what they take in English and elsewhere. */
  let [words, english, inEnglish, elsewhere] = [0, 0, 0, 0]
  let at = 0
  /** The kind of the character at `at`, and of the last one of the run before. */
  let kind = readKind(kindOf, text, 0)
  let before: number = END
  while (at < length) {
    const start = at
    const first = kind
    /** The kind of the last character of the run. */
    let last = first
    kind = readKind(kindOf, text, ++at)
    if (first === KIND.upper && kind === KIND.upper) {
      while (kind === KIND.upper) kind = readKind(kindOf, text, ++at)
      // The last capital begins the next word, as in `HTTPServer`.
      if (isLetter(kind)) {
        at--
        kind = KIND.upper
      }
      tokens += capitals(at - start)
    } else if (first === KIND.upper && !isLetter(kind)) tokens += capitals(1)
    else if (first === KIND.upper || first === KIND.lower || first === KIND.latin) {
      let isPlain = first !== KIND.latin
      while (isLetter(kind)) {
        if (kind !== KIND.lower) isPlain = false
        last = kind
        kind = readKind(kindOf, text, ++at)
      }
      const size = at - start
      if (isPlain) {
        words++
        inEnglish += englishWord(size)
        elsewhere += plainWord(size)
        if (size > 1 && size < 5 && ENGLISH.has(readShort(text, start, size))) english++
      } else tokens += accentedWord(size)
      if (before === KIND.digit || before === KIND.lower || before === KIND.upper) tokens += WITHIN_KEY
    } else if (first === KIND.digit) {
      while (kind === KIND.digit) kind = readKind(kindOf, text, ++at)
      tokens += digits(at - start) + (before === END || before === KIND.space ? SPACE_BEFORE_DIGITS : 0)
    } else if (first === KIND.line) {
      while (kind === KIND.line || kind === KIND.space) {
        last = kind
        kind = readKind(kindOf, text, ++at)
      }
      tokens += lineEnds(at - start)
    } else if (first === KIND.space) {
      while (kind === KIND.space) kind = readKind(kindOf, text, ++at)
      tokens += spaces(at - start)
    } else {
      tokens += PER_CHARACTER[first] ?? 1
      // A mark that stands apart is a token of its own.
      if (first === KIND.punctuation && before === KIND.space) tokens += 0.35
    }
    before = last
  }
  const share = words === 0 ? 0 : Math.min(1, english / words / ENGLISH_SHARE)
  return Math.ceil(tokens + share * inEnglish + (1 - share) * elsewhere)
}
