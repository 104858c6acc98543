import type { TimeZone } from "../text/time/TimeZone.ts"
import { type TimeHint, timeHint } from "../text/timeHint.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import { withoutNames } from "../text/speakerNames.ts"
import { idf, selectTerms } from "../text/bm25.ts"
import { readWith } from "../text/terms/tokenisers.ts"
import { wordKey } from "../text/terms/Word.ts"
import { groupTerms, highBit, lowBit, type QueryWord } from "./QueryWords.ts"

/** Two adjacent words of a question. */
export interface Phrase {
  readonly first: number
  readonly second: number
  /** Bit masks of the two words' keys: terms 0–31 in `mask0`, 32–63 in `mask1`. */
  readonly mask0: number
  readonly mask1: number
}

/** A question, read for scoring. */
export interface Query {
  /** Embedded: the question without the names of the scope's speakers. */
  readonly text: string
  /** Distinct term ids of `text`, up to `STORE_LIMITS.queryTerms`. */
  readonly terms: Uint32Array
  /** Of the store's terms. */
  readonly tokeniser: string
  /** Its distinct words, each with the terms that stand for it. */
  readonly words: ReadonlyArray<QueryWord>
  /** Distinct pairs of adjacent words, in order. */
  readonly phrases: ReadonlyArray<Phrase>
  /** The one speaker that it names; `null` for none or several. */
  readonly speaker: string | null
  readonly time: TimeHint
}

export const readQuery = (
  query: string,
  speakers: ReadonlyArray<string>,
  now: number,
  tokeniser: string,
  zone: TimeZone
): Query => {
  const { named, text } = withoutNames(query, speakers)
  const read = readWith(tokeniser, text)
  const sequence = read.words.map(wordKey)
  const terms = Uint32Array.from(selectTerms(read, STORE_LIMITS.queryTerms))
  const indexes = new Map(Array.from(terms, (term, i) => [term, i]))
  const indexOf = (term: number): number => indexes.get(term) ?? -1
  const seen = new Set<string>()
  const phrases: Array<Phrase> = []
  for (let i = 1; i < sequence.length; i++) {
    const [first = 0, second = 0] = [sequence[i - 1], sequence[i]]
    if (first === second || seen.has(`${first} ${second}`)) continue
    seen.add(`${first} ${second}`)
    const [a, b] = [indexOf(first), indexOf(second)]
    phrases.push({ first, second, mask0: lowBit(a) | lowBit(b), mask1: highBit(a) | highBit(b) })
  }
  return {
    text,
    terms,
    tokeniser,
    words: groupTerms(read, indexOf),
    phrases,
    speaker: named.length === 1 ? (named[0] ?? null) : null,
    time: timeHint(query, now, zone)
  }
}

/** Weights of the query's terms in a scope. */
export interface QueryWeights {
  /** Rows in the scope. */
  readonly n: number
  /** BM25's IDF of each term. */
  readonly idfs: Float64Array
  /** The IDF of a term that no row has. */
  readonly idfMax: number
  /** Σ of the IDFs of the words' keys. */
  readonly mass: number
  /** The square of `1 + ln((n + 1)/(df + 1))` of each term: never below 1, for the cosine. */
  readonly squares: Float64Array
  /** √Σ of the `squares` of the words' keys. */
  readonly norm: number
}

export const weighQuery = ({ terms, words }: Query, n: number, df: ReadonlyArray<number>): QueryWeights => {
  const idfs = new Float64Array(terms.length)
  const squares = new Float64Array(terms.length)
  for (let i = 0; i < terms.length; i++) {
    const holders = df[i] ?? 0
    const smooth = 1 + Math.log((n + 1) / (holders + 1))
    idfs[i] = idf(n, holders)
    squares[i] = smooth * smooth
  }
  let mass = 0
  let square = 0
  for (const { key } of words) {
    mass += idfs[key] ?? 0
    square += squares[key] ?? 0
  }
  return { n, idfs, idfMax: idf(n, 0), mass, squares, norm: Math.sqrt(square) || 1 }
}
