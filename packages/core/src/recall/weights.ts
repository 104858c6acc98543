/**
 * What each feature is worth, in logits. Two tables of round numbers: recall by words alone, and with an
 * embedder. Fitted within the query (which of its candidates is evidence) on LoCoMo, BEAM-100K and, without
 * an embedder, the dialogues of examples/benchmark/data, in equal parts; then scaled once so that the score is
 * the share of such memories that is right. LoCoMo's licence allows evaluation only, and no text of either
 * is here. `pnpm bench:quality` evaluates them; its ablation takes each feature out in turn, and
 * docs/retrieval.md has what that cost.
 */
export interface Weights {
  readonly bias: number
  /** Each of the query's terms that the memory holds. */
  readonly words: number
  /** Σ IDF of those terms. */
  readonly rarity: number
  /** Each of those terms times ln(1 + terms of the memory): a long text holds words by chance. */
  readonly crowding: number
  /** Share of the query's neighbouring words that stand side by side. */
  readonly phrases: number
  /** Cosine of the vectors, on the reference scale. */
  readonly meaning: number
  /** Likeness in words of the turn after. */
  readonly next: number
  /** Its cosine: what is answered or taken up. */
  readonly nextMeaning: number
  /** Likeness of the turn before: often the question that this one answers. */
  readonly previous: number
  /** Likeness of the turn before that. */
  readonly earlier: number
  /** Share of the query's IDF that two turns to either side hold together. */
  readonly window: number
  /** The strongest other turn of the session. */
  readonly session: number
  /** The session begins here. */
  readonly opening: number
  /** Said at a time that the query names. */
  readonly time: number
  /** The query names one speaker, and this is another. */
  readonly otherSpeaker: number
  /** By the user, where authors are roles and not names. */
  readonly user: number
  /** ln(1 + terms) of what the user wrote. */
  readonly userLength: number
  readonly assistant: number
  /** ln(1 + terms of the query): many words are matched by chance too. */
  readonly queryLength: number
  /** IDF of the whole query. */
  readonly queryMass: number
}

/** What each feature weighs where recall is by words alone. */
export const WORDS_ONLY: Weights = {
  bias: -3.85,
  words: 0.4,
  rarity: 0.1,
  crowding: -0.06,
  phrases: 0.75,
  meaning: 0,
  next: 1,
  nextMeaning: 0,
  previous: 2,
  earlier: 0.9,
  window: 0.85,
  session: 1.2,
  opening: 0.3,
  time: 1,
  otherSpeaker: -1.3,
  user: 0.6,
  userLength: -0.15,
  assistant: -1.1,
  queryLength: -0.7,
  queryMass: 0.035
}

/** What each feature weighs where there is an embedder. */
export const WITH_MEANING: Weights = {
  bias: -4.25,
  words: 0.21,
  rarity: 0.06,
  crowding: -0.03,
  phrases: 0.5,
  meaning: 2.6,
  next: 0,
  nextMeaning: 0.4,
  previous: 0.85,
  earlier: 0.7,
  window: 0.7,
  session: 1.1,
  opening: 0.35,
  time: 0.95,
  otherSpeaker: -1.3,
  user: 0.6,
  userLength: -0.15,
  assistant: -1.05,
  queryLength: -1.2,
  queryMass: 0.055
}

/**
 * The share of right memories among many is less than among few: added to the logit for a scope of `n`.
 * Measured on scopes cut down to 33–241 turns: without it a young memory recalls nothing, a whole `ln`
 * overshoots.
 */
export const scopeSizeOffset = (n: number): number => 0.5 * Math.log(600 / Math.max(1, n))

/**
 * What is not relevance, bounded so that it can never bury a perfect match. How often a memory was
 * recalled is left out of the score: it would reward whatever was returned before, right or wrong.
 */
export const OFFSETS = {
  /** From −½ to +½ around the importance of ½ that a memory has when nobody says. */
  importance: 1,
  /** For what was said just now; half of it after `HALF_LIFE_DAYS`. */
  recency: 0.25
} as const

/** Days after which what is added for being recent is half of it, by type. */
export const HALF_LIFE_DAYS = { episodic: 14, semantic: 180, procedural: 90 } as const
