/** Relevance as a calibrated probability: a logistic over absolute features of the query and the memory. */
import { DAY_MS } from "../memory/duration.ts"
import type { SessionNeighbours } from "./SessionNeighbours.ts"
import { timeMatch } from "../text/timeHint.ts"
import { coverage, type Evidence } from "./features.ts"
import { isName, toSource } from "../text/speakerNames.ts"
import type { Query, QueryWeights } from "./query.ts"
import {
  HALF_LIFE_DAYS,
  OFFSETS,
  scopeSizeOffset,
  type Weights,
  WITH_MEANING,
  WORDS_ONLY
} from "./weights.ts"

/** Each feature's part of the score in logits: they add up to `logit`, and `score` is `1/(1 + e^−logit)`. */
export interface Explanation {
  readonly logit: number
  readonly parts: { readonly [feature: string]: number }
}

/** In order of addition, on which a score's last digits depend. */
const PARTS = [
  "bias",
  "words",
  "rarity",
  "crowding",
  "phrases",
  "meaning",
  "next",
  "nextMeaning",
  "previous",
  "earlier",
  "window",
  "session",
  "opening",
  "time",
  "otherSpeaker",
  "user",
  "userLength",
  "assistant",
  "queryLength",
  "queryMass",
  "scopeSize",
  "importance",
  "recency"
] as const satisfies ReadonlyArray<keyof Weights | "scopeSize" | "importance" | "recency">

/** The index of each part. */
const AT = Object.fromEntries(PARTS.map((part, i) => [part, i])) as {
  readonly [part in (typeof PARTS)[number]]: number
}

const recency = ({ facts }: Evidence, now: number): number =>
  2 ** (-Math.max(0, now - facts.saidAt) / DAY_MS / HALF_LIFE_DAYS[facts.type])

/** Scores the memories of one recall. */
export class Scorer {
  readonly #table: Weights
  readonly #query: Query
  readonly #weights: QueryWeights
  readonly #neighbours: SessionNeighbours
  readonly #now: number
  /** For rows without a vector, where the question has one. */
  readonly #byWords: Scorer | null
  /** Parts of the current memory. One array for all: hundreds are weighed for each few that are returned. */
  readonly #parts = new Float64Array(PARTS.length)

  constructor(
    table: Weights,
    query: Query,
    weights: QueryWeights,
    neighbours: SessionNeighbours,
    now: number
  ) {
    this.#byWords = table === WITH_MEANING ? new Scorer(WORDS_ONLY, query, weights, neighbours, now) : null
    this.#table = table
    this.#query = query
    this.#weights = weights
    this.#neighbours = neighbours
    this.#now = now
    const parts = this.#parts
    parts[AT.bias] = table.bias
    parts[AT.queryLength] = table.queryLength * Math.log1p(query.words.length)
    parts[AT.queryMass] = table.queryMass * weights.mass
    parts[AT.scopeSize] = scopeSizeOffset(weights.n)
  }

  /**
   * `phrases` is the share of the query's word pairs that are adjacent in the text. A row without a vector scores no
   * less than where no row has one.
   */
  logit(row: Evidence, phrases: number): number {
    const logit = this.#sum(row, phrases)
    if (this.#byWords === null || row.similarity !== null) return logit
    return Math.max(logit, this.#byWords.logit(row, phrases))
  }

  #sum(row: Evidence, phrases: number): number {
    this.#weighText(row, phrases)
    this.#weighPlace(row)
    this.#weighAuthor(row)
    const parts = this.#parts
    let logit = 0
    for (let i = 0; i < parts.length; i++) logit += parts[i] ?? 0
    return logit
  }

  /** The logit and its parts. */
  explain(row: Evidence, phrases: number): Explanation {
    const logit = this.#sum(row, phrases)
    if (this.#byWords !== null && row.similarity === null && this.#byWords.logit(row, phrases) > logit) {
      return this.#byWords.explain(row, phrases)
    }
    const parts: { [feature: string]: number } = {}
    PARTS.forEach((name, i) => {
      const part = this.#parts[i] ?? 0
      if (part !== 0) parts[name] = part
    })
    return { logit, parts }
  }

  #weighText(row: Evidence, phrases: number): void {
    const [parts, table] = [this.#parts, this.#table]
    parts[AT.words] = table.words * row.matched
    parts[AT.rarity] = table.rarity * row.idfSum
    parts[AT.crowding] = row.matched === 0 ? 0 : table.crowding * (row.matched * Math.log1p(row.length))
    parts[AT.phrases] = table.phrases * phrases
    parts[AT.meaning] = table.meaning * row.cosine
  }

  /** The turns around it, and the rest of its session. */
  #weighPlace(row: Evidence): void {
    const [parts, table] = [this.#parts, this.#table]
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
    parts[AT.next] = table.next * (next?.tfidfCosine ?? 0)
    parts[AT.nextMeaning] = table.nextMeaning * (next?.cosine ?? 0)
    parts[AT.previous] = table.previous * (previous?.tfidfCosine ?? 0)
    parts[AT.earlier] = table.earlier * (earlier?.tfidfCosine ?? 0)
    parts[AT.window] = table.window * this.#coverAround(row, low, high)
    parts[AT.session] = table.session * (session?.strongestOther(row) ?? 0)
    parts[AT.opening] = turn === 0 ? table.opening : 0
  }

  /** The share of the query's IDF that a row and the turns around it hold. */
  #coverAround(row: Evidence, mask0: number, mask1: number): number {
    const weights = this.#weights
    // Most rows hold all that is around them.
    if (mask0 === row.mask0 && mask1 === row.mask1 && weights.mass > 0) return row.idfSum / weights.mass
    return coverage(weights, mask0, mask1)
  }

  /** Author, time, importance and recency. */
  #weighAuthor(row: Evidence): void {
    const [parts, table] = [this.#parts, this.#table]
    const { facts } = row
    const { speaker } = this.#query
    const byName = isName(facts.speaker)
    const source = toSource(facts)
    const byUser = source === "user" && !byName
    parts[AT.time] = table.time * timeMatch(this.#query.time, facts.saidAt)
    parts[AT.otherSpeaker] = speaker !== null && byName && facts.speaker !== speaker ? table.otherSpeaker : 0
    parts[AT.user] = byUser ? table.user : 0
    parts[AT.userLength] = byUser ? table.userLength * Math.log1p(row.length) : 0
    parts[AT.assistant] = source === "assistant" ? table.assistant : 0
    parts[AT.importance] = OFFSETS.importance * (facts.importance - 0.5)
    parts[AT.recency] = OFFSETS.recency * recency(row, this.#now)
  }
}

/** The logistic of a logit: 0 to 1. */
export const probability = (logit: number): number => 1 / (1 + Math.exp(-logit))
