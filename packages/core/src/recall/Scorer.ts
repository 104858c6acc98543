/** Relevance as a calibrated probability: a logistic over absolute features of the query and the memory. */
import { DAY_MS } from "../memory/duration.ts"
import type { SessionNeighbours } from "./SessionNeighbours.ts"
import { timeMatch } from "../text/timeHint.ts"
import { type Evidence, heldUnder } from "./features.ts"
import { isName, toSource } from "../text/speakerNames.ts"
import type { Query, QueryWeights } from "./query.ts"
import { FEATURES, HALF_LIFE_DAYS, type Weights, WORDS_ONLY } from "./weights.ts"

/** Each feature's part of the score in logits: they add up to `logit`, and `score` is `1/(1 + e^−logit)`. */
export interface Explanation {
  readonly logit: number
  readonly parts: { readonly [feature: string]: number }
}

/** The index of each feature. */
const AT = Object.fromEntries(FEATURES.map((feature, i) => [feature, i])) as {
  readonly [feature in keyof Weights]: number
}

/**
 * What was asked and is held together, in nats, at which evidence reaches one half: about a rare word, and more where
 * more is asked, since the words of a long message are met by chance.
 */
const HALF_AT = 8
const HALF_AT_SHARE = 0.15
const saturate = (held: number, asked: number): number => held / (held + HALF_AT + HALF_AT_SHARE * asked)

/** A message that asks little is never covered: all that "ok next" holds is no evidence. */
const ASKED_MIN = 4

/** A neighbour lifts no further than this likeness. */
const NEIGHBOUR_MAX = 0.4
const PHRASES_MAX = 3
/** Length in words at which a text is neither short nor long. */
const USUAL_LENGTH = 20
/** Rows of a usual scope. */
const USUAL_SIZE = 600

const recency = ({ facts }: Evidence, now: number): number =>
  2 ** (-Math.max(0, now - facts.saidAt) / DAY_MS / HALF_LIFE_DAYS[facts.type])

const toArray = (table: Weights): Float64Array => Float64Array.from(FEATURES, (feature) => table[feature])
const BY_WORDS = toArray(WORDS_ONLY)

const EVERY = Uint8Array.from(FEATURES.keys())
/** What changes with the neighbours and the phrases that are read. */
const OPEN = Uint8Array.of(AT.phrases, AT.neighbour, AT.previousMeaning, AT.window, AT.session, AT.opening)
const FIXED = EVERY.filter((at) => !OPEN.includes(at))

/** Scores the memories of one recall. */
export class Scorer {
  readonly #table: Weights
  readonly #weightOf: Float64Array
  readonly #query: Query
  readonly #weights: QueryWeights
  readonly #neighbours: SessionNeighbours
  readonly #now: number
  readonly #size: number
  /** Of the current memory. One array for all: hundreds are weighed for each few that are returned. */
  readonly #features = new Float64Array(FEATURES.length)

  constructor(
    table: Weights,
    query: Query,
    weights: QueryWeights,
    neighbours: SessionNeighbours,
    now: number
  ) {
    this.#table = table
    this.#weightOf = table === WORDS_ONLY ? BY_WORDS : toArray(table)
    this.#query = query
    this.#weights = weights
    this.#neighbours = neighbours
    this.#now = now
    this.#size = Math.log(Math.max(1, weights.n) / USUAL_SIZE)
    this.#features[AT.bias] = 1
    this.#features[AT.aside] = query.aside
  }

  /**
   * `phrases`: how many of the query's word pairs are adjacent in the text. A row without a vector scores no less than
   * where no row has one.
   */
  logit(row: Evidence, phrases: number): number {
    if (this.#table !== WORDS_ONLY && row.similarity === null) {
      this.features(row, phrases)
      return Math.max(this.#sum(EVERY, this.#weightOf), this.#sum(EVERY, BY_WORDS))
    }
    // A row is scored again when its neighbours are read.
    if (Number.isNaN(row.fixedLogit)) {
      this.#weighText(row)
      this.#weighAuthor(row)
      row.fixedLogit = this.#sum(FIXED, this.#weightOf)
    }
    this.#weighPlace(row)
    this.#features[AT.phrases] = Math.min(PHRASES_MAX, phrases)
    return row.fixedLogit + this.#sum(OPEN, this.#weightOf)
  }

  #sum(places: Uint8Array, weightOf: Float64Array): number {
    let logit = 0
    const features = this.#features
    // An iterator over a typed array costs more than what is added, until it is compiled.
    for (let i = 0; i < places.length; i++) {
      const at = places[i] ?? 0
      logit += (features[at] ?? 0) * (weightOf[at] ?? 0)
    }
    return logit
  }

