import type { Memory, MemoryError, SearchHit, SearchRequest, SearchResult } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"
import { all, CURRENT, filterOf, inScope, matchesNothing, ofFilter, visible } from "../codec/filter.ts"
import { decode, DENSE, memoryOf, numbersOf, TERMS } from "../codec/memoryRow.ts"
import type { PointsApi } from "../connection/PointsApi.ts"

type Query = Schemas["QueryRequest"]
type Answer = ReadonlyArray<Schemas["ScoredPoint"]>

const sparse = (ids: ReadonlyArray<number>): Schemas["SparseVector"] => ({
  indices: [...ids],
  values: ids.map(() => 1)
})

/** A channel of the search: how to ask it, and how to have it rescore the other channel's hits. */
interface Channel {
  readonly query: Schemas["QueryInterface"]
  readonly using: string
  readonly params: Schemas["SearchParams"]
  /** When it scores what the other channel found: few points, so by the vectors themselves. */
  readonly rescoring: Schemas["SearchParams"]
}

interface Plan {
  readonly dense: Channel | undefined
  readonly lexical: Channel | undefined
  readonly filter: Schemas["Filter"]
  readonly limit: number
}

/** The best of each channel with their rows, then each channel's best rescored by the other. */
const hitQueries = ({ dense, filter, lexical, limit }: Plan): ReadonlyArray<Query> => {
  const found = ({ params, query, using }: Channel) => ({ query, using, params, filter, limit })
  const best = (channel: Channel): Query => ({ ...found(channel), with_payload: true })
  // The filter is repeated: a prefetch inherits nothing.
  const rescored = (of: Channel, by: Channel): Query => ({
    prefetch: found(of),
    ...found({ ...by, params: by.rescoring })
  })
  const alone = [dense, lexical].flatMap((channel) => (channel === undefined ? [] : [best(channel)]))
  return dense === undefined || lexical === undefined
    ? alone
    : [...alone, rescored(lexical, dense), rescored(dense, lexical)]
}

/** One hit for each term: its score is idf·weight, and its weight comes along, which leaves the idf. */
const frequencyQuery = (term: number, params: Schemas["SearchParams"], corpus: Schemas["Filter"]): Query => ({
  query: sparse([term]),
  using: TERMS,
  params,
  filter: corpus,
  limit: 1,
  with_vector: [TERMS]
})

/** `idf = ln(1 + (n − df + ½)/(df + ½))`, solved for `df`: the server says scores, not counts. */
const frequencyOf = (term: number, [hit]: Answer, n: number): number => {
  if (hit === undefined) return 0
  const vectors = hit.vector as Record<string, Schemas["SparseVector"]> | undefined
  const terms = vectors?.[TERMS]
  const weight = terms?.values[terms.indices.indexOf(term)]
  if (weight === undefined || weight === 0) return 0
  return Math.min(n, Math.max(1, Math.round((n + 1) / Math.exp(hit.score / weight) - 0.5)))
}

const scoresOf = (answer: Answer | undefined): ReadonlyMap<string, number> =>
  new Map((answer ?? []).map(({ id, score }) => [String(id), score]))

/** Merges the lists: each hit once, with the score of every channel that knows it. */
const merge = (plan: Plan, answers: ReadonlyArray<Answer>): ReadonlyArray<SearchHit> => {
  const lists = [...answers]
  const dense = plan.dense === undefined ? undefined : lists.shift()
  const lexical = plan.lexical === undefined ? undefined : lists.shift()
  const cosines = new Map([...scoresOf(lists[0]), ...scoresOf(dense)])
  const words = new Map([...scoresOf(lists[1]), ...scoresOf(lexical)])
  const rows = new Map<string, Memory>()
  for (const point of [...(dense ?? []), ...(lexical ?? [])]) {
    const id = String(point.id)
    if (!rows.has(id)) rows.set(id, memoryOf(point))
  }
  return Array.from(rows, ([id, memory]) => ({
    memory,
    cosine: cosines.get(id) ?? null,
    bm25: words.get(id) ?? 0
  }))
}

/** One round trip: one batch of queries and, beside it, the count of the corpus. */
export const search = Effect.fnUntraced(function* (
  points: PointsApi,
  embedded: boolean,
  request: SearchRequest
): Effect.fn.Return<SearchResult, MemoryError> {
  const { asOf, exact = false, filter, limit, now, scope, vector } = request
  const terms = numbersOf(request.terms ?? new Uint32Array())
  const counted = all(inScope(scope), CURRENT)
  const corpus = filterOf(counted)
  const params = exact ? { exact } : {}
  const lexicalParams = { ...params, idf: { corpus } }
  // Where the operator quantises, the score that is returned is still the vector's own.
  const denseParams = { ...params, quantization: { rescore: true } }
  const denseRescoring = { ...params, quantization: { ignore: true } }
  const plan: Plan = {
    dense:
      embedded && vector !== undefined
        ? { query: numbersOf(vector), using: DENSE, params: denseParams, rescoring: denseRescoring }
        : undefined,
    lexical:
      terms.length === 0
        ? undefined
        : { query: sparse(terms), using: TERMS, params: lexicalParams, rescoring: lexicalParams },
    filter: filterOf(all(inScope(scope), visible(now, asOf), ofFilter(filter))),
    limit
  }
  const hits = matchesNothing(filter) ? [] : hitQueries(plan)
  const searches = [...hits, ...terms.map((term) => frequencyQuery(term, lexicalParams, corpus))]
  const [answers, n] = yield* Effect.all(
    [searches.length === 0 ? Effect.succeed([]) : points.queries(searches), points.count(counted)],
    { concurrency: "unbounded" }
  )
  return {
    hits: yield* decode(() => (hits.length === 0 ? [] : merge(plan, answers.slice(0, hits.length)))),
    n,
    df: terms.map((term, i) => frequencyOf(term, answers[hits.length + i] ?? [], n))
  }
})
