import { Effect } from "effect"
import { describeFingerprint, type Fingerprint } from "../memory/Fingerprint.ts"
import { invalidInput, type MemoryError } from "../memory/MemoryError.ts"
import type { MemoryStore } from "./MemoryStore.ts"
import { squareOf } from "./vectors.ts"

/** How far the square of a vector's length may be from 1: what rounding to 16-bit floats leaves, with room. */
const LENGTH_SLACK = 0.01

/** Why a vector has no place in a store of this fingerprint; `null` when it has. */
const problemOf = (vector: Float32Array, given: Fingerprint): string | null => {
  const dimensions = given.embedding?.dimensions
  if (dimensions === undefined) {
    return "a vector came to a store without an embedder; open it with one, or leave the vector out"
  }
  if (vector.length !== dimensions) {
    return `a vector of ${vector.length} dimensions came to a store of [${describeFingerprint(given)}]`
  }
  // Not `>`, which would let NaN pass.
  return Math.abs(squareOf(vector) - 1) <= LENGTH_SLACK
    ? null
    : "the vector has not unit length; scale it, or check the embedder"
}

/** Fails with `InvalidInput` unless every vector is of the fingerprint's dimensions and of unit length. */
export const checkVectors = (
  given: Fingerprint,
  field: string,
  vectors: Iterable<Float32Array | null | undefined>
): Effect.Effect<void, MemoryError> =>
  Effect.suspend(() => {
    for (const vector of vectors) {
      const problem = vector ? problemOf(vector, given) : null
      if (problem !== null) return Effect.fail(invalidInput(field, problem))
    }
    return Effect.void
  })

/**
 * A store that refuses vectors which could never be compared, before anything is written. A backend's layer
 * hands out its store through this, so that no method of no driver forgets to look.
 */
export const checkedStore = (store: MemoryStore["Service"], given: Fingerprint): MemoryStore["Service"] => ({
  ...store,
  put: (request) =>
    Effect.andThen(
      checkVectors(
        given,
        "rows.vector",
        Iterator.from(request.rows).map((row) => row.vector)
      ),
      store.put(request)
    ),
  supersede: (request) =>
    Effect.andThen(checkVectors(given, "row.vector", [request.row.vector]), store.supersede(request)),
  search: (request) => Effect.andThen(checkVectors(given, "vector", [request.vector]), store.search(request)),
  around: (request) => Effect.andThen(checkVectors(given, "vector", [request.vector]), store.around(request))
})
