import type { TimeZone } from "../text/time/TimeZone.ts"
import { surpriseCaps } from "../text/commonWords.ts"
import { cutMessage } from "../text/cutMessage.ts"
import { type TimeHint, timeHint } from "../text/timeHint.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import { withoutNames } from "../text/speakerNames.ts"
import { idf, selectTerms } from "../text/bm25.ts"
import { askKorean } from "../text/terms/cutWords.ts"
import { readWith } from "../text/terms/tokenisers.ts"
import { type ReadText, wordKey } from "../text/terms/Word.ts"
import { groupTerms, highBit, lowBit, type QueryWord, weighForms, type WeighedWord } from "./QueryWords.ts"

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
  /** As it was asked. */
  readonly asked: string
  /** Embedded: the question without the names of the scope's speakers. */
  readonly text: string
  /** Distinct term ids of `text`, up to `STORE_LIMITS.queryTerms`. */
  readonly terms: Uint32Array
  /** The most that each term can surprise, in nats; `Infinity` for most. */
  readonly surpriseCaps: Float64Array
  /** Of the store's terms. */
  readonly tokeniser: string
  /** Its distinct words, each with the terms that stand for it. */
  readonly words: ReadonlyArray<QueryWord>
  /** Distinct pairs of adjacent words, in order. */
  readonly phrases: ReadonlyArray<Phrase>
  /** The one speaker that it names; `null` for none or several. */
  readonly speaker: string | null
  readonly time: TimeHint
  /** How far it is from what the message asks, 0 to 1 (see `MessagePart`). */
  readonly aside: number
}

/** A message as the questions that are asked: one, or the parts of a long message. */
export const readMessage = (
  message: string,
  speakers: ReadonlyArray<string>,
  now: number,
  tokeniser: string,
  zone: TimeZone
): ReadonlyArray<Query> => {
  const parts = cutMessage(message, STORE_LIMITS.parts).map(({ aside, text }) =>
    readQuery(text, speakers, now, tokeniser, zone, aside)
  )
  const asking = parts.filter(({ terms }) => terms.length > 0)
  return asking.length === 0 ? parts.slice(0, 1) : asking
}

/** The distinct pairs of adjacent words. `indexOf` finds a term in the query's terms, or returns -1. */
const readPhrases = ({ words }: ReadText, indexOf: (term: number) => number): ReadonlyArray<Phrase> => {
  const seconds = new Map<number, Array<number>>()
  const phrases: Array<Phrase> = []
  let first = -1
  let place = -1
  words.forEach((word, i) => {
    const second = wordKey(word)
    const at = indexOf(second)
    const known = seconds.get(first)
    if (i > 0 && first !== second && known?.includes(second) !== true) {
      if (known === undefined) seconds.set(first, [second])
      else known.push(second)
      phrases.push({
        first,
        second,
        mask0: lowBit(place) | lowBit(at),
        mask1: highBit(place) | highBit(at)
      })
    }
    first = second
    place = at
  })
  return phrases
}

export const readQuery = (
  query: string,
  speakers: ReadonlyArray<string>,
  now: number,
  tokeniser: string,
  zone: TimeZone,
  aside = 0
): Query => {
  const { named, text } = withoutNames(query, speakers)
  const read = askKorean(readWith(tokeniser, text), text)
  const selected = selectTerms(read, STORE_LIMITS.queryTerms)
  const terms = new Uint32Array(selected.length)
  const places = new Map<number, number>()
  const caps = surpriseCaps(tokeniser, read.english, text)
  const surpriseMax = new Float64Array(selected.length)
  selected.forEach((term, i) => {
    terms[i] = term
    places.set(term, i)
    surpriseMax[i] = caps.get(term) ?? Number.POSITIVE_INFINITY
  })
  const indexOf = (term: number): number => places.get(term) ?? -1
  return {
    asked: query,
    text,
    terms,
    surpriseCaps: surpriseMax,
    tokeniser,
    words: groupTerms(read, indexOf),
    phrases: readPhrases(read, indexOf),
    speaker: named.length === 1 ? (named[0] ?? null) : null,
    // The dates of a pasted text are no times that are asked for: it has one for most memories.
    time: timeHint(aside < 1 ? query : "", now, zone),
    aside
  }
}

/** Weights of the query's terms in a scope. */
export interface QueryWeights {
  /** Rows in the scope. */
  readonly n: number
  /** BM25's IDF of each term. */
  readonly idfs: Float64Array
  readonly words: ReadonlyArray<WeighedWord>
  /** Σ of the IDFs of the words' keys. */
  readonly mass: number
  /** √Σ of the words' squares. */
  readonly norm: number
  /** Σ of the words' surprises. */
  readonly asked: number
}

/**
 * Before its rows are counted, a scope is taken for one of `rows` rows of which a share of `share` holds a word: a young
 * scope does not know which words are rare.
 */
const PRIOR = { rows: 500, share: 5e-4 } as const
/** Least and greatest surprise of a word, in nats. */
const SURPRISE_MIN = 0.05
export const SURPRISE_MAX = 10

/** How much it tells that a row holds a term, in nats: −ln of the share of rows that do, for a scope of `n`. */
const toSurprise = (n: number, holders: number): number => {
  const share = (holders + PRIOR.rows * PRIOR.share) / (Math.max(n, holders) + PRIOR.rows)
  return Math.min(SURPRISE_MAX, Math.max(SURPRISE_MIN, -Math.log(share)))
}

export const weighQuery = (
  { surpriseCaps: caps, terms, words }: Query,
  n: number,
  df: ReadonlyArray<number>
): QueryWeights => {
  const idfs = new Float64Array(terms.length)
  const surprises = new Float64Array(terms.length)
  for (let i = 0; i < terms.length; i++) {
    const holders = df[i] ?? 0
    idfs[i] = idf(n, holders)
    surprises[i] = Math.min(caps[i] ?? SURPRISE_MAX, toSurprise(n, holders))
  }
  const counts = { idfs, idfMax: idf(n, 0), surprises, holders: df }
  const weighed = words.map((word) => {
    const smooth = 1 + Math.log((n + 1) / ((df[word.key] ?? 0) + 1))
    return weighForms(word, counts, smooth * smooth)
  })
  let mass = 0
  let squares = 0
  let asked = 0
  for (const word of weighed) {
    mass += word.idf
    squares += word.square
    asked += word.surprise
  }
  return { n, idfs, words: weighed, mass, norm: Math.sqrt(squares) || 1, asked }
}
