import { assert, describe, it } from "@effect/vitest"
import { ANY } from "@keepsake/core/driver"
import { Effect } from "effect"
import { flipError, openStore } from "../support/openStore.ts"
import { axis, NOW, passage, row, SCOPE } from "../support/rows.ts"
import { requestsTo, startStandInCluster } from "../support/standIn.ts"

const LAYOUT = { shardKeys: 3, replicationFactor: 3 }
const rows = Array.from({ length: 40 }, (_, i) => row(`Freight note ${i}.`, {}, axis(0)))
const ids = rows.map(({ memory }) => memory.id)
const terms = passage("freight note").terms.ids
const SEARCH = { scope: SCOPE, now: NOW, parts: [{ vector: axis(0), terms }], filter: ANY, limit: 10 }

const post = (url: string, path: string, body: unknown) =>
  Effect.promise(async () => {
    const headers = { "content-type": "application/json" }
    const response = await fetch(`${url}/collections/keepsake/${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body)
    })
    const { result } = (await response.json()) as { readonly result?: unknown }
    return { status: response.status, result }
  })

const openOnCluster = Effect.fnUntraced(function* (options: Partial<Parameters<typeof openStore>[0]> = {}) {
  const cluster = yield* startStandInCluster(3)
  const opened = yield* openStore({ url: cluster.url, layout: LAYOUT, ...options })
  yield* opened.store.put({ scope: SCOPE, now: NOW, rows })
  return { ...cluster, ...opened }
})

describe("the stand-in, as the server, under read consistency", () => {
  it.live("intersects the answers of replicas, which break ties differently", () =>
    Effect.gen(function* () {
      const { nodes } = yield* openOnCluster()
      const url = nodes[0]?.url ?? ""
      const query = { query: { indices: [terms[0]], values: [1] }, using: "terms", limit: 1 }
      const count = (result: unknown) => (result as [{ points: ReadonlyArray<unknown> }])[0].points.length
      const plain = yield* post(url, "points/query/batch", { searches: [query] })
      const agreed = yield* post(url, "points/query/batch?consistency=majority", { searches: [query] })
      assert.deepStrictEqual([count(plain.result), count(agreed.result)], [1, 0])
    })
  )

  it.live("adds up facets", () =>
    Effect.gen(function* () {
      const { nodes } = yield* openOnCluster()
      const body = { key: "scope", limit: 10 }
      const { result } = yield* post(nodes[0]?.url ?? "", "facet?consistency=all", body)
      assert.deepStrictEqual(result, { hits: [{ value: '["agent","user"]', count: 3 * rows.length }] })
    })
  )

  it.live("refuses every read where one replica of a majority is gone", () =>
    Effect.gen(function* () {
      const { nodes, stopNode } = yield* openOnCluster()
      yield* Effect.promise(() => stopNode(2))
      const { status } = yield* post(nodes[0]?.url ?? "", "points/scroll?consistency=majority", {})
      assert.strictEqual(status, 500)
    })
  )
})

describe("a store with read consistency", () => {
  it.live("asks for rows by id with it, and for searches, counts and lists without", () =>
    Effect.gen(function* () {
      const plain = yield* openOnCluster()
      const { admin, nodes, store } = yield* openOnCluster({ readConsistency: "majority" })
      const [first] = nodes
      assert.isDefined(first)
      first.requests.length = 0
      assert.deepStrictEqual(yield* store.search(SEARCH), yield* plain.store.search(SEARCH))
      assert.deepStrictEqual(yield* admin.scopes({ limit: 10 }), yield* plain.admin.scopes({ limit: 10 }))
      assert.strictEqual(yield* store.count({ scope: SCOPE, now: NOW, filter: ANY }), rows.length)
      yield* store.list({ scope: SCOPE, now: NOW, filter: ANY, limit: 10 })
      assert.isFalse(first.requests.some(({ query }) => "consistency" in query))
      assert.strictEqual((yield* store.get({ scope: SCOPE, now: NOW, ids })).length, rows.length)
      yield* store.put({ scope: SCOPE, now: NOW, rows: rows.slice(0, 1) })
      const asked = first.requests.filter(({ query }) => query["consistency"] === "majority")
      assert.strictEqual(asked.length, 3, "the rows of get with their counts, and what put reads first")
    })
  )
})

describe("with a node down", () => {
  it.live("every call goes on at the next node", () =>
    Effect.gen(function* () {
      const { nodes, stopNode, store } = yield* openOnCluster()
      const before = yield* store.search(SEARCH)
      yield* Effect.promise(() => stopNode(0))
      nodes[1]?.requests.splice(0)
      assert.deepStrictEqual(yield* store.search(SEARCH), before)
      const [outcome] = yield* store.put({ scope: SCOPE, now: NOW, rows: [row("Written meanwhile.")] })
      assert.strictEqual(outcome?.outcome, "created")
      assert.strictEqual((yield* store.get({ scope: SCOPE, now: NOW, ids })).length, rows.length)
      assert.isAbove(nodes[1]?.requests.length ?? 0, 3)
    })
  )

  it.live("a node that does not answer is left after failoverMs, by all requests", () =>
    Effect.gen(function* () {
      const { nodes, store } = yield* openOnCluster({ failoverMs: 100 })
      const [first, second] = nodes
      assert.isDefined(first)
      assert.isDefined(second)
      first.faults = () => ({ _tag: "Stalled" })
      const started = performance.now()
      yield* store.get({ scope: SCOPE, now: NOW, ids })
      assert.isBelow(performance.now() - started, 5_000, "and not after an attempt's 10 s")
      first.requests.length = 0
      yield* store.get({ scope: SCOPE, now: NOW, ids })
      assert.strictEqual(first.requests.length, 0)
      assert.strictEqual(requestsTo(second, "/points/scroll").length, 4, "rows and counts, twice")
    })
  )

  it.live("too few replicas refuse a write, and the message names the nodes", () =>
    Effect.gen(function* () {
      const layout = { ...LAYOUT, writeConsistencyFactor: 3 }
      const { stopNode, store } = yield* openOnCluster({ layout, retries: 1 })
      yield* Effect.promise(() => stopNode(2))
      const error = yield* flipError(store.put({ scope: SCOPE, now: NOW, rows: [row("Refused.")] }))
      assert.strictEqual(error.reason._tag, "Unavailable")
      assert.match(error.message, /Qdrant at http:\/\/127\.0\.0\.1:\d+ failed at put \(500\)/u)
    })
  )
})
