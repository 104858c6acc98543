import * as Effect from "effect/Effect"
import { matches } from "../../memory/Condition.ts"
import type { InMemoryData } from "../../store/inMemory/inMemoryData.ts"
import { isCurrent, isVisible } from "../../memory/lifetime.ts"
import type { SearchHit, SearchRequest, SearchResult } from "../../store/searching.ts"
import { scopeKey } from "../../memory/Scope.ts"
import type { Handle } from "../Law.ts"
import { broken, type BrokenStore, listScopes } from "./BrokenStore.ts"

/** The right search, in every scope. */
const searchAll = ({ store }: Handle, data: InMemoryData, request: SearchRequest) =>
  Effect.forEach(listScopes(data), (scope) => store.search({ ...request, scope }))

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((a, b) => a + b, 0)

/** The counts of several searches together. */
const sumDf = ({ parts }: SearchRequest, results: ReadonlyArray<SearchResult>) =>
  parts.map(({ terms = [] }, part) =>
    Array.from(terms, (_, i) => sum(results.map(({ df }) => df[part]?.[i] ?? 0)))
  )

/** Hits with each part's evidence changed. */
const changeEvidence = (
  hits: ReadonlyArray<SearchHit>,
  change: (evidence: SearchHit["parts"][number]) => SearchHit["parts"][number]
): ReadonlyArray<SearchHit> => hits.map((hit) => ({ ...hit, parts: hit.parts.map(change) }))

const currentRows = (data: InMemoryData, { scope }: SearchRequest) =>
  Array.from(data.scopes.get(scopeKey(scope))?.values() ?? []).filter(({ memory }) => isCurrent(memory))

export const brokenSearches: ReadonlyArray<BrokenStore> = [
  broken(
    "ignores the scope in search",
    ["isolation > search under a foreign scope finds and changes nothing"],
    (right, data) => ({
      store: {
        search: (request) =>
          Effect.map(searchAll(right, data, request), (results) => ({
            hits: results.flatMap(({ hits }) => hits),
            plan: { way: "exact", byWordsAlone: 0 },
            n: sum(results.map(({ n }) => n)),
            df: sumDf(request, results)
          }))
      }
    })
  ),
  broken(
    "counts n and df over all scopes",
    ["isolation > the same statements in two scopes are counted apart"],
    (right, data) => ({
      store: {
        search: (request) =>
          Effect.map(
            Effect.all([right.store.search(request), searchAll(right, data, request)]),
            ([own, results]) => ({
              ...own,
              n: sum(results.map(({ n }) => n)),
              df: sumDf(request, results)
            })
          )
      }
    })
  ),
  broken(
    "counts n and df over live rows only",
    ["search > n and df count current rows whatever their expiry and the filter"],
    (right, data) => ({
      store: {
        search: (request) =>
          Effect.map(right.store.search(request), (result) => {
            const live = currentRows(data, request).filter(({ memory }) => isVisible(memory, request.now))
            const df = request.parts.map(({ terms = [] }) =>
              Array.from(terms, (id) => live.filter((row) => row.passages[0].terms.ids.includes(id)).length)
            )
            return { ...result, n: live.length, df }
          })
      }
    })
  ),
  broken(
    "ignores the query and returns the newest",
    ["search > the nearest rows are the ones returned", "search > rare words weigh more than common ones"],
    ({ store }) => ({
      store: {
        search: (request) =>
          Effect.gen(function* () {
            const result = yield* store.search({ ...request, limit: 1_000 })
            const newest = yield* store.latest(request)
            const ids = newest.map(({ memory }) => memory.id)
            return { ...result, hits: result.hits.filter(({ facts }) => ids.includes(facts.id)) }
          })
      }
    })
  ),
  broken(
    "takes distance for similarity",
    ["search > the nearest rows are the ones returned"],
    ({ store }) => ({
      store: {
        search: (request) =>
          Effect.map(
            store.search({
              ...request,
              parts: request.parts.map((part) => ({
                ...part,
                vector: part.vector?.map((component) => -component)
              }))
            }),
            (result) => ({
              ...result,
              hits: changeEvidence(result.hits, (evidence) => ({
                ...evidence,
                cosine: evidence.cosine === null ? null : -evidence.cosine
              }))
            })
          )
      }
    })
  ),
  broken(
    "filters after the limit",
    [
      "filters > 70 expired rows never hide a live one",
      "filters > 70 closed rows never hide a live one",
      "filters > 70 rows of another type never hide a live one",
      "filters > as many rows as asked for come back whenever they exist"
    ],
    ({ store }, data) => ({
      store: {
        search: (request) =>
          Effect.gen(function* () {
            const right = yield* store.search({ ...request, limit: 1_000 })
            const rows = Array.from(data.scopes.get(scopeKey(request.scope))?.values() ?? [])
            const score = ({ memory }: (typeof rows)[number]) =>
              right.hits.find(({ facts }) => facts.id === memory.id)?.parts[0]?.cosine ?? 0.5
            const best = rows.toSorted((a, b) => score(b) - score(a)).slice(0, request.limit)
            const ids = best
              .map((row) => row.memory)
              .filter(
                (memory) => isVisible(memory, request.now, request.asOf) && matches(request.filter, memory)
              )
              .map(({ id }) => id)
            return { ...right, hits: right.hits.filter(({ facts }) => ids.includes(facts.id)) }
          })
      }
    })
  ),
  broken(
    "knows only the scores of the channel that found a hit",
    ["search > hits are the union of both channels, each with both scores"],
    ({ store }) => ({
      store: {
        search: (request) =>
          Effect.gen(function* () {
            const right = yield* store.search(request)
            const parts = request.parts.map(({ terms }) => ({ terms }))
            const worded = yield* store.search({ ...request, parts })
            const ids = worded.hits.map(({ facts }) => facts.id)
            return {
              ...right,
              hits: right.hits.map((hit) =>
                ids.includes(hit.facts.id)
                  ? { ...hit, parts: hit.parts.map((evidence) => ({ ...evidence, cosine: null })) }
                  : {
                      ...hit,
                      parts: hit.parts.map((evidence) => ({
                        ...evidence,
                        weights: evidence.weights.map(() => 0)
                      }))
                    }
              )
            }
          })
      }
    })
  ),
  broken(
    "searches by meaning alone",
    [
      "search > hits are the union of both channels, each with both scores",
      "search > a vector alone, words alone, neither"
    ],
    ({ store }) => ({
      store: {
        search: (request) =>
          Effect.map(store.search(request), (result) => ({
            ...result,
            hits: result.hits
              .toSorted((a, b) => (b.parts[0]?.cosine ?? -1) - (a.parts[0]?.cosine ?? -1))
              .slice(0, request.parts[0]?.vector ? request.limit : 0)
          }))
      }
    })
  ),
  broken(
    "ignores asOf",
    ["supersession > asOf is inclusive at the start and exclusive at the end"],
    ({ store }) => ({ store: { search: (request) => store.search({ ...request, asOf: undefined }) } })
  )
]
