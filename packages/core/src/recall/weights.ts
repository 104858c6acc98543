/**
 * Weights of the features, in logits. Two tables of round numbers: recall by words alone, and with an embedder. Fitted
 * by `examples/benchmark/quality/fit` on BEAM-100K, the half of our own dialogues that may be fitted to, messages
 * that have nothing to do with the scope, and scopes cut down and grown; no text of it is here. docs/retrieval.md has
 * the figures.
 */
export interface Weights {
  readonly bias: number
  /** A part of a long message that does not ask, 0 to 1 (see `MessagePart`). */
  readonly aside: number
  /** Share of what is asked that it holds; less where little is asked. */
  readonly coverage: number
  /** That share times ln(1 + words / 20) where others hold it too: a long text matches by chance. */
  readonly crowding: number
  /** What it holds of what is asked, saturating. */
  readonly evidence: number
  /** It alone holds what is asked, and a rare word of it. */
  readonly lone: number
  /** The question's word pairs that stand side by side in it, up to three. */
  readonly phrases: number
  /** Cosine of the vectors, on the reference scale. */
  readonly meaning: number
  /** TF-IDF cosine of the turn before (the next counts .7, the one before that .4), up to .4. */
  readonly neighbour: number
  /** Cosine of the vector of the turn before. */
  readonly previousMeaning: number
  /** What it and two turns to either side hold together of what is asked, saturating. */
  readonly window: number
  /** Prescore of the strongest turn of the session, which it may be itself. */
  readonly session: number
  /** First turn of its session. */
  readonly opening: number
  /** Said at a time that the question names. */
  readonly time: number
  /** The question names one speaker, and this is another. */
  readonly otherSpeaker: number
  /** By the user, if authors are roles and not names. */
  readonly user: number
  /** ln(1 + words / 20) of what the user wrote. */
  readonly userLength: number
  /** By the assistant, where others hold what is asked too. */
  readonly assistant: number
  /** ln(rows / 600), where others hold what is asked too. */
  readonly scopeSize: number
  /** −½ to +½ around the default importance of ½: a preference, bounded so that it never buries a perfect match. */
  readonly importance: number
  /** For a memory said just now; half of it after `HALF_LIFE_DAYS`. As bounded. Access counts are left out: they would reward what was returned before, right or wrong. */
  readonly recency: number
}

/** By words alone. */
export const WORDS_ONLY: Weights = {
  bias: -6.1,
  aside: -2.5,
  coverage: 3,
  crowding: -1,
  evidence: 3,
  lone: 5,
  phrases: 0.4,
  meaning: 0,
  neighbour: 5.3,
  previousMeaning: 0,
  window: 2.2,
  session: 0.5,
  opening: 0.3,
  time: 0.5,
  otherSpeaker: -2,
  user: 0.3,
  userLength: -0.3,
  assistant: -1.5,
  scopeSize: -0.45,
  importance: 1,
  recency: 0.25
}

/** With an embedder. */
export const WITH_MEANING: Weights = {
  bias: -7.6,
  aside: -2.5,
  coverage: 0,
  crowding: -0.5,
  evidence: 3.6,
  lone: 3,
  phrases: 0.2,
  meaning: 5,
  neighbour: 2.6,
  previousMeaning: 0.3,
  window: 2,
  session: 1,
  opening: 0.2,
  time: 0.8,
  otherSpeaker: -2.5,
  user: 0.3,
  userLength: -0.3,
  assistant: -1.5,
  scopeSize: -0.7,
  importance: 1,
  recency: 0.25
}

/**
 * By how well an embedder tells related texts apart (`Calibration.strength`). A weaker one than all-MiniLM-L6-v2 stands
 * between the two tables: it leaves more to the words. Its cosine counts by the square, and so does a stronger one's.
 */
export const weightsWith = (strength = 1): Weights => {
  if (strength === 1) return WITH_MEANING
  const share = Math.min(1, strength)
  const mix = (feature: keyof Weights) => share * WITH_MEANING[feature] + (1 - share) * WORDS_ONLY[feature]
  const mixed = Object.fromEntries(FEATURES.map((feature) => [feature, mix(feature)])) as unknown as Weights
  return { ...mixed, meaning: strength ** 2 * WITH_MEANING.meaning }
}

/** In order of addition, on which a score's last digits depend. */
export const FEATURES = Object.keys(WORDS_ONLY) as ReadonlyArray<keyof Weights>

/** Half-life of the recency offset by type, in days. */
export const HALF_LIFE_DAYS = { episodic: 14, semantic: 180, procedural: 90 } as const
