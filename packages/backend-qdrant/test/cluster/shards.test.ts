import { assert, describe, it } from "@effect/vitest"
import { ANY, memoryIdOfText, type Scope, type StoreRow } from "@keepsake/core/driver"
import { Effect } from "effect"
import { flipError, openStore } from "../support/openStore.ts"
import { axis, NOW, passage, row, SCOPE } from "../support/rows.ts"
import { startStandIn, startStandInCluster } from "../support/standIn.ts"
import { Collection } from "../server/points/Collection.ts"

const WORDS = ["freight", "harbour", "invoice", "ledger", "winter", "customs", "pallet"]

/** Rows in which words are rare and common. */
const fill = (count: number): ReadonlyArray<StoreRow> =>
  Array.from({ length: count }, (_, i) => {
    const words = WORDS.filter((_, word) => i % (word + 2) === 0).join(" ")
    return row(`Note ${i} about ${words}.`, {}, axis(i))
  })

const question = passage("freight harbour customs").terms.ids

type Store = Effect.Success<ReturnType<typeof openStore>>["store"]

/** What a search says of words: the weight of every question's word in the scope, and the hits. */
const askWords = (store: Store, scope: Scope = SCOPE) =>
  store
    .search({ scope, now: NOW, parts: [{ vector: axis(0), terms: question }], filter: ANY, limit: 100 })
    .pipe(
      Effect.map(({ df, hits, n }) => ({
        n,
        df,
        hits: hits
          .map(({ facts, parts }) => [facts.id, parts[0]?.cosine, parts[0]?.weights] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1))
      }))
    )

const onOneNode = Effect.gen(function* () {
  const { url } = yield* startStandIn()
  const { store } = yield* openStore({ url })
  yield* store.put({ scope: SCOPE, now: NOW, rows: fill(400) })
  return yield* askWords(store)
})

