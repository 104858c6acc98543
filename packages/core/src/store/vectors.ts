import * as Effect from "effect/Effect"
import { describeFingerprint, type Fingerprint } from "../memory/Fingerprint.ts"
import { invalidInput, type MemoryError } from "../memory/MemoryError.ts"

/** Allowed distance of a vector's squared length from 1: the rounding of 16-bit floats, with a margin. */
const LENGTH_SLACK = 0.01

/** Σ x². Loops by index: the iterator takes six times as long, and each written vector is checked twice. */
export const sumSquares = (vector: Float32Array): number => {
  let square = 0
  for (let i = 0; i < vector.length; i++) square += (vector[i] ?? 0) ** 2
  return square
}

/** Σ a·b: the cosine of two vectors of unit length. */
export const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

/** Why a vector cannot be kept under this fingerprint; `null` if it can. */
const describeProblem = (vector: Float32Array, fingerprint: Fingerprint): string | null => {
  const dimensions = fingerprint.embedding?.dimensions
  if (dimensions === undefined) {
    return "a vector came to a store without an embedder; open it with one, or leave the vector out"
  }
  if (vector.length !== dimensions) {
    return `a vector of ${vector.length} dimensions came to a store of [${describeFingerprint(fingerprint)}]`
  }
  // Not `>`, which would let NaN pass.
  return Math.abs(sumSquares(vector) - 1) <= LENGTH_SLACK
    ? null
    : "the vector has not unit length; scale it, or check the embedder"
}

/** `InvalidInput` for the first vector of other dimensions or not of unit length; `null` if there is none. */
export const findVectorProblem = (
  fingerprint: Fingerprint,
  field: string,
  vectors: Iterable<Float32Array | null | undefined>
): MemoryError | null => {
  for (const vector of vectors) {
    const problem = vector ? describeProblem(vector, fingerprint) : null
    if (problem !== null) return invalidInput(field, problem)
  }
  return null
}

/** Fails with `InvalidInput` unless every vector has the fingerprint's dimensions and unit length. */
export const checkVectors = (
  fingerprint: Fingerprint,
  field: string,
  vectors: Iterable<Float32Array | null | undefined>
): Effect.Effect<void, MemoryError> =>
  Effect.suspend(() => {
    const problem = findVectorProblem(fingerprint, field, vectors)
    return problem === null ? Effect.void : Effect.fail(problem)
  })
