import { documentTerms, type Fingerprint, type Passage, type Terms } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"

/** Names of a point's vectors. */
export const DENSE = "dense"
export const TERMS = "terms"

/** Twenty times as fast as `Array.from`, which uses the iterator. */
export const toNumbers = (vector: Float32Array | Uint32Array | Float64Array): Array<number> => {
  const numbers: Array<number> = []
  for (let i = 0; i < vector.length; i++) numbers.push(vector[i] ?? 0)
  return numbers
}

/**
 * Sends the terms even if there are none: the server's IDF counts the points of a scope that have the vector,
 * and must count the same passages as core.
 */
export const encodeVectors = ({
  terms,
  vector
}: Pick<Passage, "terms" | "vector">): Schemas["VectorStruct"] => ({
  ...(vector === null ? {} : { [DENSE]: toNumbers(vector) }),
  [TERMS]: { indices: toNumbers(terms.ids), values: toNumbers(terms.weights) }
})

interface Vectors {
  readonly [DENSE]?: ReadonlyArray<number>
  readonly [TERMS]?: Schemas["SparseVector"]
}

/** The dense vector of a point that was read with it. */
export const decodeDense = (vectors: unknown): Float32Array | null => {
  const dense = ((vectors ?? {}) as Vectors)[DENSE]
  return dense === undefined ? null : Float32Array.from(dense)
}

/** Ids and weights as they are stored; what is counted of the text follows from the text. */
export const decodeTerms = (vectors: unknown, text: string, settings: Fingerprint): Terms => {
  const { [TERMS]: sparse = { indices: [], values: [] } } = (vectors ?? {}) as Vectors
  const terms = sparse.indices.map((id, i) => [id, sparse.values[i] ?? 0] as const).sort(([a], [b]) => a - b)
  const { length, norm } = documentTerms(text, settings)
  return {
    ids: Uint32Array.from(terms, ([id]) => id),
    weights: Float32Array.from(terms, ([, weight]) => weight),
    length,
    norm
  }
}
