import { badRequest, noVector } from "../refusals.ts"
import type { Filter } from "../schemas/filter.ts"
import type { Prefetch, Query, SearchParams } from "../schemas/query.ts"
import type { SparseVector } from "../schemas/values.ts"
import type { Collection } from "./Collection.ts"
import { orderByKey } from "./scroll.ts"
import { checkDimensions, showPoint, type StoredPoint } from "./StoredPoint.ts"

type Scored = readonly [score: number, point: StoredPoint]

/** `Collection.select`, once per filter of a batch. */
type Select = (filter: Filter | undefined) => ReadonlyArray<StoredPoint>

const cachedSelect = (collection: Collection): Select => {
  const selections = new Map<string, ReadonlyArray<StoredPoint>>()
  return (filter) => {
    const key = JSON.stringify(filter ?? null)
    const points = selections.get(key) ?? collection.select(filter)
    selections.set(key, points)
    return points
  }
}

/** IDFs of a corpus, computed once in a batch. */
const knownIdfs = new WeakMap<ReadonlyArray<StoredPoint>, Map<string, number>>()

/** `ln(1 + (n − df + ½)/(df + ½))` over the points of the corpus that have the vector, even an empty one. */
const computeIdf = (corpus: ReadonlyArray<StoredPoint>, name: string, term: number): number => {
  const known = knownIdfs.get(corpus) ?? new Map<string, number>()
  knownIdfs.set(corpus, known)
  const key = `${name} ${term}`
  const idf = known.get(key)
  if (idf !== undefined) return idf
  const n = corpus.filter((point) => point.sparse.has(name)).length
  const df = corpus.filter((point) => point.sparse.get(name)?.has(term) === true).length
  const computed = Math.log(1 + (n - df + 0.5) / (df + 0.5))
  known.set(key, computed)
  return computed
}

const scoreSparse = (
  collection: Collection,
  select: Select,
  candidates: ReadonlyArray<StoredPoint>,
  name: string,
  query: SparseVector,
  idf: SearchParams["idf"]
): Array<Scored> => {
  const params = collection.config.sparse_vectors?.[name]
  if (params === undefined) throw noVector(name)
  if (idf !== undefined && params.modifier !== "idf") {
    throw badRequest(`idf params require the idf modifier on vector ${name}`)
  }
  const corpus =
    idf === undefined || idf === "global" ? Array.from(collection.points.values()) : select(idf.corpus)
  const weights = query.indices.map((term, i) => {
    const factor = params.modifier === "idf" ? computeIdf(corpus, name, term) : 1
    return [term, (query.values[i] ?? 0) * factor] as const
  })
  return candidates.flatMap((point) => {
    const terms = point.sparse.get(name)
    const shared = weights.filter(([term]) => terms?.has(term) === true)
    if (shared.length === 0) return []
    const score = shared.reduce((sum, [term, weight]) => sum + weight * (terms?.get(term) ?? 0), 0)
    return [[Math.fround(score), point] as const]
  })
}

const scoreDense = (
  collection: Collection,
  candidates: ReadonlyArray<StoredPoint>,
  name: string,
  query: ReadonlyArray<number>
): Array<Scored> => {
  checkDimensions(collection.config, name, query.length)
  const length = Math.hypot(...query)
  return candidates.flatMap((point) => {
    const vector = point.dense.get(name)
    if (vector === undefined) return []
    let dot = 0
    for (const [i, value] of vector.entries()) dot += value * (query[i] ?? 0)
    return [[Math.fround(length === 0 ? 0 : dot / length), point] as const]
  })
}

/** The best `limit`; with `prefetched`, only points of that set. */
const search = (
  collection: Collection,
  select: Select,
  { filter, params, query, score_threshold, using = "" }: Prefetch,
  limit: number,
  prefetched: ReadonlySet<StoredPoint> | undefined
): ReadonlyArray<Scored> => {
  const selected = select(filter)
  const candidates = prefetched === undefined ? selected : selected.filter((point) => prefetched.has(point))
  if (query === undefined) {
    return candidates
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, limit)
      .map((point) => [0, point] as const)
  }
  if ("order_by" in query) {
    return orderByKey(collection, candidates, query.order_by)
      .slice(0, limit)
      .map(([, point]) => [0, point] as const)
  }
  const scored =
    "indices" in query
      ? scoreSparse(collection, select, candidates, using, query, params?.idf)
      : scoreDense(collection, candidates, using, query)
  return scored
    .filter(([score]) => score_threshold === undefined || score > score_threshold)
    .sort(([a], [b]) => b - a)
    .slice(0, limit)
}

const toList = (prefetch: Query["prefetch"]): ReadonlyArray<Prefetch> => {
  if (prefetch === undefined) return []
  return Array.isArray(prefetch) ? (prefetch as ReadonlyArray<Prefetch>) : [prefetch as Prefetch]
}

const answerQuery = (
  collection: Collection,
  select: Select,
  query: Query
): { points: ReadonlyArray<unknown> } => {
  const { limit = 10, offset = 0, with_payload = false, with_vector = false } = query
  const prefetches = toList(query.prefetch)
  const prefetched = prefetches.flatMap((prefetch) =>
    search(collection, select, prefetch, prefetch.limit ?? 10, undefined).map(([, point]) => point)
  )
  const among = prefetches.length === 0 ? undefined : new Set(prefetched)
  const hits = search(collection, select, query, limit + offset, among).slice(offset)
  return {
    points: hits.map(([score, point]) => ({
      ...showPoint(point, { with_payload, with_vector }),
      version: 0,
      score
    }))
  }
}

/** Answers a batch of queries, in order. */
export const answerQueries = (
  collection: Collection,
  queries: ReadonlyArray<Query>
): ReadonlyArray<{ points: ReadonlyArray<unknown> }> => {
  const select = cachedSelect(collection)
  return queries.map((query) => answerQuery(collection, select, query))
}
