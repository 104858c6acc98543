/** Relevance as a calibrated probability: a logistic over absolute features of the query and the memory. */
import type { Conversation } from "./conversation.ts"
import { timeMatch } from "./dates.ts"
import { coverage, type Evidence, phraseShare } from "./evidence.ts"
import { isName, sourceOf } from "./names.ts"
import type { Query, QueryWeights } from "./query.ts"
import { HALF_LIFE_DAYS, OFFSETS, scopeSizeOffset, type Weights } from "./weights.ts"

/** A feature's share of the score, in logits: the parts add up to `logit`, and `score` is `1/(1 + e^−logit)`. */
export interface Explanation {
  readonly logit: number
  readonly parts: { readonly [feature: string]: number }
}

const DAY_MS = 86_400_000

const recency = ({ memory }: Evidence, now: number): number =>
  2 ** (-Math.max(0, now - memory.saidAt) / DAY_MS / HALF_LIFE_DAYS[memory.type])

/** Each feature's value, before its weight. */
export const features = (
  query: Query,
  weights: QueryWeights,
  near: Conversation,
  row: Evidence
): { readonly [feature in keyof Weights]: number } => {
  const { memory } = row
  const next = near.at(memory, 1)
  const previous = near.at(memory, -1)
  const earlier = near.at(memory, -2)
  const byName = isName(memory.speaker)
  const source = sourceOf(memory)
  const byUser = source === "user" && !byName
  return {
    bias: 1,
    words: row.matched,
    rarity: row.rarity,
    crowding: row.matched * Math.log1p(row.form.sequence.length),
    phrases: phraseShare(query, row),
    meaning: row.cosine,
    next: next?.likeness ?? 0,
    nextMeaning: next?.cosine ?? 0,
    previous: previous?.likeness ?? 0,
    earlier: earlier?.likeness ?? 0,
    window: coverage(weights, [row, next, previous, earlier, near.at(memory, 2)]),
    session: near.elsewhere(row),
    opening: memory.turn === 0 ? 1 : 0,
    time: timeMatch(query.time, memory.saidAt),
    otherSpeaker: query.speaker !== null && byName && memory.speaker !== query.speaker ? 1 : 0,
    user: byUser ? 1 : 0,
    userLength: byUser ? Math.log1p(row.form.sequence.length) : 0,
    assistant: source === "assistant" ? 1 : 0,
    queryLength: Math.log1p(query.terms.length),
    queryMass: weights.mass
  }
}

/** The parts of one memory's score. */
export const explain = (
  table: Weights,
  query: Query,
  weights: QueryWeights,
  near: Conversation,
  row: Evidence,
  now: number
): Explanation => {
  const parts: { [feature: string]: number } = {}
  let logit = 0
  const add = (feature: string, part: number) => {
    if (part === 0) return
    parts[feature] = part
    logit += part
  }
  const values = features(query, weights, near, row)
  for (const feature of Object.keys(table) as ReadonlyArray<keyof Weights>) {
    add(feature, table[feature] * values[feature])
  }
  add("scopeSize", scopeSizeOffset(weights.n))
  add("importance", OFFSETS.importance * (row.memory.importance - 0.5))
  add("recency", OFFSETS.recency * recency(row, now))
  return { logit, parts }
}

export const probability = (logit: number): number => 1 / (1 + Math.exp(-logit))
