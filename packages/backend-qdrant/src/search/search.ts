import type { MemoryError, SearchRequest, SearchResult } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import {
  all,
  type Conditions,
  hasId,
  inScope,
  is,
  must,
  mustNot,
  NO_CONDITIONS,
  oneOf,
  toFilter,
  visible
} from "../codec/filter.ts"
import { FACT_KEYS, isCut, readMemoryId, readPassage } from "../codec/memoryRow.ts"
import { IS_MEMORY } from "../codec/passages.ts"
import { DENSE, TERMS, toNumbers } from "../codec/vectors.ts"
import { queryAll } from "../connection/queryAll.ts"
import type { Serving } from "../requests/Serving.ts"
import { type AskedPart, askPart, type Channel, corpusOf, scopeIdf, termsQuery } from "./channels.ts"
import { type Candidate, EvidenceReader, type Place } from "./evidence.ts"

type Query = Schemas["QueryRequest"]
type Point = Schemas["ScoredPoint"]
type Points = ReadonlyArray<Point>

/** A channel of one part, and the memories that it found: each by its best passage, the best memory first. */
interface Search {
  readonly channel: Channel
  readonly part: number
  readonly kind: "nearest" | "worded"
  readonly found: Map<string, Place & { readonly isCut: boolean }>
}

interface Plan {
  readonly parts: ReadonlyArray<AskedPart>
  readonly searches: ReadonlyArray<Search>
  readonly conditions: Conditions
  readonly limit: number
}

const planSearch = (embedded: boolean, request: SearchRequest, matching: Conditions): Plan => {
  const { asOf, exact = false, limit, now, scope } = request
  const parts = request.parts.map((part) => askPart(part, embedded, scope, exact))
  const searches = parts.flatMap(({ dense, lexical }, part): ReadonlyArray<Search> => [
    ...(dense === undefined ? [] : [{ channel: dense, part, kind: "nearest", found: new Map() } as const]),
    ...(lexical === undefined ? [] : [{ channel: lexical, part, kind: "worded", found: new Map() } as const])
  ])
  return { parts, searches, conditions: all(inScope(scope), visible(now, asOf), matching), limit }
}

const queryOf = ({ params, query, using }: Channel, { conditions, limit }: Plan) => ({
  query,
  using,
  params,
  filter: toFilter(conditions),
  limit
})

/** The best of each channel. */
const bestQueries = (plan: Plan): ReadonlyArray<Query> =>
  plan.searches.map(({ channel }) => ({ ...queryOf(channel, plan), with_payload: FACT_KEYS }))

/** The cosines of each part for the best of all other channels. */
const cosineQueries = (plan: Plan): ReadonlyArray<Query> =>
  plan.searches.flatMap((search): ReadonlyArray<Query> => {
    const others = plan.searches.filter((other) => other !== search)
    if (search.kind !== "nearest" || others.length === 0) return []
    return [
      {
        // Repeats the filter: a query does not inherit it from its prefetch.
        ...queryOf(search.channel, plan),
        params: search.channel.knownParams,
        prefetch: others.map(({ channel }) => queryOf(channel, plan)),
        limit: plan.limit * others.length
      }
    ]
  })

/** Returns one hit with its term weights: its score is idf·weight, which gives the IDF. */
const frequencyQueries = (
  { exact = false, scope }: SearchRequest,
  terms: ReadonlyArray<number>
): ReadonlyArray<Query> =>
  terms.map((term) => ({
    query: termsQuery([term]),
    using: TERMS,
    params: scopeIdf(scope, exact),
    filter: toFilter(corpusOf(scope)),
    limit: 1,
    with_vector: [TERMS]
  }))

/** Solves `idf = ln(1 + (n − df + ½)/(df + ½))` for `df`: the server returns scores, not counts. */
const toFrequency = (term: number, [hit]: Points, n: number): number => {
  if (hit === undefined) return 0
  const vectors = hit.vector as Record<string, Schemas["SparseVector"]> | undefined
  const sparse = vectors?.[TERMS]
  const weight = sparse?.values[sparse.indices.indexOf(term)]
  if (weight === undefined || weight === 0) return 0
  return Math.min(n, Math.max(1, Math.round((n + 1) / Math.exp(hit.score / weight) - 0.5)))
}

/** Keeps of each memory the best passage, the first of those that tie. */
const addFound = ({ found }: Search, points: Points): void => {
  for (const point of points) {
    const id = readMemoryId(point)
    const place = { passage: readPassage(point), score: point.score, isCut: isCut(point) }
    const best = found.get(id)
    if (best === undefined || (best.score === place.score && best.passage > place.passage))
      found.set(id, place)
  }
}

/** Passages that are asked for in place of each memory that is still wanted. */
const OVER = 4
const ROWS_MAX = 1_000

