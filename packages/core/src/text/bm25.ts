/**
 * The lexical form of a text. Core owns the words, so that every store counts and weighs the same ones:
 * a store sees 32-bit term ids and float weights, never a language.
 */
import { stemmer } from "stemmer"

/** Changes whenever the same text would yield other terms; part of the fingerprint. */
export const TOKENISER = "en-1"

/** BM25's parameters; part of the fingerprint. */
export interface TermSettings {
  readonly k1: number
  readonly b: number
  /** Average length assumed, in terms: fixed, so that a stored weight never goes stale. */
  readonly avgLen: number
}

/** Any `avgLen` of 15 to 60 and any `b` of .4 to .75 recall alike to ±.1 points of R@10 (docs/retrieval.md). */
export const TERM_SETTINGS: TermSettings = { k1: 1.2, b: 0.75, avgLen: 20 }

/** A document's terms: `ids` ascending and distinct, `weights[i]` the BM25 document weight of `ids[i]`. */
export interface Terms {
  readonly ids: Uint32Array
  readonly weights: Float32Array
}

/** Words that carry no subject, and interjections. Written without apostrophes, as words are compared. */
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

/** Longer runs are no words (keys, base64); their beginning tells them apart well enough. */
const TOKEN_MAX = 64

/** A word, or words held together by a mark as in `a@b.org`, `E-4012`, `snake_case`, `3:30`, `c++`. */
const RUN = /[\p{L}\p{N}\p{M}_]+(?:['.@:/-][\p{L}\p{N}\p{M}_]+)*(?:\+\+|#(?![\p{L}\p{N}_]))?/gu
/** The same for ASCII in small letters, which most text is: several times as fast. */
const PLAIN_RUN = /[a-z\d_]+(?:['.@:/-][a-z\d_]+)*(?:\+\+|#(?![a-z\d_]))?/g
const PLAIN_WORD = /^[a-z\d]+$/
// oxlint-disable-next-line no-control-regex
const PLAIN = /^[\u0000-\u007f]*$/
const MARKS = /[.@:/_+#-]+/
/** What makes a run of several parts a name of its own, to be found whole: a digit or a mark that prose does not use. */
const IDENTIFIER = /[\p{N}_@.+#]/u
/** Scripts that write no spaces: two characters at a time find a word wherever it begins. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu

/** `café` and `cafe` are one word; marks of other scripts make other letters and stay. */
const folded = (text: string): string =>
  PLAIN.test(text)
    ? text.toLowerCase()
    : text
        .normalize("NFKD")
        .replaceAll(/(\p{Script=Latin})\p{M}+/gu, "$1")
        .normalize("NFC")
        .replaceAll(/[\u2018\u2019\u02bc]/gu, "'")
        .toLowerCase()

const stems = new Map<string, string>()

/** Porter's stem of an English word. The memory of stems is dropped when full, so that it stays small. */
const stem = (word: string): string => {
  if (word.length <= 2) return word
  const known = stems.get(word)
  if (known !== undefined) return known
  if (!/^[a-z]+$/.test(word)) return word
  if (stems.size >= 20_000) stems.clear()
  const made = stemmer(word)
  stems.set(word, made)
  return made
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

/** Stemmed content words in order of appearance; an identifier comes whole and in its parts. */
export const tokenise = (text: string): ReadonlyArray<string> => {
  const tokens: Array<string> = []
  const small = folded(text)
  for (const run of small.match(PLAIN.test(small) ? PLAIN_RUN : RUN) ?? []) {
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

const encoder = new TextEncoder()

/** FNV-1a over UTF-8 with murmur's finaliser: 32 bits, so two of 10,000 words meet about once in 86 vocabularies. */
export const termId = (token: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < token.length; i++) {
    const code = token.charCodeAt(i)
    if (code > 0x7f) return finished(hashOf(encoder.encode(token)))
    hash = Math.imul(hash ^ code, 0x01000193)
  }
  return finished(hash)
}

const hashOf = (bytes: Uint8Array): number => {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}

const finished = (hash: number): number => {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** What a text's length takes from the weight of its terms. */
export const lengthPenalty = (length: number, { avgLen, b, k1 }: TermSettings): number =>
  k1 * (1 - b + (b * length) / avgLen)

/** The document side of BM25 for a term that occurs `count` times in a text of that penalty. */
export const documentWeight = (count: number, penalty: number, { k1 }: TermSettings): number =>
  (count * (k1 + 1)) / (count + penalty)

/** The terms of a text, counted. */
export interface CountedTerms {
  /**
   * Distinct term ids, ascending; how often each occurs; then every term in order of appearance. In one
   * array, since a recall reads hundreds of texts, and that is mostly waiting for memory.
   */
  readonly numbers: Uint32Array
  /** Distinct terms. */
  readonly distinct: number
  /** Terms in order of appearance. */
  readonly length: number
}

/** A text's terms and how often each occurs, before they are weighed. */
export const countTerms = (text: string): CountedTerms => {
  const tokens = tokenise(text)
  const { length } = tokens
  const sequence = new Uint32Array(length)
  for (let i = 0; i < length; i++) sequence[i] = termId(tokens[i] ?? "")
  const sorted = sequence.slice().sort()
  let distinct = 0
  for (let i = 0; i < length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) distinct++
  const numbers = new Uint32Array(2 * distinct + length)
  for (let i = 0, at = -1; i < length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) numbers[++at] = sorted[i] ?? 0
    numbers[distinct + at] = (numbers[distinct + at] ?? 0) + 1
  }
  numbers.set(sequence, 2 * distinct)
  return { numbers, distinct, length }
}

/**
 * The document side of BM25, so that a store only needs Σ idf·weight over the query's terms.
 * (Robertson & Zaragoza 2009, eq. 3.15.)
 */
export const documentTerms = (text: string, settings: TermSettings = TERM_SETTINGS): Terms => {
  const { distinct, length, numbers } = countTerms(text)
  const penalty = lengthPenalty(length, settings)
  const weights = new Float32Array(distinct)
  for (let i = 0; i < distinct; i++)
    weights[i] = documentWeight(numbers[distinct + i] ?? 0, penalty, settings)
  return { ids: numbers.slice(0, distinct), weights }
}

/** The query's distinct terms, in order of first appearance. */
export const queryTerms = (text: string): Uint32Array => Uint32Array.from(new Set(tokenise(text).map(termId)))

/** BM25's IDF: `ln(1 + (n − df + ½)/(df + ½))`, over the scope. */
export const idf = (n: number, df: number): number => Math.log(1 + (n - df + 0.5) / (df + 0.5))
