import type { Identifiers } from "./identifiers.ts"

export type VectorType = "vector" | "halfvec"

/**
 * Where the vectors and terms of the serving embedding space are. The columns carry its number: once a store
 * has moved on, statements of handles still open on the old space fail instead of comparing what cannot be
 * compared.
 */
export interface EmbeddingColumns {
  readonly number: number
  /** `null` in a store that recalls by words alone. */
  readonly dimensions: number | null
  readonly vectorType: VectorType
  /** Quoted schema of the `vector` extension, which need not be in the search path. */
  readonly extension: string
}

/** What statements are written with. */
export interface StatementLayout {
  readonly names: Identifiers
  readonly space: EmbeddingColumns
  /** The oid of `vector` (never of `halfvec`: that is cast in SQL), for binary arrays. */
  readonly vectorOid: number
}

export const embeddingColumn = (space: Pick<EmbeddingColumns, "number">): string =>
  `embedding_${space.number}`
export const termsColumn = (space: Pick<EmbeddingColumns, "number">): string => `terms_${space.number}`
export const weightsColumn = (space: Pick<EmbeddingColumns, "number">): string => `weights_${space.number}`
export const weightColumn = (space: Pick<EmbeddingColumns, "number">): string => `weight_${space.number}`

/** `extensions.vector`. */
export const typeName = (space: EmbeddingColumns, type: VectorType = space.vectorType): string =>
  `${space.extension}.${type}`

/** A parameter in binary `vector` form, as the column's type. */
export const asColumnType = (space: EmbeddingColumns, parameter: string): string =>
  space.vectorType === "vector"
    ? `${parameter}::${typeName(space, "vector")}`
    : `(${parameter}::${typeName(space, "vector")})::${typeName(space)}`

/** Negative inner product: of unit vectors, the negative cosine, and the cheapest of pgvector's distances. */
export const distance = (space: EmbeddingColumns, a: string, b: string): string =>
  `${a} operator(${space.extension}.<#>) ${b}`

/** PLAIN storage keeps a vector inside its row, which must fit a page of 8 kB beside the other columns. */
export const DIMENSIONS_MAX: Readonly<Record<VectorType, number>> = { vector: 1_900, halfvec: 3_800 }
