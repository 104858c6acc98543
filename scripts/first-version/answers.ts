/** Queries a store of the first version and records its answers. */
import {
  type Filter,
  filesScope,
  type Memory,
  MemoryStore,
  queryTerms,
  type Scope,
  type SearchResult,
  unitVector
} from "@keepsake/core"
import { Effect } from "effect"
import { MemoryFiles } from "../../../packages/agent/src/MemoryFiles.ts"
import { ANA, ARCHIVE, BO, COACH, DAY, NAMED, NOW, START } from "./contents.ts"
import { FIXTURE_DIMENSIONS, fixtureEmbedder } from "./embedder.ts"
import {
  readFingerprint,
  type Kind,
  type OpenStore,
  type Place,
  time,
  withMemory,
  withStore
} from "./Place.ts"

type Store = MemoryStore["Service"]

/** A call of the store, with vectors and terms as plain lists. */
type Question = {
  readonly method: string
  readonly request: Record<string, unknown> & { readonly scope: Scope }
}

const QUERIES = [
  "Where does Ana live?",
  "a quiet seat by the window",
  "coffee without sugar",
  "咖啡",
  "кофе без сахара",
  "What did Bo say about the lake?",
  "the crane of berth 12 was inspected",
  "budget for the kitchen"
]
const LARGE_QUERIES = ["box17 shelf31", "Where is box900?", "shelf1000 box500 box501", "shelf4"]

const FILTERS: ReadonlyArray<Filter> = [
  {},
  { types: ["semantic"] },
  { types: [] },
  { sources: ["assistant", "tool"] },
  { speakers: ["Bo", "Marta"] },
  { sessionId: "monday" },
  { exceptSessionId: "monday" },
  { pinned: true },
  { saidFrom: START + 5 * 3_600_000, saidTo: START + 40 * 3_600_000 },
  { metadata: { topic: "home" } },
  { metadata: { floor: 3, urgent: false } },
  { metadata: { none: null } },
  { metadata: { "address.city": "Porto" } },
  { metadata: { checked: "x".repeat(300) } }
]

/** Shifts the embedder's whole numbers, so that few cosines are equal. */
const toVector = (text: string): ReadonlyArray<number> => {
  const components = (fixtureEmbedder.embed([text])[0] ?? []).map((whole, i) => whole + Math.sin(i + 1) / 3)
  const vector = unitVector(components, FIXTURE_DIMENSIONS)
  if (typeof vector === "string") throw new Error(vector)
  return Array.from(vector)
}

const searches = (kind: Kind, scope: Scope): ReadonlyArray<Question> => {
  const queries = kind === "large" ? LARGE_QUERIES : QUERIES
  const search = (request: Record<string, unknown>): Question => ({
    method: "search",
    request: { scope, now: NOW, filter: {}, limit: kind === "large" ? 30 : 1_000, exact: true, ...request }
  })
  const terms = (text: string) => Array.from(queryTerms(text))
  return queries.flatMap((text) => {
    const vector = toVector(text)
    const byWords = search({ terms: terms(text) })
    if (kind === "words") return [byWords]
    return [byWords, search({ vector }), search({ vector, terms: terms(text) })]
  })
}

const MOMENTS = [undefined, START + 3 * DAY, START + 6 * DAY]

const narrowedSearches = (kind: Kind): ReadonlyArray<Question> =>
  [...FILTERS.map((filter) => ({ filter })), ...MOMENTS.map((asOf) => ({ filter: {}, asOf }))].map(
    (narrowed) => ({
      method: "search",
      request: {
        scope: ANA,
        now: NOW,
        ...narrowed,
        limit: 1_000,
        exact: true,
        terms: Array.from(queryTerms("the lake and the choir")),
        ...(kind === "words" ? {} : { vector: toVector("the lake and the choir") })
      }
    })
  )

const listScopes = (kind: Kind): ReadonlyArray<Scope> =>
  kind === "large" ? [ARCHIVE] : [ANA, filesScope(ANA), BO, COACH, NAMED]

