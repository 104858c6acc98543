import { noVector, wrongInput } from "../refusals.ts"
import type { CreateCollection } from "../schemas/collection.ts"
import type { Point } from "../schemas/update.ts"
import type { SparseVector, WithPayload } from "../schemas/values.ts"

export interface StoredPoint {
  readonly id: string
  readonly payload: Record<string, unknown>
  readonly dense: ReadonlyMap<string, Float32Array>
  readonly sparse: ReadonlyMap<string, ReadonlyMap<number, number>>
}

const isSparse = (vector: ReadonlyArray<number> | SparseVector): vector is SparseVector => "indices" in vector

/** Qdrant stores cosine vectors at unit length, in 32 bits. */
const normalise = (vector: ReadonlyArray<number>): Float32Array => {
  const length = Math.hypot(...vector)
  return Float32Array.from(vector, (value) => (length === 0 ? value : value / length))
}

/** Ids are lower case, as the real server returns them. */
export const toStoredId = (id: string | number): string => String(id).toLowerCase()

export const checkDimensions = ({ vectors }: CreateCollection, name: string, length: number): void => {
  const size = vectors?.[name]?.size
  if (size === undefined) throw noVector(name)
  if (size !== length) throw wrongInput(`Vector dimension error: expected dim: ${size}, got ${length}`)
}

export const storePoint = (config: CreateCollection, { id, payload, vector }: Point): StoredPoint => {
  const dense = new Map<string, Float32Array>()
  const sparse = new Map<string, ReadonlyMap<number, number>>()
  for (const [name, values] of Object.entries(vector)) {
    if (isSparse(values)) {
      if (config.sparse_vectors?.[name] === undefined) throw noVector(name)
      const terms = values.indices.map((index, i) => [index, Math.fround(values.values[i] ?? 0)] as const)
      sparse.set(name, new Map(terms.sort(([a], [b]) => a - b)))
    } else {
      checkDimensions(config, name, values.length)
      dense.set(name, normalise(values))
    }
  }
  return { id: toStoredId(id), payload: structuredClone({ ...payload }), dense, sparse }
}

/** Which parts of a point a response contains. */
export interface Parts {
  readonly with_payload?: WithPayload
  readonly with_vector?: boolean | ReadonlyArray<string>
}

const showVectors = ({ dense, sparse }: StoredPoint, names: true | ReadonlyArray<string>) => {
  const vectors = [
    ...Array.from(dense, ([name, vector]) => [name, Array.from(vector)] as const),
    ...Array.from(sparse, ([name, terms]) => {
      const vector = { indices: Array.from(terms.keys()), values: Array.from(terms.values()) }
      return [name, vector] as const
    })
  ]
  return Object.fromEntries(vectors.filter(([name]) => names === true || names.includes(name)))
}

const showPayload = ({ payload }: StoredPoint, keys: Exclude<WithPayload, false>) => {
  if (keys === true) return payload
  const isShown = (key: string) => ("exclude" in keys ? !keys.exclude.includes(key) : keys.includes(key))
  return Object.fromEntries(Object.entries(payload).filter(([key]) => isShown(key)))
}

/** A point as responses contain it. */
export const showPoint = (
  point: StoredPoint,
  { with_payload = false, with_vector = false }: Parts
): Record<string, unknown> => ({
  id: point.id,
  ...(with_payload === false ? {} : { payload: showPayload(point, with_payload) }),
  ...(with_vector === false ? {} : { vector: showVectors(point, with_vector) })
})
