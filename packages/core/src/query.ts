import { type TimeHint, timeHint } from "./dates.ts"
import { STORE_LIMITS } from "./MemoryStore.ts"
import { withoutNames } from "./names.ts"
import { idf, termId, tokenise } from "./terms.ts"

/** A question as scoring reads it. */
export interface Query {
  /** What is embedded: the question without the names of the scope's speakers. */
  readonly text: string
  /** Distinct term ids of `text`. */
  readonly terms: Uint32Array
  /** Distinct neighbours among the terms, in order. */
  readonly phrases: ReadonlyArray<readonly [first: number, second: number]>
  /** The one speaker it names; `null` where it names none, or several. */
  readonly speaker: string | null
  readonly time: TimeHint
}

export const readQuery = (query: string, speakers: ReadonlyArray<string>, now: number): Query => {
  const { named, text } = withoutNames(query, speakers)
  const sequence = tokenise(text).map(termId)
  const terms = Uint32Array.from(new Set(sequence)).slice(0, STORE_LIMITS.queryTerms)
  const seen = new Set<string>()
  const phrases: Array<readonly [number, number]> = []
  for (let i = 1; i < sequence.length; i++) {
    const [first = 0, second = 0] = [sequence[i - 1], sequence[i]]
    if (first === second || seen.has(`${first} ${second}`)) continue
    seen.add(`${first} ${second}`)
    phrases.push([first, second])
  }
  return {
    text,
    terms,
    phrases,
    speaker: named.length === 1 ? (named[0] ?? null) : null,
    time: timeHint(query, now)
  }
}

/** What the query's terms weigh in a scope. */
export interface QueryWeights {
  /** Rows in the scope. */
  readonly n: number
  /** BM25's IDF of each term. */
  readonly idfs: Float64Array
  /** Σ of `idfs`. */
  readonly mass: number
  /** `1 + ln((n + 1)/(df + 1))` of each term: never below 1, for the cosine. */
  readonly smooth: Float64Array
  /** √Σ smooth². */
  readonly norm: number
}

export const weighQuery = ({ terms }: Query, n: number, df: ReadonlyArray<number>): QueryWeights => {
  const idfs = Float64Array.from(terms, (_, i) => idf(n, df[i] ?? 0))
  const smooth = Float64Array.from(terms, (_, i) => 1 + Math.log((n + 1) / ((df[i] ?? 0) + 1)))
  return {
    n,
    idfs,
    mass: idfs.reduce((sum, x) => sum + x, 0),
    smooth,
    norm: Math.sqrt(smooth.reduce((sum, x) => sum + x * x, 0)) || 1
  }
}
