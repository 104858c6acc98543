/** Texts of several passages: what a recall reads of them, and how they are written, changed and removed. */
import { assert, describe, it } from "@effect/vitest"
import { ANY, idf, type MemoryStore, queryTerms, type SearchResult, toCondition } from "@keepsake/core/driver"
import { Effect } from "effect"
import type { QdrantServer } from "../server/QdrantServer.ts"
import { axis, longRow, NOW, row, SCOPE } from "../support/rows.ts"
import { bodiesTo, openOnStandIn } from "../support/standIn.ts"

type Texts = readonly [string, ...Array<string>]

const ROWS = 225
const PASSAGES = 12
const LIMIT = 100

/** About 800 characters, as long as passages are; the words of `topic` make some passages better than others. */
const toPassage = (seed: number, topic: string): string => {
  const words = Array.from({ length: 110 }, (_, i) => `w${(seed * 7919 + i * 104_729) % 9_973}`)
  return [...words.slice(0, 55), topic, ...words.slice(55)].join(" ")
}

/** A memory of about 10,000 characters: the first are nearest by meaning, the last by words. */
const makeRow = (i: number) => {
  const texts = Array.from({ length: PASSAGES }, (_, j) =>
    toPassage(
      i * PASSAGES + j,
      i >= ROWS / 2 && j === i % PASSAGES ? "freight harbour" : j % 4 === 0 ? "freight" : ""
    )
  ) as unknown as Texts
  const vectors = texts.map((_, j) => {
    const cosine = 0.9 - 0.001 * i - 0.01 * ((i + j) % PASSAGES)
    return Float32Array.of(cosine, Math.sqrt(1 - cosine * cosine), 0, 0)
  })
  return longRow(texts, { sessionId: "s", turn: i, saidAt: NOW + i }, vectors)
}

const bytesOf = ({ responses }: QdrantServer): number => responses.reduce((sum, bytes) => sum + bytes, 0)

const readAround = (store: MemoryStore["Service"], { df, hits, n }: SearchResult) => {
  const terms = queryTerms("freight harbour")
  const idfs = Float64Array.from(df[0] ?? [], (count) => idf(n, count))
  // As many anchors as a recall has, none near another.
  const anchors = hits
    .filter((_, i) => i % 8 === 0)
    .slice(0, 24)
    .map(({ facts }) => ({ sessionId: "s", turn: facts.turn ?? 0 }))
  const parts = [{ vector: axis(0), terms, idfs }]
  return Effect.all(
    [
      store.around({ scope: SCOPE, now: NOW, anchors, radius: 2, parts, filter: ANY }),
      store.excerpts({
        scope: SCOPE,
        now: NOW,
        rows: hits
          .slice(0, 30)
          .map(({ facts, parts: [part] }) => ({ id: facts.id, passage: part?.worded ?? 0 }))
      })
    ],
    { concurrency: "unbounded" }
  )
}

describe("texts of 10,000 characters", () => {
  it.live("200 of them and their neighbours: at most 800 kB of answers", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      for (let i = 0; i < ROWS; i += 25) {
        const rows = Array.from({ length: 25 }, (_, j) => makeRow(i + j))
        yield* store.put({ scope: SCOPE, now: NOW, rows })
      }
      server.responses.length = 0
      const part = { vector: axis(0), terms: queryTerms("freight harbour") }
      const found = yield* store.search({
        scope: SCOPE,
        now: NOW,
        parts: [part],
        filter: ANY,
        limit: LIMIT
      })
      const searched = bytesOf(server)
      const [around, excerpts] = yield* readAround(store, found)
      assert.strictEqual(found.hits.length, 2 * LIMIT)
      assert.strictEqual(found.n, ROWS * PASSAGES)
      assert.isAtLeast(around.length, 100)
      assert.strictEqual(excerpts.length, 30)
      assert.isAtMost(bytesOf(server), 800_000, `${searched} of the search`)
    })
  )
})

