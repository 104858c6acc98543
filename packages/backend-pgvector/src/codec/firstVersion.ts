/** What rows of the first version do not keep: how many terms a text has, and its norm. Both follow from the weights. */
import { countFromWeight, type Terms, type TermSettings } from "@keepsake/core/driver"

/**
 * With S = Σ weight/(k1 + 1 − weight) = length/penalty, and penalty = k1·(1 − b + b·length/avgLen), the length is
 * k1·(1 − b)·S / (1 − k1·b·S/avgLen).
 */
const toLength = (weights: ArrayLike<number>, { avgLen, b, k1 }: TermSettings): number => {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += (weights[i] ?? 0) / (k1 + 1 - (weights[i] ?? 0))
  const length = Math.round((k1 * (1 - b) * sum) / (1 - (k1 * b * sum) / avgLen))
  // With b = 1 the weights do not tell: each term is taken to occur once.
  return Number.isSafeInteger(length) && length >= weights.length ? length : weights.length
}

/** The length and the norm of a text, from the weights of its terms. */
export const measureWeights = (
  weights: ArrayLike<number>,
  settings: TermSettings
): Pick<Terms, "length" | "norm"> => {
  const { avgLen, b, k1 } = settings
  const length = toLength(weights, settings)
  const penalty = k1 * (1 - b + (b * length) / avgLen)
  let square = 0
  for (let i = 0; i < weights.length; i++) {
    square += (1 + Math.log(countFromWeight(weights[i] ?? 0, penalty, settings))) ** 2
  }
  return { length, norm: Math.sqrt(square) || 1 }
}
