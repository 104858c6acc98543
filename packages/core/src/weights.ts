/**
 * What each feature is worth, in logits. Two tables of round numbers: recall by words alone, and with an
 * embedder. Fitted within the query (which of its candidates is evidence) on LoCoMo and BEAM-100K in equal
 * parts, then scaled once so that the score is the share of such memories that is right; LoCoMo's licence
 * allows evaluation only, and no text of either is here. `pnpm bench:quality` evaluates them; its ablation
 * takes each feature out in turn, and docs/retrieval.md has what that cost.
 */
export interface Weights {
  readonly bias: number
  /** Each of the query's terms that the memory holds. */
  readonly words: number
  /** Share of the query's neighbouring words that stand side by side. */
  readonly phrases: number
  /** Cosine of the vectors, on the reference scale. */
  readonly meaning: number
  /** Likeness in words of the turn after. */
  readonly next: number
  /** Its cosine: what is answered or taken up. */
  readonly nextMeaning: number
  /** Likeness of the turn before, unless the user speaks here: what an assistant said last tells little about what the user says now. */
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
  /** ln(1 + terms) of what the user wrote: long messages hold words by chance. */
  readonly userLength: number
  readonly assistant: number
  /** ln(1 + terms of the query): many words are matched by chance too. */
  readonly queryLength: number
  /** IDF of the whole query, in tens. */
  readonly queryMass: number
}

export const WORDS_ONLY: Weights = {
  bias: -3.7,
  words: 0.35,
  phrases: 1,
  meaning: 0,
  next: 1,
  nextMeaning: 0,
  previous: 1.7,
  earlier: 0.55,
  window: 1.2,
  session: 1.1,
  opening: 0.3,
  time: 0.9,
  otherSpeaker: -1.15,
  user: 1.05,
  userLength: -0.37,
  assistant: -2.25,
  queryLength: -0.8,
  queryMass: 0.43
}

export const WITH_MEANING: Weights = {
  bias: -3.9,
  words: 0.21,
  phrases: 0.7,
  meaning: 2.65,
  next: 0,
  nextMeaning: 0.47,
  previous: 0.93,
  earlier: 0.47,
  window: 0.93,
  session: 0.93,
  opening: 0.33,
  time: 0.93,
  otherSpeaker: -1.26,
  user: 0.8,
  userLength: -0.23,
  assistant: -1.45,
  queryLength: -1.5,
  queryMass: 0.63
}

/** A feature that can be taken out, to see what it is worth. */
export type Feature = keyof Weights

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

export const HALF_LIFE_DAYS = { episodic: 14, semantic: 180, procedural: 90 } as const