describe("on a cluster", () => {
  it.live("automatic sharding counts words wrong and loses cosines, as the server does", () =>
    Effect.gen(function* () {
      const expected = yield* onOneNode
      const { data, url } = yield* startStandInCluster(3)
      yield* Effect.scoped(openStore({ url, layout: { shardKeys: 1 } }))
      const made = data.collections.get("keepsake")
      assert.isDefined(made)
      // The store makes none such: this is one of an earlier version, or made by hand.
      const { sharding_method: _, ...config } = made.config
      const spread = new Collection({ ...config, shard_number: 3 })
      const { shardKeys: __, ...note } = made.metadata["keepsake"] as Record<string, unknown>
      spread.metadata = { keepsake: note }
      for (const [key, params] of made.indexes) spread.indexes.set(key, params)
      data.collections.set("keepsake", spread)
      const { store } = yield* openStore({ url })
      yield* store.put({ scope: SCOPE, now: NOW, rows: fill(400) })
      const found = yield* askWords(store)
      assert.notDeepEqual(found.df, expected.df)
      assert.isAbove(found.hits.filter(([, cosine]) => cosine === null).length, 0)
    })
  )

  it.live("shard keys answer as one node does", () =>
    Effect.gen(function* () {
      const expected = yield* onOneNode
      const { data, url } = yield* startStandInCluster(3)
      const { store } = yield* openStore({ url, layout: { shardKeys: 12 } })
      const scopes = Array.from({ length: 20 }, (_, i) => ({ ...SCOPE, userId: `user ${i}` }))
      for (const scope of scopes) {
        const rows = fill(3).map(({ memory, ...rest }) => ({
          ...rest,
          memory: { ...memory, scope, id: memoryIdOfText(scope, memory) }
        }))
        yield* store.put({ scope, now: NOW, rows })
      }
      yield* store.put({ scope: SCOPE, now: NOW, rows: fill(400) })
      assert.deepStrictEqual(yield* askWords(store), expected)
      const { shards = [] } = data.collections.get("keepsake") ?? {}
      assert.strictEqual(shards.length, 12)
      assert.isAbove(shards.filter(({ points }) => points.size > 0).length, 5, "scopes are spread")
      const holding = shards.filter(({ points }) =>
        Array.from(points.values()).some(({ payload }) => payload["scope"] === '["agent","user"]')
      )
      assert.strictEqual(holding.length, 1, "a scope is whole in one shard")
    })
  )

  it.live("every request of a scope names its shard, and those of all scopes name all shards to write", () =>
    Effect.gen(function* () {
      const { nodes, url } = yield* startStandInCluster(3)
      const { admin, store } = yield* openStore({ url, layout: { shardKeys: 3 } })
      const requests = () => nodes.flatMap((node) => node.requests.splice(0))
      requests()
      yield* store.put({ scope: SCOPE, now: NOW, rows: fill(3) })
      yield* askWords(store)
      yield* store.list({ scope: SCOPE, now: NOW, filter: ANY, limit: 10 })
      yield* store.append({
        scope: SCOPE,
        now: NOW,
        entries: [{ sessionId: "s", kind: "k", number: 1, content: "c" }]
      })
      const made = requests()
      const keysOf = (bodies: ReadonlyArray<unknown>) =>
        new Set(
          bodies.flatMap((body) =>
            Array.from(JSON.stringify(body).matchAll(/"shard_key":("[^"]*"|\{[^}]*\})/gu), ([, key]) => key)
          )
        )
      const [rows = [], others = []] = [true, false].map((ofRows) =>
        made.filter(({ path }) => path.includes(".serving-") === ofRows).map(({ body }) => body)
      )
      const [own = ""] = keysOf(rows)
      assert.strictEqual(keysOf(rows).size, 1)
      assert.match(own, /^\{"target":"scope-[0-9a-f]{32}","fallback":"scopes-\d"\}$/u)
      assert.deepStrictEqual(Array.from(keysOf(others)), [`"${own.match(/scopes-\d/u)?.[0]}"`])
      yield* admin.eraseUser({ userId: SCOPE.userId })
      const deletions = requests().filter(({ path }) => path.endsWith("/points/batch"))
      assert.deepStrictEqual(
        deletions.map(({ body }) => (body as { operations: [{ delete: unknown }] }).operations[0].delete),
        Array.from({ length: 3 }, () => ({
          filter: { must: [{ key: "userId", match: { value: SCOPE.userId } }] },
          shard_key: ["scopes-0", "scopes-1", "scopes-2"]
        }))
      )
    })
  )

  it.live("a creation that was interrupted between its shard keys is completed", () =>
    Effect.gen(function* () {
      const { data, nodes, url } = yield* startStandInCluster(3)
      let created = 0
      for (const node of nodes) {
        node.faults = ({ method, path }) =>
          method === "PUT" && path.endsWith("/shards") && ++created > 3
            ? { _tag: "Reset", when: "before" }
            : undefined
      }
      yield* flipError(Effect.scoped(openStore({ url, retries: 0, layout: { shardKeys: 6 } })))
      for (const node of nodes) node.faults = () => undefined
      // The number of keys is the collection's: a scope must not be looked for elsewhere.
      yield* openStore({ url, layout: { shardKeys: 24 } })
      assert.strictEqual(data.collections.get("keepsake")?.shards.length, 6)
    })
  )
})

it.live("outside cluster mode a collection has one shard and no keys", () =>
  Effect.gen(function* () {
    const server = yield* startStandIn()
    yield* openStore({ url: server.url, layout: { shardKeys: 12 } })
    const { config } = server.data.collections.get("keepsake") ?? {}
    assert.isUndefined(config?.sharding_method)
    assert.strictEqual(config?.shard_number, 1)
    assert.isFalse(server.requests.some(({ path }) => path.endsWith("/shards")))
  })
)

it.live("several shards with automatic sharding are refused, with the reason", () =>
  Effect.gen(function* () {
    const error = yield* flipError(openStore({ url: "http://127.0.0.1:1", layout: { shardNumber: 3 } }))
    assert.strictEqual(error.reason._tag, "InvalidInput")
    assert.match(error.message, /ranks by its own counts.*shardKeys/u)
  })
)
