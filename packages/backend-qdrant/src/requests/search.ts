import type { Memory, MemoryError, SearchHit, SearchRequest, SearchResult } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"
import {
  all,
  type Conditions,
  CURRENT,
  inScope,
  mustNot,
  NO_CONDITIONS,
  toFilter,
  visible
} from "../codec/filter.ts"
import { decode, decodeMemory } from "../codec/memoryRow.ts"
import { DENSE, TERMS, toNumbers } from "../codec/vectors.ts"
import type { Serving } from "./Serving.ts"

type Query = Schemas["QueryRequest"]
type Hits = ReadonlyArray<Schemas["ScoredPoint"]>

const termsQuery = (ids: ReadonlyArray<number>): Schemas["SparseVector"] => ({
  indices: [...ids],
  values: ids.map(() => 1)
})

/** How to search by one vector, and how to rescore hits of the other channel by it. */
interface Channel {
  readonly query: Schemas["QueryInterface"]
  readonly using: string
  readonly params: Schemas["SearchParams"]
  /** Few points are rescored, so quantised vectors are not used. */
  readonly rescoreParams: Schemas["SearchParams"]
}

interface Plan {
  readonly dense: Channel | undefined
  readonly lexical: Channel | undefined
  readonly filter: Schemas["Filter"]
  readonly limit: number
  readonly terms: ReadonlyArray<number>
  /** Parameters of term queries, with the corpus of IDF. */
  readonly lexicalParams: Schemas["SearchParams"]
  readonly corpus: Schemas["Filter"]
}

/** The rows that `n` and `df` count. */
const corpusConditions = ({ scope }: SearchRequest) => all(inScope(scope), CURRENT)

const planSearch = (embedded: boolean, request: SearchRequest, matching: Conditions): Plan => {
  const { asOf, exact = false, limit, now, scope, vector } = request
  const terms = toNumbers(request.terms ?? new Uint32Array())
  const corpus = toFilter(corpusConditions(request))
  const params = exact ? { exact } : {}
  const lexicalParams = { ...params, idf: { corpus } }
  return {
    dense:
      embedded && vector !== undefined
        ? {
            query: toNumbers(vector),
            using: DENSE,
            // Returns exact scores even if the operator quantises vectors.
            params: { ...params, quantization: { rescore: true } },
            rescoreParams: { ...params, quantization: { ignore: true } }
          }
        : undefined,
    lexical:
      terms.length === 0
        ? undefined
        : { query: termsQuery(terms), using: TERMS, params: lexicalParams, rescoreParams: lexicalParams },
    filter: toFilter(all(inScope(scope), visible(now, asOf), matching)),
    limit,
    terms,
    lexicalParams,
    corpus
  }
}

/** The best of each channel with their rows, then the best of each rescored by the other. */
const hitQueries = ({ dense, filter, lexical, limit }: Plan): ReadonlyArray<Query> => {
  const base = ({ params, query, using }: Channel) => ({ query, using, params, filter, limit })
  const best = (channel: Channel): Query => ({ ...base(channel), with_payload: true })
  // Repeats the filter: a query does not inherit it from its prefetch.
  const rescored = (channel: Channel, by: Channel): Query => ({
    prefetch: base(channel),
    ...base({ ...by, params: by.rescoreParams })
  })
  if (dense !== undefined && lexical !== undefined) {
    return [best(dense), best(lexical), rescored(lexical, dense), rescored(dense, lexical)]
  }
  const channel = dense ?? lexical
  return channel === undefined ? [] : [best(channel)]
}

/** Returns one hit with its term weights: its score is idf·weight, which gives the IDF. */
const frequencyQueries = ({ corpus, lexicalParams, terms }: Plan): ReadonlyArray<Query> =>
  terms.map((term) => ({
    query: termsQuery([term]),
    using: TERMS,
    params: lexicalParams,
    filter: corpus,
    limit: 1,
    with_vector: [TERMS]
  }))

/** Solves `idf = ln(1 + (n − df + ½)/(df + ½))` for `df`: the server returns scores, not counts. */
const toFrequency = (term: number, [hit]: Hits, n: number): number => {
  if (hit === undefined) return 0
  const vectors = hit.vector as Record<string, Schemas["SparseVector"]> | undefined
  const sparse = vectors?.[TERMS]
  const weight = sparse?.values[sparse.indices.indexOf(term)]
  if (weight === undefined || weight === 0) return 0
  return Math.min(n, Math.max(1, Math.round((n + 1) / Math.exp(hit.score / weight) - 0.5)))
}

const scoresById = (hits: Hits | undefined): ReadonlyMap<string, number> =>
  new Map((hits ?? []).map(({ id, score }) => [String(id), score]))

/** Each hit once, with the scores of both channels. */
const mergeHits = (plan: Plan, results: ReadonlyArray<Hits>): ReadonlyArray<SearchHit> => {
  const lists = [...results]
  const dense = plan.dense === undefined ? undefined : lists.shift()
  const lexical = plan.lexical === undefined ? undefined : lists.shift()
  const [rescoredDense, rescoredLexical] = lists
  const cosines = new Map([...scoresById(rescoredDense), ...scoresById(dense)])
  const bm25 = new Map([...scoresById(rescoredLexical), ...scoresById(lexical)])
  const memories = new Map<string, Memory>()
  for (const point of [...(dense ?? []), ...(lexical ?? [])]) {
    const id = String(point.id)
    if (!memories.has(id)) memories.set(id, decodeMemory(point))
  }
  return Array.from(memories, ([id, memory]) => ({
    memory,
    cosine: cosines.get(id) ?? null,
    bm25: bm25.get(id) ?? 0
  }))
}

/** Current rows of the scope that have no vector in a collection of vectors. */
const countWithoutVector = ({ embedded, points }: Serving, request: SearchRequest) =>
  embedded ? points.count(all(corpusConditions(request), mustNot({ has_vector: DENSE }))) : Effect.succeed(0)

/** One round trip: a batch of queries and, in parallel, the counts of the corpus. */
export const search = Effect.fnUntraced(function* (
  serving: Serving,
  request: SearchRequest
): Effect.fn.Return<SearchResult, MemoryError> {
  const { embedded, points } = serving
  const matching = yield* serving.translate(request.filter)
  const plan = planSearch(embedded, request, matching ?? NO_CONDITIONS)
  const hitSearches = matching === null ? [] : hitQueries(plan)
  const searches = [...hitSearches, ...frequencyQueries(plan)]
  const [results, n, byWordsAlone] = yield* Effect.all(
    [
      searches.length === 0 ? Effect.succeed([]) : points.query(searches),
      points.count(corpusConditions(request)),
      countWithoutVector(serving, request)
    ],
    { concurrency: "unbounded" }
  )
  const hitResults = results.slice(0, hitSearches.length)
  return {
    hits: yield* decode(() => (hitResults.length === 0 ? [] : mergeHits(plan, hitResults))),
    n,
    df: plan.terms.map((term, i) => toFrequency(term, results[hitSearches.length + i] ?? [], n)),
    plan: { way: plan.dense === undefined || request.exact === true ? "exact" : "graph", byWordsAlone }
  }
})
