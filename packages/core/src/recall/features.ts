/** Features of one memory for a query. Every number is absolute: none depends on other matches. */
import { type Calibration, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import type { Excerpt, RowFacts, SearchHit } from "../store/searching.ts"
import { countFromWeight, documentWeight, lengthPenalty, type TermSettings } from "../text/bm25.ts"
import { type Query, type QueryWeights, SURPRISE_MAX } from "./query.ts"
import { HELD_LENGTH, HOLDERS, IDF, SHARE, SURPRISE, weighWord } from "./QueryWords.ts"

/** A turn of a session of which a row was read, and those of the turns around it. */
export interface ReadTurn {
  row: Evidence
  /** `strongest`: the greatest prescore of the session's rows. */
  readonly session: { readonly strongest: number }
  /** Two turns before, one before, one after, two after. */
  earlier: ReadTurn | undefined
  previous: ReadTurn | undefined
  next: ReadTurn | undefined
  later: ReadTurn | undefined
}

/** A text that was read: a store may decode it when it is asked for. */
export interface RowText {
  readonly excerpt: Excerpt
}

/** What a memory holds of one part of a message; of a long text, its best passage. */
export interface Evidence {
  readonly facts: RowFacts
  /** Which part of the message it is evidence for, counted from 0. */
  readonly part: number
  /** The embedder's own cosine; `null` without vectors. */
  readonly similarity: number | null
  /** Cosine on all-MiniLM-L6-v2's scale, 0 to 1; 0 without vectors. */
  readonly cosine: number
  /** The query's words in it, a weaker form as a part of one. */
  readonly matched: number
  /** Σ surprise of those words. */
  readonly held: number
  /** 0 to 1: 1 where it alone holds what was asked, and a rare word of it. */
  readonly lone: number
  /** Bit masks of the query's terms in it: terms 0–31 in `mask0`, 32–63 in `mask1`. */
  readonly mask0: number
  readonly mask1: number
  /** TF-IDF cosine, over 5: about 0 to 1. */
  readonly tfidfCosine: number
  /** The query's word pairs of which it holds both words: the most that `countPhrases` can be. */
  readonly phrasesMax: number
  /** Words in order of appearance, repetitions included. */
  readonly length: number
  /** A quick relevance: compares the rows of a session and selects the anchors. */
  readonly prescore: number
  /** The passage whose words these are, and the one to show. */
  readonly worded: number
  readonly passage: number
  /** The text of `passage`, once it is read. */
  text: RowText | null
  /** The most that it can score whatever its text says, as far as its neighbours are read. */
  ceiling: number
  /** The part of its score that no neighbour changes; NaN before it is weighed. */
  fixedLogit: number
  /** Its place among the rows that were read; `null` for a row without a turn. */
  turn: ReadTurn | null
  /** Of the evidence for the first part: what the row is for the others, which most messages do not have. */
  others: ReadonlyArray<Evidence>
}

/** Maps a cosine of any embedder to the scale on which the weights were fitted. */
const referenceCosine = (cosine: number | null, { mean, spread }: Calibration): number => {
  if (cosine === null) return 0
  const standard = spread > 0 ? (cosine - mean) / spread : 0
  return Math.min(1, Math.max(0, REFERENCE_CALIBRATION.mean + standard * REFERENCE_CALIBRATION.spread))
}

/** Words decide which passage is shown if they hold at least this share of the query's IDF; else meaning does. */
const WORDED_SHARE = 0.5

const NO_WEIGHTS = new Float32Array()
const NO_WORDS: QueryWeights["words"] = []

/** What the current memory holds of the current word: one array for all, since thousands are weighed in a recall. */
const held = new Float64Array(HELD_LENGTH)

/** What the current memory holds of all words; as `held`, one object for all. */
const sums = { matched: 0, idf: 0, shared: 0, lexical: 0, surprise: 0, alone: 0, rarest: 0 }

/** Sets `sums` to what a text of `length` words holds of the query. */
const sumWords = (
  words: QueryWeights["words"],
  settings: TermSettings,
  termWeights: Float32Array,
  length: number,
  mask0: number,
  mask1: number
): void => {
  const penalty = lengthPenalty(length, settings)
  let matched = 0
  let idf = 0
  let shared = 0
  let lexical = 0
  let surprise = 0
  let alone = 0
  let rarest = 0
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (word === undefined || ((word.mask0 & mask0) | (word.mask1 & mask1)) === 0) continue
    weighWord(word, mask0, mask1, held)
    const keyWeight = (termWeights[word.key] ?? 0) / word.factor
    const count = keyWeight === 0 ? 1 : countFromWeight(keyWeight, penalty, settings)
    const share = held[SHARE] ?? 0
    const heldIdf = held[IDF] ?? 0
    const heldSurprise = held[SURPRISE] ?? 0
    const ofOne = heldSurprise / (held[HOLDERS] ?? 1)
    matched += share
    idf += heldIdf
    surprise += heldSurprise
    alone += ofOne
    if (ofOne > rarest) rarest = ofOne
    shared += count === 1 ? share * word.square : share * word.square * (1 + Math.log(count))
    lexical += heldIdf * documentWeight(count, penalty, settings)
  }
  sums.matched = matched
  sums.idf = idf
  sums.shared = shared
  sums.lexical = lexical
  sums.surprise = surprise
  sums.alone = alone
  sums.rarest = rarest
}