const scopeQuestions = (kind: Kind, scope: Scope): ReadonlyArray<Question> => {
  const limit = kind === "large" ? 25 : 1_000
  const now = { scope, now: NOW }
  return [
    { method: "list", request: { ...now, filter: {}, closed: true, limit } },
    { method: "list", request: { ...now, filter: {}, limit } },
    { method: "listRows", request: { ...now, filter: {}, closed: true, limit } },
    { method: "latest", request: { ...now, filter: {}, limit: 12 } },
    { method: "speakers", request: now },
    { method: "count", request: { ...now, filter: {} } },
    { method: "count", request: { ...now, filter: {}, lifetime: "any" } }
  ]
}

/** Questions for the small stores only. */
const smallStoreQuestions = (kind: Kind): ReadonlyArray<Question> => {
  const scope = ANA
  const anchors = [
    { sessionId: "monday", turn: 4 },
    { sessionId: "gap", turn: 41 }
  ]
  const around = {
    scope,
    now: NOW,
    anchors,
    radius: 2,
    ...(kind === "words" ? {} : { vector: toVector("lake") })
  }
  return [
    ...FILTERS.flatMap((filter): ReadonlyArray<Question> => [
      { method: "list", request: { scope, now: NOW, filter, limit: 1_000 } },
      { method: "latest", request: { scope, now: NOW, filter, limit: 4 } },
      { method: "count", request: { scope, now: NOW, filter, lifetime: "any" } }
    ]),
    ...["monday", "tuesday", "週末", "gap", "none"].map((sessionId) => ({
      method: "lastTurn",
      request: { scope, sessionId }
    })),
    { method: "around", request: around },
    { method: "around", request: { ...around, asOf: START + 30 * DAY } },
    ...narrowedSearches(kind)
  ]
}

const toRequest = ({ request }: Question): Record<string, unknown> => ({
  ...request,
  ...(Array.isArray(request["vector"]) ? { vector: Float32Array.from(request["vector"]) } : {}),
  ...(Array.isArray(request["terms"]) ? { terms: Uint32Array.from(request["terms"]) } : {})
})

/** Eight decimals: more than any comparison uses. */
const rounded = (value: number): number => Number(value.toFixed(8))
const roundedOrNull = (value: number | null): number | null => (value === null ? null : rounded(value))

type Entry = readonly [row: number, ...rest: ReadonlyArray<unknown>]
const byRow = (entries: ReadonlyArray<Entry>): ReadonlyArray<Entry> => entries.toSorted(([a], [b]) => a - b)

/** The answer as plain JSON. Rows are the numbers that `toRow` returns; unordered answers are sorted by them. */
const answer = async (
  store: Store,
  question: Question,
  toRow: (memory: Memory) => number
): Promise<unknown> => {
  const request = toRequest(question)
  const run = <A>(call: Effect.Effect<A, unknown>): Promise<A> => Effect.runPromise(call)
  switch (question.method) {
    case "list": {
      const { next, rows } = await run(store.list(request as never))
      return { rows: rows.map(toRow), next }
    }
    case "listRows": {
      const { next, rows } = await run(store.listRows(request as never))
      const entries = rows.map(({ memory, vector }) => [
        toRow(memory),
        vector === null ? null : Array.from(vector, rounded)
      ])
      return { rows: entries, next }
    }
    case "latest":
      return (await run(store.latest(request as never))).map(toRow)
    case "get":
      return (await run(store.get(request as never))).map(toRow).toSorted((a, b) => a - b)
    case "speakers":
      return (await run(store.speakers(request as never))).toSorted()
    case "count":
      return run(store.count(request as never))
    case "lastTurn":
      return run(store.lastTurn(request as never))
    case "around": {
      const rows = await run(store.around(request as never))
      return byRow(rows.map(({ cosine, memory }) => [toRow(memory), roundedOrNull(cosine)]))
    }
    default: {
      const { df, hits, n } = await run(store.search(request as never))
      const entries = hits.map(({ bm25, cosine, memory }): Entry => [
        toRow(memory),
        roundedOrNull(cosine),
        rounded(bm25)
      ])
      return { n, df, hits: byRow(entries) }
    }
  }
}