  /** The values of `FEATURES`, in an array that the next call overwrites. */
  features(row: Evidence, phrases: number): Float64Array {
    this.#weighText(row)
    this.#weighPlace(row)
    this.#weighAuthor(row)
    this.#features[AT.phrases] = Math.min(PHRASES_MAX, phrases)
    return this.#features
  }

  /** The logit and its parts. */
  explain(row: Evidence, phrases: number): Explanation {
    const logit = this.logit(row, phrases)
    const features = this.features(row, phrases)
    const isByWords =
      this.#table !== WORDS_ONLY &&
      row.similarity === null &&
      this.#sum(EVERY, this.#weightOf) < this.#sum(EVERY, BY_WORDS)
    const weightOf = isByWords ? BY_WORDS : this.#weightOf
    const parts: { [feature: string]: number } = {}
    for (let i = 0; i < FEATURES.length; i++) {
      const name = FEATURES[i]
      const part = (features[i] ?? 0) * (weightOf[i] ?? 0)
      if (name !== undefined && part !== 0) parts[name] = part
    }
    return { logit, parts }
  }

  #weighText(row: Evidence): void {
    const features = this.#features
    const { asked } = this.#weights
    const share = row.held / (asked + ASKED_MIN)
    const others = 1 - row.lone
    features[AT.coverage] = share
    features[AT.crowding] = share * Math.log1p(row.length / USUAL_LENGTH) * others
    features[AT.evidence] = saturate(row.held, asked)
    features[AT.lone] = row.lone
    features[AT.scopeSize] = this.#size * others
    features[AT.meaning] = row.cosine
  }

  /** The turns around it, and the rest of its session. */
  #weighPlace(row: Evidence): void {
    const features = this.#features
    const place = row.turn
    const next = place?.next?.row
    const previous = place?.previous?.row
    const earlier = place?.earlier?.row
    const later = place?.later?.row
    const low =
      row.mask0 | (next?.mask0 ?? 0) | (previous?.mask0 ?? 0) | (earlier?.mask0 ?? 0) | (later?.mask0 ?? 0)
    const high =
      row.mask1 | (next?.mask1 ?? 0) | (previous?.mask1 ?? 0) | (earlier?.mask1 ?? 0) | (later?.mask1 ?? 0)
    features[AT.window] = saturate(this.#heldAround(row, low, high), this.#weights.asked)
    features[AT.neighbour] = Math.min(
      NEIGHBOUR_MAX,
      Math.max(previous?.tfidfCosine ?? 0, 0.7 * (next?.tfidfCosine ?? 0), 0.4 * (earlier?.tfidfCosine ?? 0))
    )
    features[AT.previousMeaning] = previous?.cosine ?? 0
    features[AT.session] = (place?.session ?? this.#neighbours.of(row.facts))?.strongest ?? row.prescore
    features[AT.opening] = row.facts.turn === 0 ? 1 : 0
  }

  /** What a row and the turns around it hold of the question. */
  #heldAround(row: Evidence, mask0: number, mask1: number): number {
    // Most rows hold all that is around them.
    return mask0 === row.mask0 && mask1 === row.mask1 ? row.held : heldUnder(this.#weights, mask0, mask1)
  }

  /** Author, time, importance and recency. */
  #weighAuthor(row: Evidence): void {
    const features = this.#features
    const { facts } = row
    const { speaker } = this.#query
    const byName = isName(facts.speaker)
    const source = byName ? facts.source : toSource(facts)
    const byUser = source === "user" && !byName
    features[AT.time] = timeMatch(this.#query.time, facts.saidAt)
    features[AT.otherSpeaker] = speaker !== null && byName && facts.speaker !== speaker ? 1 : 0
    features[AT.user] = byUser ? 1 : 0
    features[AT.userLength] = byUser ? Math.log1p(row.length / USUAL_LENGTH) : 0
    features[AT.assistant] = source === "assistant" ? 1 - row.lone : 0
    features[AT.importance] = facts.importance - 0.5
    features[AT.recency] = recency(row, this.#now)
  }
}

/** The logistic of a logit: 0 to 1. */
export const probability = (logit: number): number => 1 / (1 + Math.exp(-logit))
