/** How a reranker's judgement joins the score. */

/**
 * A raw relevance as a logit: `bias + weight · raw`. Both calibrations are round guesses, fitted to nothing: without
 * relevance a memory stays under the default cut, and the best there is reaches about .95.
 */
export interface RerankCalibration {
  readonly bias: number
  /** Above 0. */
  readonly weight: number
}

/** Of scores from 0 to 1: 0 is a probability of .01, ½ of .27, 1 of .95. */
export const OF_SHARES: RerankCalibration = { bias: -5, weight: 8 }

/** Of the logits of a cross-encoder: −6 is .01, 0 is .12, 10 is .95. */
export const OF_LOGITS: RerankCalibration = { bias: -2, weight: 0.5 }

/** A reranker makes no memory more certain than this, in logits: .9975. */
const LOGIT_MAX = 6

/** The logit of a raw relevance, −6 to 6. */
export const toLogit = (raw: number, { bias, weight }: RerankCalibration): number =>
  Math.min(LOGIT_MAX, Math.max(-LOGIT_MAX, bias + weight * raw))

/**
 * The share of a reranker's judgement in the logit. Score and reranker read the same words, so their logits are
 * averaged: a sum would count that evidence, and how rare a right memory is, twice.
 */
const RERANKER_SHARE = 1 / 2

/** What a reranker's logit adds to the score's own, so that the sum is their mean. */
export const toRerankPart = (own: number, judged: number): number => RERANKER_SHARE * (judged - own)
