/**
 * Weights of the features, in logits. Two tables of round numbers: recall by keyword alone, and with an
 * embedder. Fitted within the query (which of its candidates is evidence) on LoCoMo, BEAM-100K and, without
 * an embedder, the dialogues of examples/benchmark/data, in equal parts; then scaled once so that the score is
 * the share of such memories that is right. LoCoMo's licence allows evaluation only; no text of either is here. `pnpm bench:quality` evaluates them and removes each feature in turn; docs/retrieval.md has the
 * results.
 */
export interface Weights {
  readonly bias: number
  /** Each of the query's terms in the memory. */
  readonly words: number
  /** Σ IDF of those terms. */
  readonly rarity: number
  /** Each of those terms times ln(1 + terms of the memory): a long text matches words by chance. */
  readonly crowding: number
  /** Share of the query's word pairs that are adjacent in the text. */
  readonly phrases: number
  /** Cosine of the vectors, on the reference scale. */
  readonly meaning: number
  /** TF-IDF cosine of the next turn. */
  readonly next: number
  /** Cosine of its vector: an answer, or a topic taken up. */
  readonly nextMeaning: number
  /** TF-IDF cosine of the turn before: often the question that this one answers. */
  readonly previous: number
  /** TF-IDF cosine of the turn before that. */
  readonly earlier: number
  /** Share of the query's IDF in it and two turns to either side together. */
  readonly window: number
  /** Prescore of the strongest other turn of the session. */
  readonly session: number
  /** First turn of its session. */
  readonly opening: number
  /** Said at a time that the query names. */
  readonly time: number
  /** The query names one speaker, and this is another. */
  readonly otherSpeaker: number
  /** By the user, if authors are roles and not names. */
  readonly user: number
  /** ln(1 + terms) of what the user wrote. */
  readonly userLength: number
  readonly assistant: number
  /** ln(1 + terms of the query): more words match by chance. */
  readonly queryLength: number
  /** IDF of the whole query. */
  readonly queryMass: number
}

/** For recall by keyword alone. */
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

/** For recall with an embedder. */
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
 * Added to the logit for a scope of `n`: the share of right memories among many is less than among few.
 * Measured on scopes cut to 33–241 turns: without it a small scope recalls nothing, a whole `ln` overshoots.
 */
export const scopeSizeOffset = (n: number): number => 0.5 * Math.log(600 / Math.max(1, n))

/**
 * Preferences beyond relevance, bounded so that they never bury a perfect match. Access counts are left out:
 * they would reward what was returned before, right or wrong.
 */
export const OFFSETS = {
  /** −½ to +½ around the default importance of ½. */
  importance: 1,
  /** For a memory said just now; half of it after `HALF_LIFE_DAYS`. */
  recency: 0.25
} as const

/** Half-life of the recency offset by type, in days. */
export const HALF_LIFE_DAYS = { episodic: 14, semantic: 180, procedural: 90 } as const