describe("a text of several passages", () => {
  const TEXTS: Texts = ["the ship leaves at noon", "freight by rail is cheaper", "the crew eats late"]

  it.live("is a point a passage, of which the first has the whole text", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const long = longRow(TEXTS, { metadata: { tag: "sea" } })
      yield* store.put({ scope: SCOPE, now: NOW, rows: [long] })
      const points = Array.from(server.data.collections.get("keepsake")?.points.values() ?? [])
      assert.strictEqual(points.length, 3)
      assert.strictEqual(points.filter(({ payload }) => payload["text"] === long.memory.content).length, 1)
      assert.sameMembers(
        points.map(({ payload }) => payload["content"]),
        [...TEXTS]
      )
      assert.isTrue(points.every(({ payload }) => payload["memory"] === long.memory.id))
      assert.strictEqual(bodiesTo(server, "/points/batch").length, 1, "in one request")
    })
  )

  it.live("is written in several requests where one cannot carry it, unseen until the last", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const texts = Array.from({ length: 10 }, (_, i) => `apple${i} ${"x".repeat(1_000_000)}`)
      const long = longRow(texts as unknown as Texts)
      let batches = 0
      server.faults = ({ path }) =>
        path.endsWith("/points/batch") && ++batches > 1 ? { _tag: "Status", status: 507 } : undefined
      yield* Effect.flip(store.put({ scope: SCOPE, now: NOW, rows: [long] }))
      const asked = queryTerms("apple3")
      const search = {
        scope: SCOPE,
        now: NOW,
        parts: [{ terms: asked }],
        filter: ANY,
        limit: 5
      }
      assert.deepInclude(yield* store.search(search), { hits: [], n: 0, df: [Array.from(asked, () => 0)] })
      server.faults = () => undefined
      yield* store.put({ scope: SCOPE, now: NOW, rows: [long] })
      const { hits, n } = yield* store.search(search)
      assert.deepStrictEqual([n, hits.map(({ parts }) => parts[0]?.worded)], [10, [3]])
      const then = yield* store.search({ ...search, asOf: NOW })
      assert.strictEqual(then.hits.length, 1, "at a time too")
      yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "All" } })
      assert.strictEqual(server.data.collections.get("keepsake")?.points.size, 0)
    })
  )

  it.live("leaves no point behind when it is replaced, paid or removed by a filter", () =>
    Effect.gen(function* () {
      const { admin, server, store } = yield* openOnStandIn()
      const count = () => server.data.collections.get("keepsake")?.points.size
      const owed = { ...longRow(TEXTS, {}, [null, null, null]), owed: true }
      yield* store.put({ scope: SCOPE, now: NOW, rows: [owed] })
      yield* store.put({ scope: SCOPE, now: NOW, rows: [longRow(TEXTS)] })
      assert.strictEqual(count(), 3)
      assert.deepStrictEqual(yield* admin.owed({ limit: 5 }), [])
      const filter = toCondition({ pinned: false })
      yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "Filter", filter } })
      assert.strictEqual(count(), 0)
    })
  )

  it.live("has its counts of accesses in every excerpt", () =>
    Effect.gen(function* () {
      const { store } = yield* openOnStandIn()
      const { memory, ...passages } = longRow(TEXTS, { sessionId: "s", turn: 1 })
      yield* store.put({ scope: SCOPE, now: NOW, rows: [{ memory, ...passages }] })
      yield* store.touch({ scope: SCOPE, now: NOW + 1, ids: [memory.id] })
      const [excerpt] = yield* store.excerpts({
        scope: SCOPE,
        now: NOW,
        rows: [{ id: memory.id, passage: 1 }]
      })
      const [near] = yield* store.around({
        scope: SCOPE,
        now: NOW,
        anchors: [{ sessionId: "s", turn: 1 }],
        radius: 1,
        parts: [{ terms: queryTerms("rail") }],
        filter: ANY
      })
      assert.deepStrictEqual([excerpt?.memory.accessCount, near?.excerpt.memory.accessCount], [1, 1])
      assert.strictEqual(near?.excerpt.memory.content, "freight by rail is cheaper")
    })
  )

  it.live("costs a search one trip more, and a scope of short texts none", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const part = { vector: axis(0), terms: queryTerms("rail") }
      const ask = Effect.gen(function* () {
        server.requests.length = 0
        yield* store.search({ scope: SCOPE, now: NOW, parts: [part], filter: ANY, limit: 10 })
        return server.requests.length
      })
      yield* store.put({ scope: SCOPE, now: NOW, rows: [row("rail"), row("ship")] })
      assert.strictEqual(yield* ask, 3, "a batch and two counts, in parallel")
      yield* store.put({ scope: SCOPE, now: NOW, rows: [longRow(TEXTS), longRow(["no", "word", "shared"])] })
      assert.strictEqual(yield* ask, 4, "and a batch for the best passages that are not known")
    })
  )
})
