// oxlint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/

/** Marks beyond these are no language: normalising a longer row of them takes quadratic time. */
const LONG_MARKS = /(\p{M}{8})\p{M}+/gu

/** Ligatures of a phrase, which would expand up to eighteenfold, to their usual abbreviation. */
const PHRASES: Readonly<Record<string, string>> = {
  "\ufdfa": "صلعم",
  "\ufdfb": "جل جلاله",
  "\u2122": " ",
  "\u2120": " "
}
const PHRASE = /[\ufdfa\ufdfb\u2122\u2120]/gu

/** Format characters (soft hyphens, zero widths, directions) and variation selectors. */
const INVISIBLE = /[\p{Cf}\ufe00-\ufe0f]/gu

const DASH = /[\p{Pd}\u2212]/gu
const APOSTROPHE = /[\u2018\u2019\u02bc\u02bb\u02b9\u00b4\u0060\u05f3]/gu
/** Between Hebrew letters, marks an acronym. */
const GERSHAYIM = /(?<=[\u05d0-\u05ea])["\u05f4\u201d](?=[\u05d0-\u05ea])/gu
/** й, ў and ї are letters of their own; ё is read as е. */
const CYRILLIC_LETTER = /[ИиУу]\u0306|[Іі]\u0308/gu
/**
 * Accents (of Latin, Greek, Cyrillic), Hebrew points, Arabic vowel marks and tatweel, Indic nuktas, marks of symbols.
 * Vowel signs and viramas are letters and stay.
 */
const ACCENTS =
  "\\u0300-\\u036f\\u0483-\\u0487\\u0591-\\u05c7\\u0610-\\u061a\\u0640\\u064b-\\u065f\\u0670\\u06d6-\\u06dc\\u06df-\\u06ed" +
  "\\u08d3-\\u08ff\\u093c\\u09bc\\u0a3c\\u0abc\\u0b3c\\u0cbc\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20f0\\ufe20-\\ufe2f"
const ACCENT = new RegExp(`[${ACCENTS}]+`, "gu")

/** Letters that Unicode does not decompose. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: "ss",
  ẞ: "ss",
  æ: "ae",
  Æ: "ae",
  œ: "oe",
  Œ: "oe",
  þ: "th",
  Þ: "th",
  ø: "o",
  Ø: "O",
  ł: "l",
  Ł: "L",
  đ: "d",
  Đ: "D",
  ð: "d",
  Ð: "D",
  ħ: "h",
  Ħ: "H",
  ŧ: "t",
  Ŧ: "T",
  ı: "i",
  ə: "e",
  Ə: "E",
  ŋ: "n",
  Ŋ: "N",
  ς: "σ",
  ґ: "г",
  Ґ: "Г",
  ى: "ي",
  ی: "ي",
  ې: "ي",
  ک: "ك",
  ھ: "ه",
  ہ: "ه",
  ە: "ه",
  ة: "ه",
  ٱ: "ا",
  ך: "כ",
  ם: "מ",
  ן: "נ",
  ף: "פ",
  ץ: "צ"
}
const LETTER = new RegExp(`[${Object.keys(LETTERS).join("")}]`, "gu")
const FRACTION = /\u2044/gu
const FOREIGN_DIGIT = /[^\P{Nd}0-9]/gu

const digits = new Map<string, string>()

/** Unicode lists the ten digits of a script in order: counts back to its zero. */
const toDigit = (character: string): string => {
  const known = digits.get(character)
  if (known !== undefined) return known
  const codePoint = character.codePointAt(0) ?? 0
  let value = 0
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(codePoint - value - 1))) value++
  const digit = String(value)
  digits.set(character, digit)
  return digit
}

/**
 * Brings the spellings of a word together: compatibility forms, accents, letters of Latin, Greek, Cyrillic, Arabic and
 * Hebrew that are written in two ways, digits of every script, dashes, apostrophes, invisible characters. Keeps capitals.
 */
export const foldText = (text: string): string =>
  ASCII.test(text)
    ? text
    : text
        .replaceAll(PHRASE, (character) => PHRASES[character] ?? " ")
        .replaceAll(INVISIBLE, "")
        .replaceAll(APOSTROPHE, "'")
        .replaceAll(LONG_MARKS, "$1")
        .normalize("NFKD")
        .replaceAll(CYRILLIC_LETTER, (letter) => letter.normalize("NFC"))
        .replaceAll(ACCENT, "")
        .normalize("NFC")
        .replaceAll(LETTER, (letter) => LETTERS[letter] ?? letter)
        .replaceAll(FOREIGN_DIGIT, toDigit)
        .replaceAll(GERSHAYIM, "")
        .replaceAll(DASH, "-")
        .replaceAll(FRACTION, "/")
