/** Logistic regression by Newton's method: pointwise, and within each question. */

/** Candidates of one question with a weight, and how many features each has. */
export interface Group {
  readonly features: Float32Array
  readonly gold: ReadonlyArray<boolean>
  readonly weight: number
}

/** Solves `a·x = b` for a symmetric positive definite matrix, in place, by Cholesky's decomposition. */
const solve = (a: ReadonlyArray<Float64Array>, b: Float64Array): Float64Array => {
  const n = b.length
  const at = (i: number, j: number): number => a[i]?.[j] ?? 0
  const lower = Array.from({ length: n }, () => new Float64Array(n))
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = at(i, j)
      for (let k = 0; k < j; k++) sum -= (lower[i]?.[k] ?? 0) * (lower[j]?.[k] ?? 0)
      lower[i]![j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / (lower[j]?.[j] ?? 1)
    }
  }
  const x = Float64Array.from(b)
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= (lower[i]?.[k] ?? 0) * (x[k] ?? 0)
    x[i]! /= lower[i]?.[i] ?? 1
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= (lower[k]?.[i] ?? 0) * (x[k] ?? 0)
    x[i]! /= lower[i]?.[i] ?? 1
  }
  return x
}

export interface FitOptions {
  /** Features in a row of a group. */
  readonly width: number
  /** Indexes of the features that are fitted; the others keep `start`. */
  readonly free: ReadonlyArray<number>
  readonly start: ReadonlyArray<number>
  /** How much the order within a question counts beside the probability of each candidate. */
  readonly within: number
  readonly ridge: number
  readonly steps?: number
}

/** Fits weights: the loss is Σ weight·(pointwise + within·conditional) + ridge·‖w − start‖². */
export const fit = (groups: ReadonlyArray<Group>, options: FitOptions): Float64Array => {
  const { free, ridge, start, steps = 12, width, within } = options
  const w = Float64Array.from(start)
  const m = free.length
  const x = new Float64Array(m)
  for (let step = 0; step < steps; step++) {
    const gradient = new Float64Array(m)
    const hessian = Array.from({ length: m }, () => new Float64Array(m))
    const add = (scale: number): void => {
      for (let i = 0; i < m; i++) {
        const xi = (x[i] ?? 0) * scale
        if (xi === 0) continue
        const row = hessian[i]!
        for (let j = 0; j <= i; j++) row[j]! += xi * (x[j] ?? 0)
      }
    }
    const read = (features: Float32Array, at: number): void => {
      for (let i = 0; i < m; i++) x[i] = features[at * width + (free[i] ?? 0)] ?? 0
    }
    for (const { features, gold, weight } of groups) {
      const count = gold.length
      const logits = new Float64Array(count)
      let most = Number.NEGATIVE_INFINITY
      for (let c = 0; c < count; c++) {
        let logit = 0
        for (let k = 0; k < width; k++) logit += (features[c * width + k] ?? 0) * (w[k] ?? 0)
        logits[c] = logit
        if (logit > most) most = logit
      }
      for (let c = 0; c < count; c++) {
        read(features, c)
        const p = 1 / (1 + Math.exp(-(logits[c] ?? 0)))
        const error = weight * (p - (gold[c] === true ? 1 : 0))
        for (let i = 0; i < m; i++) gradient[i]! += error * (x[i] ?? 0)
        add(weight * p * (1 - p))
      }
      const right = gold.filter(Boolean).length
      if (within === 0 || right === 0 || right === count) continue
      let total = 0
      for (let c = 0; c < count; c++) total += Math.exp((logits[c] ?? 0) - most)
      const mean = new Float64Array(m)
      const goldMean = new Float64Array(m)
      const scale = weight * within * right
      for (let c = 0; c < count; c++) {
        read(features, c)
        const p = Math.exp((logits[c] ?? 0) - most) / total
        for (let i = 0; i < m; i++) {
          mean[i]! += p * (x[i] ?? 0)
          if (gold[c] === true) goldMean[i]! += (x[i] ?? 0) / right
        }
        add(scale * p)
      }
      for (let i = 0; i < m; i++) {
        gradient[i]! += scale * ((mean[i] ?? 0) - (goldMean[i] ?? 0))
        x[i] = mean[i] ?? 0
      }
      add(-scale)
    }
    for (let i = 0; i < m; i++) {
      gradient[i]! += ridge * ((w[free[i] ?? 0] ?? 0) - (start[free[i] ?? 0] ?? 0))
      hessian[i]![i]! += ridge
      for (let j = 0; j < i; j++) hessian[j]![i] = hessian[i]?.[j] ?? 0
    }
    const change = solve(hessian, gradient)
    let largest = 0
    for (let i = 0; i < m; i++) {
      const by = Math.max(-3, Math.min(3, change[i] ?? 0))
      w[free[i] ?? 0]! -= by
      largest = Math.max(largest, Math.abs(by))
    }
    if (largest < 1e-3) break
  }
  return w
}
