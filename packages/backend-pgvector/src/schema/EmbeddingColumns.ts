import { type Fingerprint, invalidInput } from "@keepsake/core/driver"
import type { Identifiers } from "./identifiers.ts"

export type VectorType = "vector" | "halfvec"

/**
 * The columns that hold vectors and terms of the serving embedding space. Their names carry its number: after a
 * move, statements of handles still open on the old space fail instead of comparing vectors of two models.
 */
export interface EmbeddingColumns {
  readonly number: number
  /** `null` in a store without an embedder. */
  readonly dimensions: number | null
  readonly vectorType: VectorType
  /** Quoted schema of the `vector` extension, which may be outside the search path. */
  readonly extension: string
}

/** Names and columns that statements are built from. */
export interface StatementLayout {
  readonly names: Identifiers
  readonly space: EmbeddingColumns
  /** The oid of `vector`, for binary arrays. SQL casts them to `halfvec` where needed. */
  readonly vectorOid: number
  /** Of the serving space. */
  readonly fingerprint: Fingerprint
}

export const toEmbeddingColumns = (
  number: number,
  fingerprint: Fingerprint,
  vectorType: VectorType,
  extension: string
): EmbeddingColumns => ({
  number,
  dimensions: fingerprint.embedding?.dimensions ?? null,
  vectorType,
  extension
})

export const embeddingColumn = (space: Pick<EmbeddingColumns, "number">): string =>
  `embedding_${space.number}`
export const termsColumn = (space: Pick<EmbeddingColumns, "number">): string => `terms_${space.number}`
export const weightsColumn = (space: Pick<EmbeddingColumns, "number">): string => `weights_${space.number}`
export const lengthColumn = (space: Pick<EmbeddingColumns, "number">): string => `length_${space.number}`
export const normColumn = (space: Pick<EmbeddingColumns, "number">): string => `norm_${space.number}`
export const weightColumn = (space: Pick<EmbeddingColumns, "number">): string => `weight_${space.number}`

/** `extensions.vector`. */
export const typeName = (space: EmbeddingColumns, type: VectorType = space.vectorType): string =>
  `${space.extension}.${type}`

/** Casts a binary `vector` parameter to the column's type. */
export const castToColumn = (space: EmbeddingColumns, parameter: string): string =>
  space.vectorType === "vector"
    ? `${parameter}::${typeName(space, "vector")}`
    : `(${parameter}::${typeName(space, "vector")})::${typeName(space)}`

/** The negative inner product, pgvector's cheapest distance: for unit vectors the negative cosine. */
export const distance = (space: EmbeddingColumns, a: string, b: string): string =>
  `${a} operator(${space.extension}.<#>) ${b}`

/** PLAIN storage keeps a vector inside its row, and a row must fit a page of 8 kB. */
const DIMENSIONS_MAX: Readonly<Record<VectorType, number>> = { vector: 1_900, halfvec: 3_800 }

/** Throws for more dimensions than fit a row. */
export const checkDimensions = (dimensions: number | null, vectorType: VectorType): void => {
  if (dimensions === null || dimensions <= DIMENSIONS_MAX[vectorType]) return
  const advice =
    dimensions <= DIMENSIONS_MAX.halfvec && vectorType === "vector" ? "set halfvec: true, or use" : "use"
  throw invalidInput(
    "dimensions",
    `${dimensions} are more than a ${vectorType} column keeps inside its row (${DIMENSIONS_MAX[vectorType]}): ${advice} an embedder with fewer (many models can shorten their vectors).`
  )
}

/** PLAIN keeps vectors in the row: out of line, a scan would fetch each one from another table. */
export const addEmbedding = (
  n: Identifiers,
  space: EmbeddingColumns,
  table: "memories" | "passages"
): ReadonlyArray<string> =>
  space.dimensions === null
    ? []
    : [
        `alter table ${n.table(table)} add column ${embeddingColumn(space)} ${typeName(space)}(${space.dimensions})`,
        `alter table ${n.table(table)} alter column ${embeddingColumn(space)} set storage plain`
      ]
