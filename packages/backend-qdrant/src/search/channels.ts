/** How a part is asked: by its vector, and by its terms. */
import type { Scope, WeighedPart } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { all, CURRENT, inScope, is, must, toFilter } from "../codec/filter.ts"
import { DENSE, TERMS, toNumbers } from "../codec/vectors.ts"

/** A query by one vector of points. */
export interface Channel {
  readonly query: Schemas["QueryInterface"]
  readonly using: string
  readonly params: Schemas["SearchParams"]
  /** For few points that are known: all are compared, by the vectors themselves where others are quantised. */
  readonly knownParams: Schemas["SearchParams"]
}

/** The channels of a part. */
export interface AskedPart {
  /** Absent without a vector, or in a store without embeddings. */
  readonly dense?: Channel
  /** Absent without terms. */
  readonly lexical?: Channel
  readonly terms: Uint32Array
}

/** The passages that `n` and `df` count. */
export const corpusOf = (scope: Scope) => all(inScope(scope), CURRENT)

/** No point matches: over an empty corpus the server's IDF is the same for every term. */
const EMPTY_CORPUS = toFilter(must(is("scope", "")))

export const termsQuery = (
  ids: ReadonlyArray<number>,
  values: ReadonlyArray<number> = ids.map(() => 1)
): Schemas["SparseVector"] => ({ indices: [...ids], values: [...values] })

const denseChannel = (vector: Float32Array, params: Schemas["SearchParams"]): Channel => ({
  query: toNumbers(vector),
  using: DENSE,
  // Returns exact scores even if the operator quantises vectors.
  params: { ...params, quantization: { rescore: true } },
  knownParams: { exact: true, quantization: { ignore: true } }
})

/** Parameters of term queries that weigh by the IDF of the scope. */
export const scopeIdf = (scope: Scope, exact: boolean): Schemas["SearchParams"] => ({
  ...(exact ? { exact } : {}),
  idf: { corpus: toFilter(corpusOf(scope)) }
})

/** Asks a part of a search: the server weighs its terms. */
export const askPart = (
  { terms = new Uint32Array(), vector }: WeighedPart,
  embedded: boolean,
  scope: Scope,
  exact: boolean
): AskedPart => {
  const params = scopeIdf(scope, exact)
  const query = termsQuery(toNumbers(terms))
  return {
    ...(embedded && vector !== undefined ? { dense: denseChannel(vector, exact ? { exact } : {}) } : {}),
    ...(terms.length === 0 ? {} : { lexical: { query, using: TERMS, params, knownParams: params } }),
    terms
  }
}

/** Asks a part whose terms are weighed already. */
export const askWeighedPart = (
  { idfs, terms = new Uint32Array(), vector }: WeighedPart,
  embedded: boolean
): AskedPart => {
  const params = { idf: { corpus: EMPTY_CORPUS } }
  const ids = toNumbers(terms)
  const query = termsQuery(
    ids,
    ids.map((_, i) => idfs?.[i] ?? 1)
  )
  return {
    ...(embedded && vector !== undefined ? { dense: denseChannel(vector, { exact: true }) } : {}),
    ...(terms.length === 0 ? {} : { lexical: { query, using: TERMS, params, knownParams: params } }),
    terms
  }
}