/** Throws if the last hit of a channel nearly ties with the next: the answer would depend on the tie-break. */
const assertClearCut = async (store: Store, question: Question): Promise<void> => {
  const { limit } = question.request
  if (question.method !== "search" || limit === 1_000) return
  const wide = toRequest({ ...question, request: { ...question.request, limit: 1_000 } })
  const { hits }: SearchResult = await Effect.runPromise(store.search(wide as never))
  for (const score of [
    (hit: SearchResult["hits"][number]) => hit.cosine ?? 0,
    ({ bm25 }: { bm25: number }) => bm25
  ]) {
    const scores = hits.map(score).toSorted((a, b) => b - a)
    const [last = 0, next = 0] = scores.slice(Number(limit) - 1)
    if (last > 0 && last - next < 1e-5)
      throw new Error(`A tie at the end of ${JSON.stringify(question.request)}`)
  }
}

const storeAnswers = async ({ admin, store }: OpenStore, kind: Kind) => {
  const rows = new Map<string, { readonly row: number; readonly memory: Memory }>()
  const toRow = (memory: Memory): number => {
    const { row } = rows.get(memory.id) ?? { row: rows.size }
    rows.set(memory.id, { row, memory })
    return row
  }
  const questions = listScopes(kind).flatMap((scope) => scopeQuestions(kind, scope))
  const whole =
    kind === "large"
      ? searches(kind, ARCHIVE)
      : [...searches(kind, ANA), ...smallStoreQuestions(kind), ...searches(kind, BO)]
  const answered: Array<Question & { readonly answer: unknown }> = []
  for (const question of [...questions, ...whole]) {
    await assertClearCut(store, question)
    answered.push({ ...question, answer: await answer(store, question, toRow) })
  }
  const scope = kind === "large" ? ARCHIVE : ANA
  const get = { method: "get", request: { scope, now: NOW, ids: Array.from(rows.keys()).slice(0, 200) } }
  answered.push({ ...get, answer: await answer(store, get, toRow) })
  const scopes = await Effect.runPromise(admin.scopes({ limit: 1_000 }))
  return {
    scopes: scopes.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    memories: Array.from(rows.values(), ({ memory }) => memory),
    questions: answered
  }
}

const recallAnswers = async (place: Place, kind: Kind) => {
  const recalls: Array<unknown> = []
  const contexts: Array<unknown> = []
  const scopes = kind === "large" ? [ARCHIVE] : [ANA, BO]
  const options =
    kind === "large"
      ? [{}]
      : [{}, { threshold: 0, limit: 20 }, { asOf: START + 3 * DAY, types: ["semantic"] }]
  await withMemory(place, kind, async (client) => {
    for (const scope of scopes) {
      const memory = client.for(scope)
      for (const query of kind === "large" ? LARGE_QUERIES : QUERIES) {
        for (const option of options) {
          const recollections = await memory.recall(query, option as never)
          const ranked = recollections.map(({ memory, score }) => [memory.id, rounded(score)])
          recalls.push({ scope, query, options: option, answer: ranked })
        }
      }
      for (const query of QUERIES.slice(0, 3)) {
        for (const option of [{}, { budget: 200, sessionId: "monday", scores: true }]) {
          const { text } = await memory.context(query, option)
          contexts.push({ scope, query, options: option, answer: text })
        }
      }
    }
  })
  return { now: NOW, recalls, contexts }
}

const readFiles = async (place: Place, kind: Kind) => {
  const files: Array<unknown> = []
  if (kind === "large") return files
  await withMemory(place, kind, async (client) => {
    const tree = await new MemoryFiles(client.files(ANA)).tree()
    for (const { path, text, version } of tree.files.values()) files.push({ path, text, version })
  })
  return files
}

/** `expected` must hold in every later version; `recall` may change on purpose. */
export const answers = async (place: Place, kind: Kind, commit: string) => {
  time.now = NOW
  const store = await withStore(place, kind, (open) => storeAnswers(open, kind))
  return {
    expected: {
      commit,
      now: NOW,
      fingerprint: await readFingerprint(kind),
      scope: kind === "large" ? ARCHIVE : ANA,
      ...store,
      files: await readFiles(place, kind)
    },
    recall: await recallAnswers(place, kind)
  }
}
