import * as Effect from "effect/Effect"
import { toExcerpt } from "../../store/excerpts.ts"
import type { PartEvidence, SearchHit } from "../../store/searching.ts"
import type { StoreRow } from "../../store/StoreRow.ts"
import { broken, type BrokenStore, rowOf } from "./BrokenStore.ts"

const firstOnly = (row: StoreRow): StoreRow => ({ ...row, passages: [row.passages[0]] })

const withEvidence = (
  hits: ReadonlyArray<SearchHit>,
  change: (evidence: PartEvidence, part: number, hit: SearchHit) => PartEvidence
): ReadonlyArray<SearchHit> =>
  hits.map((hit) => ({ ...hit, parts: hit.parts.map((evidence, i) => change(evidence, i, hit)) }))

export const brokenPassages: ReadonlyArray<BrokenStore> = [
  broken(
    "keeps the first passage of a text",
    [
      "passages > a long text comes back whole, with its passages",
      "passages > a hit says which passage matched by words, and which by meaning",
      "passages > 1,000,000 characters are kept, found and forgotten"
    ],
    ({ store }) => ({
      store: { put: (request) => store.put({ ...request, rows: request.rows.map(firstOnly) }) }
    })
  ),
  broken(
    "counts rows where passages are to be counted",
    ["passages > n and df count passages, every other count counts memories"],
    ({ store }) => ({
      store: {
        search: (request) =>
          Effect.gen(function* () {
            const result = yield* store.search(request)
            return { ...result, n: yield* store.count(request) }
          })
      }
    })
  ),
  broken(
    "lets a long text take a place for each passage",
    ["passages > a text of a hundred passages is one hit, and hides no other"],
    ({ store }, data) => ({
      store: {
        search: (request) =>
          Effect.map(store.search(request), (result) => {
            let places = 2 * request.limit
            const hits = result.hits.filter((hit) => {
              places -= rowOf(data, request.scope, hit).passages.length
              return places >= 0
            })
            return { ...result, hits }
          })
      }
    })
  ),
  broken(
    "takes the passage nearest by meaning for that of the words",
    ["passages > a hit says which passage matched by words, and which by meaning"],
    ({ store }) => ({
      store: {
        search: (request) =>
          Effect.map(store.search(request), (result) => ({
            ...result,
            hits: withEvidence(result.hits, (evidence) => ({ ...evidence, worded: evidence.nearest }))
          }))
      }
    })
  ),
  broken(
    "names the first passage where no word is shared",
    ["passages > where no word is shared the nearest passage stands for the words"],
    ({ store }) => ({
      store: {
        search: (request) =>
          Effect.map(store.search(request), (result) => ({
            ...result,
            hits: withEvidence(result.hits, (evidence) =>
              evidence.weights.every((weight) => weight === 0) ? { ...evidence, worded: 0 } : evidence
            )
          }))
      }
    })
  ),
  broken(
    "takes the last of passages that tie",
    ["passages > of passages that tie, the first"],
    ({ store }, data) => ({
      store: {
        search: (request) =>
          Effect.map(store.search(request), (result) => ({
            ...result,
            hits: withEvidence(result.hits, (evidence, _, hit) => {
              const { passages } = rowOf(data, request.scope, hit)
              const last = passages.findLastIndex(({ vector }, i) => i >= evidence.nearest && vector !== null)
              return { ...evidence, nearest: Math.max(evidence.nearest, last) }
            })
          }))
      }
    })
  ),
  broken(
    "answers the first part alone",
    [
      "parts > each part finds its own, a row comes once, with evidence for every part",
      "parts > eight parts of 64 terms, each with its vector"
    ],
    ({ store }) => ({
      store: { search: (request) => store.search({ ...request, parts: request.parts.slice(0, 1) }) }
    })
  ),
  broken("rounds the weights of a hit", ["parts > weights, length and norm are as stored"], ({ store }) => ({
    store: {
      search: (request) =>
        Effect.map(store.search(request), (result) => ({
          ...result,
          hits: withEvidence(result.hits, (evidence) => ({
            ...evidence,
            weights: evidence.weights.map((weight) => Math.round(weight * 8) / 8)
          }))
        }))
    }
  })),
  broken("forgets who said what it found", ["parts > a hit carries the facts of its row"], ({ store }) => ({
    store: {
      search: (request) =>
        Effect.map(store.search(request), (result) => ({
          ...result,
          hits: result.hits.map((hit) => ({ ...hit, facts: { ...hit.facts, speaker: null } }))
        }))
    }
  })),
  broken(
    "finds something for a search of no part",
    ["parts > no part: nothing is found, and the passages are counted"],
    ({ store }) => ({
      store: {
        search: (request) =>
          Effect.map(store.search(request), (result) =>
            request.parts.length === 0 ? { ...result, n: 0 } : result
          )
      }
    })
  ),
  broken(
    "hands out the whole text for a passage",
    ["excerpts > a short text comes whole, a long one by passage"],
    ({ store }) => ({
      store: {
        excerpts: (request) =>
          Effect.gen(function* () {
            const excerpts = yield* store.excerpts(request)
            const whole = yield* store.get({ ...request, ids: request.rows.map(({ id }) => id) })
            return excerpts.map((excerpt) => ({
              ...excerpt,
              memory: whole.find(({ id }) => id === excerpt.memory.id) ?? excerpt.memory
            }))
          })
      }
    })
  ),
  broken(
    "chooses a passage without the question",
    ["excerpts > the best passage for a question: by words, else by meaning, else the first"],
    ({ store }) => ({
      store: { excerpts: (request) => store.excerpts({ ...request, part: undefined }) }
    })
  ),
  broken(
    "calls an excerpt whole that lacks its metadata",
    ["excerpts > long metadata stays behind, and the excerpt says so"],
    ({ store }) => ({
      store: {
        excerpts: (request) =>
          Effect.map(store.excerpts(request), (excerpts) =>
            excerpts.map((excerpt) => ({ ...excerpt, isWhole: excerpt.passages === 1 }))
          )
      }
    })
  ),
  broken(
    "shows excerpts of what has expired",
    ["excerpts > closed rows come, expired ones, unknown ids and passages do not"],
    ({ store }) => ({
      store: { excerpts: (request) => store.excerpts({ ...request, now: 0 }) }
    })
  ),
  broken("never reads a vector", ["excerpts > vectors come where they are asked for"], ({ store }) => ({
    store: { excerpts: (request) => store.excerpts({ ...request, vectors: false }) }
  })),
  broken(
    "reads the last passage for the latest",
    ["excerpts > latest brings long texts by their first passage"],
    ({ store }, data) => ({
      store: {
        latest: (request) =>
          Effect.map(store.latest(request), (excerpts) =>
            excerpts.map((excerpt) => {
              const { memory, passages } = rowOf(data, request.scope, {
                facts: { ...excerpt.memory },
                parts: []
              })
              const last = passages.at(-1) ?? passages[0]
              const { end, start } = last
              const place = { passage: passages.length - 1, passages: passages.length, start, end }
              return toExcerpt(memory, place, null)
            })
          )
      }
    })
  ),
  broken(
    "lets every neighbour pass",
    ["excerpts > around tells whether a row passes the filter, with its evidence and its passage"],
    ({ store }) => ({
      store: {
        around: (request) =>
          Effect.map(store.around(request), (rows) => rows.map((row) => ({ ...row, passes: true })))
      }
    })
  )
]
