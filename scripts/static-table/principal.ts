/** Principal components of many vectors. */

type Matrix = ReadonlyArray<Float64Array>

const at = (matrix: Matrix, i: number, j: number): number => matrix[i]?.[j] ?? 0

/** Turns two rows by an angle. */
const turn = (x: Float64Array, y: Float64Array, cosine: number, sine: number): void => {
  for (let k = 0; k < x.length; k++) {
    const [a, b] = [x[k] ?? 0, y[k] ?? 0]
    x[k] = cosine * a - sine * b
    y[k] = sine * a + cosine * b
  }
}

const SWEEPS = 12
const SMALL = 1e-14

/** The eigenvectors of a symmetric matrix, of the greatest eigenvalue first: Jacobi's rotations. */
const eigenvectors = (symmetric: Matrix): Matrix => {
  const size = symmetric.length
  const matrix = symmetric.map((row) => Float64Array.from(row))
  const vectors = matrix.map((_, i) => Float64Array.from({ length: size }, (_v, k) => (k === i ? 1 : 0)))
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        const off = at(matrix, p, q)
        if (Math.abs(off) < SMALL) continue
        const theta = (at(matrix, q, q) - at(matrix, p, p)) / (2 * off)
        const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1))
        const cosine = 1 / Math.hypot(tangent, 1)
        const sine = tangent * cosine
        for (const row of matrix) {
          const [a, b] = [row[p] ?? 0, row[q] ?? 0]
          row[p] = cosine * a - sine * b
          row[q] = sine * a + cosine * b
        }
        turn(matrix[p]!, matrix[q]!, cosine, sine)
        turn(vectors[p]!, vectors[q]!, cosine, sine)
      }
    }
  }
  const order = [...vectors.keys()].sort((a, b) => at(matrix, b, b) - at(matrix, a, a))
  return order.map((i) => vectors[i]!)
}

/** The vectors less their mean, along the principal components from `skipped` on: one after another. */
export const reduce = (
  vectors: ReadonlyArray<Float32Array>,
  skipped: number,
  dimensions: number
): Float32Array => {
  const width = vectors[0]?.length ?? 0
  const mean = new Float64Array(width)
  for (const vector of vectors) vector.forEach((value, k) => (mean[k]! += value / vectors.length))
  const centred = vectors.map((vector) => vector.map((value, k) => value - (mean[k] ?? 0)))
  const covariance = Array.from({ length: width }, () => new Float64Array(width))
  for (const vector of centred) {
    for (let i = 0; i < width; i++) {
      const [row, value] = [covariance[i]!, (vector[i] ?? 0) / vectors.length]
      for (let j = 0; j < width; j++) row[j]! += value * (vector[j] ?? 0)
    }
  }
  const components = eigenvectors(covariance).slice(skipped, skipped + dimensions)
  const reduced = new Float32Array(vectors.length * dimensions)
  centred.forEach((vector, row) =>
    components.forEach((component, k) => {
      let sum = 0
      for (let i = 0; i < width; i++) sum += (component[i] ?? 0) * (vector[i] ?? 0)
      reduced[row * dimensions + k] = sum
    })
  )
  return reduced
}
