import type { StoreRow } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"

/** Names of a point's vectors. */
export const DENSE = "dense"
export const TERMS = "terms"

/** Twenty times as fast as `Array.from`, which uses the iterator. */
export const toNumbers = (vector: Float32Array | Uint32Array): Array<number> => {
  const numbers: Array<number> = []
  for (let i = 0; i < vector.length; i++) numbers.push(vector[i] ?? 0)
  return numbers
}

/**
 * Sends the terms even if there are none: the server's IDF counts the points of a scope that have the vector,
 * and must count the same rows as core.
 */
export const encodeVectors = ({
  terms,
  vector
}: Pick<StoreRow, "terms" | "vector">): Schemas["VectorStruct"] => ({
  ...(vector === null ? {} : { [DENSE]: toNumbers(vector) }),
  [TERMS]: { indices: toNumbers(terms.ids), values: toNumbers(terms.weights) }
})

/** Reads what `with_vector` returns. */
export const decodeVectors = (vectors: unknown): Pick<StoreRow, "terms" | "vector"> => {
  const { [DENSE]: dense, [TERMS]: sparse = { indices: [], values: [] } } = (vectors ?? {}) as {
    readonly [DENSE]?: ReadonlyArray<number>
    readonly [TERMS]?: Schemas["SparseVector"]
  }
  const terms = sparse.indices.map((id, i) => [id, sparse.values[i] ?? 0] as const).sort(([a], [b]) => a - b)
  return {
    vector: dense === undefined ? null : Float32Array.from(dense),
    terms: {
      ids: Uint32Array.from(terms, ([id]) => id),
      weights: Float32Array.from(terms, ([, weight]) => weight)
    }
  }
}
