/** Boundaries inside an identifier: `getUser`, `parseHTTPResponse`, `iPhone15`, `10km`. */
const BOUNDARY = /(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})|(?<=\d)(?=[^\d])|(?<=[^\d])(?=\d)/u

const PLAIN = /^[A-Za-z\d]*$/

type Kind = "lower" | "upper" | "digit"

const kindOf = (code: number): Kind => (code < 0x3a ? "digit" : code < 0x5b ? "upper" : "lower")

/** Whether a part of an ASCII word ends before `at`. */
const isBoundary = (word: string, at: number): boolean => {
  const before = kindOf(word.charCodeAt(at - 1))
  const after = kindOf(word.charCodeAt(at))
  if (before === "digit" || after === "digit") return before !== after
  if (after === "lower") return false
  return before === "lower" || (at + 1 < word.length && kindOf(word.charCodeAt(at + 1)) === "lower")
}

/** As the pattern does, several times as fast. */
const splitPlain = (word: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let start = 0
  for (let at = 1; at < word.length; at++) {
    if (!isBoundary(word, at)) continue
    parts.push(word.slice(start, at))
    start = at
  }
  parts.push(word.slice(start))
  return parts
}

/** The parts of a word that has inner capitals or digits. */
export const splitCase = (word: string): ReadonlyArray<string> =>
  PLAIN.test(word) ? splitPlain(word) : word.split(BOUNDARY)

const DIGITS = /^\d+$/

/** Numbers are compared by value: `0016` is `16`. */
export const trimZeros = (part: string): string =>
  part.charCodeAt(0) === 0x30 && DIGITS.test(part) ? part.replace(/^0+(?=\d)/, "") : part

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/** As many digits as a UUID has. */
const UUID_DIGITS = 32
const UUID = /^[\da-f]{8}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{12}$/

/**
 * Parts in one spelling: `user_profile` and `userProfile` are the same, `2.14.0` and `21.4.0` are not. `run` is the
 * identifier in lower case.
 */
export const joinParts = (run: string, parts: ReadonlyArray<string>): string => {
  if (run.length >= UUID_DIGITS && UUID.test(run)) return run.replaceAll("-", "")
  let joined = ""
  for (const part of parts) {
    const between = isDigit(joined.charCodeAt(joined.length - 1)) && isDigit(part.charCodeAt(0)) ? "." : ""
    joined += between + part
  }
  return joined
}

const HEX = /^(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{7,}$/
/** As many digits as Git shows of a commit. */
const HEX_PREFIX = 7

/** The beginning by which a hash or a UUID is named; `null` for other words. */
export const hexPrefix = (word: string): string | null =>
  word.length >= HEX_PREFIX && HEX.test(word) ? `#${word.slice(0, HEX_PREFIX)}` : null