/** A part of which a store found nothing. */
const NOTHING = { cosine: null, nearest: 0, worded: 0, weights: NO_WEIGHTS, length: 0, norm: 1 }

const NO_OTHERS: ReadonlyArray<Evidence> = []

/**
 * Evidence as a class: of a literal of which many objects survive a collection, V8 puts every later object among the old
 * ones, where the thousands of dead ones keep alive what they point to.
 */
class ReadEvidence implements Evidence {
  readonly facts: RowFacts
  readonly part: number
  readonly similarity: number | null
  readonly cosine: number
  readonly matched: number
  readonly held: number
  readonly lone: number
  readonly mask0: number
  readonly mask1: number
  readonly tfidfCosine: number
  readonly phrasesMax: number
  readonly length: number
  readonly prescore: number
  readonly worded: number
  readonly passage: number
  text: RowText | null = null
  ceiling = Number.POSITIVE_INFINITY
  fixedLogit = Number.NaN
  turn: ReadTurn | null = null
  others = NO_OTHERS

  constructor(
    query: Query,
    weights: QueryWeights,
    settings: TermSettings,
    { facts, parts }: SearchHit,
    calibration: Calibration,
    at: number
  ) {
    const { cosine: similarity, length, nearest, norm, weights: termWeights, worded } = parts[at] ?? NOTHING
    let mask0 = 0
    let mask1 = 0
    for (let i = 0; i < termWeights.length; i++) {
      if (termWeights[i] === 0) continue
      if (i < 32) mask0 |= 1 << i
      else mask1 |= 1 << (i - 32)
    }
    sumWords((mask0 | mask1) === 0 ? NO_WORDS : weights.words, settings, termWeights, length, mask0, mask1)
    const { alone, idf, lexical, matched, rarest, shared, surprise } = sums
    // BM25 over the query's maximum, 0 to 1.
    const bm25 = weights.mass === 0 ? 0 : lexical / (weights.mass * (settings.k1 + 1))
    const byWords = similarity === null || idf >= WORDED_SHARE * weights.mass
    this.facts = facts
    this.part = at
    this.similarity = similarity
    this.cosine = referenceCosine(similarity, calibration)
    this.matched = matched
    this.held = surprise
    this.lone = alone === 0 ? 0 : (rarest / SURPRISE_MAX) * Math.sqrt(alone / weights.asked)
    this.mask0 = mask0
    this.mask1 = mask1
    this.tfidfCosine = shared / (weights.norm * norm) / 5
    this.phrasesMax = matched < 2 ? 0 : countPairs(query, mask0, mask1)
    this.length = length
    this.prescore = 1.2 * bm25 + 0.4 * this.tfidfCosine + this.cosine
    this.worded = worded
    this.passage = byWords ? worded : nearest
  }
}

/** Reads what a store found of one part of a message, the `at`th. */
export const toEvidence = (
  query: Query,
  weights: QueryWeights,
  settings: TermSettings,
  hit: SearchHit,
  calibration: Calibration,
  at: number
): Evidence => new ReadEvidence(query, weights, settings, hit, calibration, at)

/** The query's word pairs both of whose words are under these masks. */
const countPairs = ({ phrases }: Query, mask0: number, mask1: number): number => {
  let both = 0
  for (let i = 0; i < phrases.length; i++) {
    const phrase = phrases[i]
    if (phrase !== undefined && (phrase.mask0 & ~mask0) === 0 && (phrase.mask1 & ~mask1) === 0) both += 1
  }
  return both
}

/** Whether two words stand side by side in a text. */
const isAdjacent = (first: number, second: number, sequence: Uint32Array): boolean => {
  let at = sequence.indexOf(first)
  while (at >= 0 && sequence[at + 1] !== second) at = sequence.indexOf(first, at + 1)
  return at >= 0
}

/**
 * The query's word pairs that are adjacent in a row's text: of those alone of which it holds both words, which are few.
 * `sequence` has the keys of the text's words.
 */
export const countPhrases = (
  { phrases }: Query,
  { mask0, mask1 }: Pick<Evidence, "mask0" | "mask1">,
  sequence: Uint32Array
): number => {
  let adjacent = 0
  for (const phrase of phrases) {
    if ((phrase.mask0 & ~mask0) !== 0 || (phrase.mask1 & ~mask1) !== 0) continue
    if (isAdjacent(phrase.first, phrase.second, sequence)) adjacent += 1
  }
  return adjacent
}

/** Σ surprise of the query's words under these masks. */
export const heldUnder = ({ words }: QueryWeights, mask0: number, mask1: number): number => {
  let sum = 0
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (word === undefined || ((word.mask0 & mask0) | (word.mask1 & mask1)) === 0) continue
    weighWord(word, mask0, mask1, held)
    sum += held[SURPRISE] ?? 0
  }
  return sum
}
