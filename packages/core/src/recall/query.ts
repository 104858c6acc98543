import { type TimeHint, timeHint } from "../text/timeHint.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import { withoutNames } from "../text/speakerNames.ts"
import { idf } from "../text/bm25.ts"
import { termId, tokenise } from "../text/tokenise.ts"

/** Two adjacent words of a question. */
export interface Phrase {
  readonly first: number
  readonly second: number
  /** Bit masks of the two terms: terms 0–31 in `mask0`, 32–63 in `mask1`. */
  readonly mask0: number
  readonly mask1: number
}

/** A question, read for scoring. */
export interface Query {
  /** Embedded: the question without the names of the scope's speakers. */
  readonly text: string
  /** Distinct term ids of `text`, up to `STORE_LIMITS.queryTerms`. */
  readonly terms: Uint32Array
  /** Distinct pairs of adjacent terms, in order. */
  readonly phrases: ReadonlyArray<Phrase>
  /** The one speaker that it names; `null` for none or several. */
  readonly speaker: string | null
  readonly time: TimeHint
}

/** The bit of a term in `mask0` and `mask1`; 0 for a term that was cut off. */
const lowBit = (termIndex: number): number => (termIndex >= 0 && termIndex < 32 ? 1 << termIndex : 0)
const highBit = (termIndex: number): number => (termIndex >= 32 ? 1 << (termIndex - 32) : 0)

export const readQuery = (query: string, speakers: ReadonlyArray<string>, now: number): Query => {
  const { named, text } = withoutNames(query, speakers)
  const sequence = tokenise(text).map(termId)
  const terms = Uint32Array.from(new Set(sequence)).slice(0, STORE_LIMITS.queryTerms)
  const indexes = new Map(Array.from(terms, (term, i) => [term, i]))
  const seen = new Set<string>()
  const phrases: Array<Phrase> = []
  for (let i = 1; i < sequence.length; i++) {
    const [first = 0, second = 0] = [sequence[i - 1], sequence[i]]
    if (first === second || seen.has(`${first} ${second}`)) continue
    seen.add(`${first} ${second}`)
    const [a = -1, b = -1] = [indexes.get(first), indexes.get(second)]
    phrases.push({ first, second, mask0: lowBit(a) | lowBit(b), mask1: highBit(a) | highBit(b) })
  }
  return {
    text,
    terms,
    phrases,
    speaker: named.length === 1 ? (named[0] ?? null) : null,
    time: timeHint(query, now)
  }
}

/** Weights of the query's terms in a scope. */
export interface QueryWeights {
  /** Rows in the scope. */
  readonly n: number
  /** BM25's IDF of each term. */
  readonly idfs: Float64Array
  /** Σ of `idfs`. */
  readonly mass: number
  /** The square of `1 + ln((n + 1)/(df + 1))` of each term: never below 1, for the cosine. */
  readonly squares: Float64Array
  /** √Σ `squares`. */
  readonly norm: number
}

export const weighQuery = ({ terms }: Query, n: number, df: ReadonlyArray<number>): QueryWeights => {
  const idfs = new Float64Array(terms.length)
  const squares = new Float64Array(terms.length)
  let mass = 0
  let square = 0
  for (let i = 0; i < terms.length; i++) {
    const holders = df[i] ?? 0
    const weight = idf(n, holders)
    const smooth = 1 + Math.log((n + 1) / (holders + 1))
    idfs[i] = weight
    squares[i] = smooth * smooth
    mass += weight
    square += smooth * smooth
  }
  return { n, idfs, mass, squares, norm: Math.sqrt(square) || 1 }
}
