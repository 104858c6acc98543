/**
 * Text to terms. Core owns the words, so that every store counts and weighs the same ones: a store sees
 * 32-bit term ids and float weights, never a language.
 */
import { stemmer } from "stemmer"
import { lazily } from "../runtime/lazily.ts"

/** Function words and interjections, without apostrophes, as words are compared. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    "a about above after again against all also am an and any are arent as at be because been before being " +
    "below between both but by can cant cannot could couldnt did didnt do does doesnt doing dont down during " +
    "each few for from further had hadnt has hasnt have havent having he her here hers herself hes him himself " +
    "his how i id if ill im in into is isnt it its itself ive just lets let me more most my myself no nor not " +
    "now of off on once only or other our ours ourselves out over own same she shes should shouldnt so some " +
    "such than that thats the their theirs them themselves then there theres these they theyre theyve this " +
    "those through to too under until up us very was wasnt we were werent weve what whats when where which " +
    "while who whom why will with wont would wouldnt you youd youll your youre yours yourself yourselves youve " +
    "hey hi oh ok okay wow yeah"
  ).split(" ")
)

/** Longer runs are keys or base64, not words: the first characters tell them apart. */
const TOKEN_MAX = 64

/** A word, or words joined by a mark as in `a@b.org`, `E-4012`, `snake_case`, `3:30`, `c++`. */
const anyRun = lazily(
  () => /[\p{L}\p{N}\p{M}_]+(?:['.@:/-][\p{L}\p{N}\p{M}_]+)*(?:\+\+|#(?![\p{L}\p{N}_]))?/gu
)
/** The same for lower-case ASCII, which most text is: several times as fast. */
const PLAIN_RUN = /[a-z\d_]+(?:['.@:/-][a-z\d_]+)*(?:\+\+|#(?![a-z\d_]))?/g
const PLAIN_WORD = /^[a-z\d]+$/
// oxlint-disable-next-line no-control-regex
const PLAIN = /^[\u0000-\u007f]*$/
const MARKS = /[.@:/_+#-]+/
/** A digit or a mark that prose does not use makes a run of several parts an identifier, found whole too. */
const IDENTIFIER = /[\p{N}_@.+#]/u
/** Scripts without spaces: pairs of characters find a word wherever it begins. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu

/** Folds `café` to `cafe`; marks of other scripts make other letters and stay. */
const fold = (text: string): string =>
  PLAIN.test(text)
    ? text.toLowerCase()
    : text
        .normalize("NFKD")
        .replaceAll(/(\p{Script=Latin})\p{M}+/gu, "$1")
        .normalize("NFC")
        .replaceAll(/[\u2018\u2019\u02bc]/gu, "'")
        .toLowerCase()

const stems = new Map<string, string>()

/** Porter's stem of an English word. The cache is cleared when full. */
const stem = (word: string): string => {
  if (word.length <= 2) return word
  const cached = stems.get(word)
  if (cached !== undefined) return cached
  if (!/^[a-z]+$/.test(word)) return word
  if (stems.size >= 20_000) stems.clear()
  const stemmed = stemmer(word)
  stems.set(word, stemmed)
  return stemmed
}

const pairs = (run: string): ReadonlyArray<string> => {
  const characters = Array.from(run)
  return characters.length === 1
    ? characters
    : characters.slice(1).map((character, i) => `${characters[i] ?? ""}${character}`)
}

const pushWord = (tokens: Array<string>, part: string): void => {
  const word = part.includes("'") ? part.replace(/'s$/, "").replaceAll("'", "") : part
  if (word === "" || STOP_WORDS.has(word)) return
  if (PLAIN.test(word)) {
    tokens.push(stem(word.slice(0, TOKEN_MAX)))
    return
  }
  const spaced = word.replaceAll(UNSPACED, (run) => {
    tokens.push(...pairs(run))
    return " "
  })
  for (const rest of spaced.split(" ")) if (rest !== "") tokens.push(stem(rest.slice(0, TOKEN_MAX)))
}

/** Stemmed content words in order of appearance; an identifier appears whole and in its parts. */
export const tokenise = (text: string): ReadonlyArray<string> => {
  const tokens: Array<string> = []
  const lower = fold(text)
  for (const run of lower.match(PLAIN.test(lower) ? PLAIN_RUN : anyRun()) ?? []) {
    if (PLAIN_WORD.test(run)) {
      if (!STOP_WORDS.has(run)) tokens.push(stem(run.slice(0, TOKEN_MAX)))
      continue
    }
    const parts = run.split(MARKS)
    if (parts.length > 1 && IDENTIFIER.test(run)) tokens.push(run.slice(0, TOKEN_MAX))
    for (const part of parts) pushWord(tokens, part)
  }
  return tokens
}
