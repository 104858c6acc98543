/** Relevance as a calibrated probability: a logistic over absolute features of the query and the memory. */
import { DAY_MS } from "../memory/duration.ts"
import type { SessionNeighbours } from "./SessionNeighbours.ts"
import { timeMatch } from "../text/timeHint.ts"
import { type Evidence, heldUnder } from "./features.ts"
import { isName, toSource } from "../text/speakerNames.ts"
import type { Query, QueryWeights } from "./query.ts"
import { FEATURES, HALF_LIFE_DAYS, type Weights, WITH_MEANING, WORDS_ONLY } from "./weights.ts"

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

/** Scores the memories of one recall. */
export class Scorer {
  readonly #table: Weights
  readonly #weightOf: Float64Array
  readonly #query: Query
  readonly #weights: QueryWeights
  readonly #neighbours: SessionNeighbours
  readonly #now: number
  readonly #size: number
  /** For rows without a vector, where the question has one. */
  readonly #byWords: Scorer | null
  /** Of the current memory. One array for all: hundreds are weighed for each few that are returned. */
  readonly #features = new Float64Array(FEATURES.length)

  constructor(
    table: Weights,
    query: Query,
    weights: QueryWeights,
    neighbours: SessionNeighbours,
    now: number
  ) {
    this.#byWords = table === WITH_MEANING ? new Scorer(WORDS_ONLY, query, weights, neighbours, now) : null
    this.#table = table
    this.#weightOf = Float64Array.from(FEATURES, (feature) => table[feature])
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
    const logit = this.#sum(row, phrases)
    if (this.#byWords === null || row.similarity !== null) return logit
    return Math.max(logit, this.#byWords.logit(row, phrases))
  }

  #sum(row: Evidence, phrases: number): number {
    const features = this.features(row, phrases)
    let logit = 0
    for (let i = 0; i < features.length; i++) logit += (features[i] ?? 0) * (this.#weightOf[i] ?? 0)
    return logit
  }

  /** The values of `FEATURES`, in an array that the next call overwrites. */
  features(row: Evidence, phrases: number): Float64Array {
    this.#weighText(row, phrases)
    this.#weighPlace(row)
    this.#weighAuthor(row)
    return this.#features
  }

  /** The logit and its parts. */
  explain(row: Evidence, phrases: number): Explanation {
    const logit = this.#sum(row, phrases)
    if (this.#byWords !== null && row.similarity === null && this.#byWords.logit(row, phrases) > logit) {
      return this.#byWords.explain(row, phrases)
    }
    const parts: { [feature: string]: number } = {}
    FEATURES.forEach((name, i) => {
      const part = (this.#features[i] ?? 0) * this.#table[name]
      if (part !== 0) parts[name] = part
    })
    return { logit, parts }
  }

  #weighText(row: Evidence, phrases: number): void {
    const features = this.#features
    const { asked } = this.#weights
    const share = row.held / (asked + ASKED_MIN)
    const others = 1 - row.lone
    features[AT.coverage] = share
    features[AT.crowding] = share * Math.log1p(row.length / USUAL_LENGTH) * others
    features[AT.evidence] = saturate(row.held, asked)
    features[AT.lone] = row.lone
    features[AT.scopeSize] = this.#size * others
    features[AT.phrases] = Math.min(PHRASES_MAX, phrases)
    features[AT.meaning] = row.cosine
  }

  /** The turns around it, and the rest of its session. */
  #weighPlace(row: Evidence): void {
    const features = this.#features
    const { turn } = row.facts
    const session = this.#neighbours.of(row.facts)
    const next = turn === null ? undefined : session?.at(turn + 1)
    const previous = turn === null ? undefined : session?.at(turn - 1)
    const earlier = turn === null ? undefined : session?.at(turn - 2)
    const later = turn === null ? undefined : session?.at(turn + 2)
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
    features[AT.session] = session?.strongest ?? row.prescore
    features[AT.opening] = turn === 0 ? 1 : 0
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
    const source = toSource(facts)
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
