import { countFromWeight, type Terms, type TermSettings } from "@keepsake/core/driver"

/** How long a text is in terms, and the norm of its vector of counts. */
export type Measures = Pick<Terms, "length" | "norm">

/**
 * The measures of a text whose weights alone are kept, as the first version kept them. With `S = Σ w/(k1+1−w)`, which
 * is the length over the length norm, the length is `k1(1−b)S / (1 − k1·b·S/avgLen)`: near enough to round each count,
 * and the counts add up to the length.
 */
export const measureWeights = (weights: Float32Array, settings: TermSettings): Measures => {
  const { avgLen, b, k1 } = settings
  let sum = 0
  for (const weight of weights) sum += weight / (k1 + 1 - weight)
  const estimate = (k1 * (1 - b) * sum) / (1 - (k1 * b * sum) / avgLen)
  const penalty = k1 * (1 - b + (b * estimate) / avgLen)
  let length = 0
  let square = 0
  for (const weight of weights) {
    const count = countFromWeight(weight, penalty, settings)
    length += count
    square += (1 + Math.log(count)) ** 2
  }
  return { length, norm: Math.sqrt(square) || 1 }
}
