import type { Collection } from "./Collection.ts"
import type { StoredPoint } from "./filters.ts"
import { badRequest } from "./problems.ts"
import type { Filter, Params, Prefetch, Query, SparseVector } from "./requests.ts"

type Scored = readonly [score: number, point: StoredPoint]

/** What a filter lets through, looked up once a batch. */
type Select = (filter: Filter | undefined) => ReadonlyArray<StoredPoint>

const selecting = (collection: Collection): Select => {
  const known = new Map<string, ReadonlyArray<StoredPoint>>()
  return (filter) => {
    const key = JSON.stringify(filter ?? null)
    const found = known.get(key) ?? collection.select(filter)
    known.set(key, found)
    return found
  }
}

/** `ln(1 + (N − df + ½)/(df + ½))` over the points of the corpus that have the vector, be it empty. */
const idfOf = (corpus: ReadonlyArray<StoredPoint>, name: string, term: number): number => {
  const n = corpus.filter((point) => point.sparse.has(name)).length
  const df = corpus.filter((point) => point.sparse.get(name)?.has(term) === true).length
  return Math.log(1 + (n - df + 0.5) / (df + 0.5))
}

const scoreSparse = (
  collection: Collection,
  select: Select,
  from: ReadonlyArray<StoredPoint>,
  name: string,
  query: SparseVector,
  idf: Params["idf"]
): Array<Scored> => {
  const params = collection.config.sparse_vectors?.[name]
  if (params === undefined) throw collection.noVector(name)
  if (idf !== undefined && params.modifier !== "idf") {
    throw badRequest(`idf params require the idf modifier on vector ${name}`)
  }
  const corpus =
    idf === undefined || idf === "global" ? Array.from(collection.points.values()) : select(idf.corpus)
  const weights = query.indices.map(
    (term, i) =>
      [term, (query.values[i] ?? 0) * (params.modifier === "idf" ? idfOf(corpus, name, term) : 1)] as const
  )
  return from.flatMap((point) => {
    const terms = point.sparse.get(name)
    const shared = weights.filter(([term]) => terms?.has(term) === true)
    if (shared.length === 0) return []
    const score = shared.reduce((sum, [term, weight]) => sum + weight * (terms?.get(term) ?? 0), 0)
    return [[Math.fround(score), point] as const]
  })
}

const scoreDense = (
  collection: Collection,
  from: ReadonlyArray<StoredPoint>,
  name: string,
  query: ReadonlyArray<number>
): Array<Scored> => {
  collection.checkSize(name, query.length)
  const length = Math.hypot(...query)
  return from.flatMap((point) => {
    const vector = point.dense.get(name)
    if (vector === undefined) return []
    let sum = 0
    for (const [i, part] of vector.entries()) sum += part * (query[i] ?? 0)
    return [[Math.fround(length === 0 ? 0 : sum / length), point] as const]
  })
}

const run = (
  collection: Collection,
  select: Select,
  { filter, params, query, score_threshold, using = "" }: Prefetch,
  limit: number,
  from: ReadonlySet<StoredPoint> | undefined
): ReadonlyArray<Scored> => {
  const passed = select(filter)
  const candidates = from === undefined ? passed : passed.filter((point) => from.has(point))
  if (query === undefined) {
    return candidates
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, limit)
      .map((point) => [0, point] as const)
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

/** One query of a batch, its prefetches first. */
const answer = (collection: Collection, select: Select, query: Query): { points: ReadonlyArray<unknown> } => {
  const { limit = 10, offset = 0, prefetch, with_payload = false, with_vector = false } = query
  const prefetches = prefetch === undefined ? [] : Array.isArray(prefetch) ? prefetch : [prefetch]
  const from =
    prefetches.length === 0
      ? undefined
      : new Set(
          (prefetches as ReadonlyArray<Prefetch>).flatMap((one) =>
            run(collection, select, one, one.limit ?? 10, undefined).map(([, point]) => point)
          )
        )
  const hits = run(collection, select, query, limit + offset, from).slice(offset)
  return {
    points: hits.map(([score, point]) => ({
      ...collection.show(point, { with_payload, with_vector }),
      version: 0,
      score
    }))
  }
}

/** A batch of queries, in its order. */
export const answerAll = (
  collection: Collection,
  queries: ReadonlyArray<Query>
): ReadonlyArray<{ points: ReadonlyArray<unknown> }> => {
  const select = selecting(collection)
  return queries.map((query) => answer(collection, select, query))
}