/** Asks on for other memories where passages of the same took the places of a channel. */
const findMore = (
  serving: Serving,
  plan: Plan,
  short: ReadonlyArray<Search>
): Effect.Effect<void, MemoryError> => {
  if (short.length === 0) return Effect.void
  const asked = short.map(({ channel, found }) => {
    const cut = Array.from(found).flatMap(([id, place]) => (place.isCut ? [id] : []))
    const others = mustNot(oneOf("memory", cut), hasId(Array.from(found.keys())))
    return {
      ...queryOf(channel, plan),
      filter: toFilter(all(plan.conditions, others)),
      limit: Math.min(ROWS_MAX, OVER * (plan.limit - found.size)),
      with_payload: ["memory", "passage"]
    }
  })
  return Effect.flatMap(queryAll(serving.points, asked), (results) => {
    const still = short.filter((search, i) => {
      const points = results[i] ?? []
      addFound(search, points)
      return points.length === asked[i]?.limit && search.found.size < plan.limit
    })
    return findMore(serving, plan, still)
  })
}

/** The best `limit` memories of each channel. */
const cutFound = ({ limit, searches }: Plan): void => {
  for (const { found } of searches) {
    for (const id of Array.from(found.keys()).slice(limit)) found.delete(id)
  }
}

/** The memories of all channels, with what is known of each. */
const toCandidates = (
  { parts, searches }: Plan,
  compared: ReadonlySet<string>,
  cosines: ReadonlyMap<number, ReadonlyMap<string, Place>>
): ReadonlyArray<Candidate> => {
  const cut = new Map(searches.flatMap(({ found }) => Array.from(found, ([id, place]) => [id, place.isCut])))
  return Array.from(cut, ([id, isCut]): Candidate => {
    const placeIn = (kind: Search["kind"], part: number) =>
      searches.find((search) => search.kind === kind && search.part === part)?.found.get(id)
    return {
      id,
      isCut,
      nearest: parts.map(({ dense }, part) => {
        if (dense === undefined) return null
        const place = placeIn("nearest", part)
        if (place !== undefined || isCut) return place
        return compared.has(id) ? (cosines.get(part)?.get(id) ?? null) : undefined
      }),
      worded: parts.map(({ lexical }, part) => {
        const place = placeIn("worded", part)
        return place ?? (isCut && lexical !== undefined ? undefined : null)
      })
    }
  })
}

/** Current memories of which a passage has no vector in a collection of vectors. */
const countByWordsAlone = ({ embedded, layouts, points }: Serving, request: SearchRequest) => {
  if (!embedded) return Effect.succeed(0)
  const bare = { must_not: [{ has_vector: DENSE }] }
  const lacking = layouts() === "first" ? bare : { should: [bare, is("gaps", true)] }
  return points.count(all(corpusOf(request.scope), IS_MEMORY, must(lacking)))
}

/** Merges what the queries of hits found; asks on where that is not all. */
const readHits = Effect.fnUntraced(function* (
  serving: Serving,
  { scope }: SearchRequest,
  plan: Plan,
  results: ReadonlyArray<Points>
) {
  const { limit, parts, searches } = plan
  const reader = new EvidenceReader(serving, scope, parts)
  const compared = new Set<string>()
  searches.forEach((search, i) => {
    const points = results[i] ?? []
    addFound(search, points)
    for (const point of points) {
      compared.add(String(point.id))
      reader.points.add(point)
    }
  })
  const compare = searches.filter(({ kind }) => kind === "nearest")
  const cosines = new Map(
    compare.map(({ part }, i) => {
      const points = results[searches.length + i] ?? []
      return [part, new Map(points.map(({ id, score }) => [String(id), { passage: 0, score }]))] as const
    })
  )
  const short = searches.filter(({ found }, i) => results[i]?.length === limit && found.size < limit)
  yield* findMore(serving, plan, short)
  cutFound(plan)
  const candidates = toCandidates(plan, compared, cosines)
  yield* reader.complete(candidates)
  return yield* reader.toHits(candidates)
})

/**
 * One round trip: a batch of queries and, in parallel, the counts of the corpus. Where long texts are among the hits,
 * up to two more for each memory's best passages, and more where their passages took the places of others.
 */
export const search = Effect.fnUntraced(function* (
  serving: Serving,
  request: SearchRequest
): Effect.fn.Return<SearchResult, MemoryError> {
  const { embedded, points } = serving
  const matching = yield* serving.translate(request.filter)
  const plan = planSearch(embedded, request, matching ?? NO_CONDITIONS)
  const hitQueries = matching === null ? [] : [...bestQueries(plan), ...cosineQueries(plan)]
  const terms = Array.from(new Set(plan.parts.flatMap((part) => toNumbers(part.terms))))
  const [results, n, byWordsAlone] = yield* Effect.all(
    [
      queryAll(points, [...hitQueries, ...frequencyQueries(request, terms)]),
      points.count(corpusOf(request.scope)),
      countByWordsAlone(serving, request)
    ],
    { concurrency: "unbounded" }
  )
  const frequencies = new Map(
    terms.map((term, i) => [term, toFrequency(term, results[hitQueries.length + i] ?? [], n)])
  )
  const isExact = request.exact === true || plan.parts.every(({ dense }) => dense === undefined)
  return {
    hits: matching === null ? [] : yield* readHits(serving, request, plan, results),
    n,
    df: plan.parts.map((part) => Array.from(part.terms, (term) => frequencies.get(term) ?? 0)),
    plan: { way: isExact ? "exact" : "graph", byWordsAlone }
  }
})
