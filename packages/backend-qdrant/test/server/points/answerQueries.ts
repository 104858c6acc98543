import { badRequest, noVector } from "../refusals.ts"
import type { Filter } from "../schemas/filter.ts"
import type { Prefetch, Query, SearchParams } from "../schemas/query.ts"
import type { SparseVector } from "../schemas/values.ts"
import type { Collection } from "./Collection.ts"
import { intersectHits } from "./replicas.ts"
import { orderByKey } from "./scroll.ts"
import type { Shard } from "./Shard.ts"
import { checkDimensions, showPoint, type StoredPoint } from "./StoredPoint.ts"

type Scored = readonly [score: number, point: StoredPoint]

type Points = ReadonlyArray<StoredPoint>

/** A shard's points by filter, each filter of a batch evaluated once. */
interface View {
  readonly collection: Shard["collection"]
  readonly select: (filter: Filter | undefined) => Points
  /** What the IDF counts. */
  readonly corpus: (filter: Filter | undefined) => Points
}

const once = (find: (filter: Filter | undefined) => Points) => {
  const found = new Map<string, Points>()
  return (filter: Filter | undefined) => {
    const key = JSON.stringify(filter ?? null)
    const points = found.get(key) ?? find(filter)
    found.set(key, points)
    return points
  }
}

const viewShard = (shard: Shard): View => ({
  collection: shard.collection,
  select: once((filter) => shard.select(filter)),
  corpus: once((filter) => shard.corpus(filter))
})

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
  { collection, corpus: corpusOf }: View,
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
  const corpus = corpusOf(idf === undefined || idf === "global" ? undefined : idf.corpus)
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
  collection: Shard["collection"],
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

/** The best `limit` of a shard; with `prefetched`, only points of that set. Each replica breaks ties differently. */
const search = (
  view: View,
  { filter, params, query, score_threshold, using = "" }: Prefetch,
  limit: number,
  replica: number,
  prefetched?: ReadonlySet<StoredPoint>
): ReadonlyArray<Scored> => {
  const inOrder = view.select(filter)
  const selected = replica % 2 === 0 ? inOrder : inOrder.toReversed()
  const candidates = prefetched === undefined ? selected : selected.filter((point) => prefetched.has(point))
  if (query === undefined) {
    return candidates
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, limit)
      .map((point) => [0, point] as const)
  }
  if ("order_by" in query) {
    return orderByKey(view.collection, candidates, query.order_by)
      .slice(0, limit)
      .map(([, point]) => [0, point] as const)
  }
  const scored =
    "indices" in query
      ? scoreSparse(view, candidates, using, query, params?.idf)
      : scoreDense(view.collection, candidates, using, query)
  return scored
    .filter(([score]) => score_threshold === undefined || score > score_threshold)
    .sort(([a], [b]) => b - a)
    .slice(0, limit)
}

const toList = (prefetch: Query["prefetch"]): ReadonlyArray<Prefetch> => {
  if (prefetch === undefined) return []
  return Array.isArray(prefetch) ? (prefetch as ReadonlyArray<Prefetch>) : [prefetch as Prefetch]
}

/** A shard's best points, by its own counts and among its own prefetched points. */
const searchShard = (view: View, query: Query, limit: number, replica: number): ReadonlyArray<Scored> => {
  const prefetches = toList(query.prefetch)
  const prefetched = prefetches.flatMap((prefetch) =>
    search(view, prefetch, prefetch.limit ?? 10, replica).map(([, point]) => point)
  )
  return search(view, query, limit, replica, prefetches.length === 0 ? undefined : new Set(prefetched))
}

/** The shards' answers in one order. */
const merge = (
  collection: Collection,
  { query }: Query,
  answers: ReadonlyArray<ReadonlyArray<Scored>>
): ReadonlyArray<Scored> => {
  const [only = []] = answers
  if (answers.length < 2) return only
  const hits = answers.flat()
  if (query === undefined) return hits.sort(([, a], [, b]) => (a.id < b.id ? -1 : 1))
  if ("order_by" in query) {
    const points = hits.map(([, point]) => point)
    return orderByKey(collection, points, query.order_by).map(([, point]) => [0, point] as const)
  }
  return hits.sort(([a], [b]) => b - a)
}

/** Answers a batch of queries, in order. `countReplicas` is how many replicas of a shard are asked. */
export const answerQueries = (
  collection: Collection,
  queries: ReadonlyArray<Query>,
  countReplicas: (shards: ReadonlyArray<Shard>) => number
): ReadonlyArray<{ points: ReadonlyArray<unknown> }> => {
  const views = new Map(collection.shards.map((shard) => [shard, viewShard(shard)]))
  return queries.map((query) => {
    const { limit = 10, offset = 0, with_payload = false, with_vector = false } = query
    const shards = collection.select(query.shard_key, "read")
    const replicas = countReplicas(shards)
    const answers = shards.map((shard) => {
      const view = views.get(shard) ?? viewShard(shard)
      const ofReplica = (replica: number) => searchShard(view, query, limit + offset, replica)
      return intersectHits(Array.from({ length: replicas }, (_, replica) => ofReplica(replica)))
    })
    const hits = merge(collection, query, answers).slice(offset, offset + limit)
    return {
      points: hits.map(([score, point]) => ({
        ...showPoint(point, { with_payload, with_vector }),
        version: 0,
        score
      }))
    }
  })
}
