import { assert, describe, it } from "@effect/vitest"
import { QdrantAdmin, QdrantStore } from "@keepsake/backend-qdrant"
import { ANY, MemoryStore, StoreFingerprint } from "@keepsake/core/driver"
import { Context, Effect, Layer } from "effect"
import { FINGERPRINT, flipError, openStore } from "../support/openStore.ts"
import { axis, NOW, row, SCOPE } from "../support/rows.ts"
import { startStandIn, startStandInCluster } from "../support/standIn.ts"

const open = (url: string) =>
  Layer.build(
    QdrantStore.layer({ url, layout: { shardKeys: 3 } }).pipe(
      Layer.provide(StoreFingerprint.layer(FINGERPRINT))
    )
  ).pipe(
    Effect.map((context) => ({
      store: Context.get(context, MemoryStore),
      admin: Context.get(context, QdrantAdmin)
    }))
  )

const kept = row("Ana likes tea.", {}, axis(1))
const gone = row("Ana likes gin.", {}, axis(2))
const entry = { sessionId: "s", kind: "k", number: 1, content: "of the session" }

const fill = Effect.fnUntraced(function* ({ store }: Effect.Success<ReturnType<typeof open>>) {
  yield* store.put({ scope: SCOPE, now: NOW, rows: [kept, gone] })
  yield* store.touch({ scope: SCOPE, now: NOW, ids: [kept.memory.id] })
  yield* store.append({ scope: SCOPE, now: NOW, entries: [entry] })
  yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "Ids", ids: [gone.memory.id] } })
})

/** What is there for a handle that was opened afterwards. */
const read = Effect.fnUntraced(function* (url: string) {
  const { store } = yield* openStore({ url })
  const { rows } = yield* store.listRows({ scope: SCOPE, now: NOW, filter: ANY, limit: 10 })
  const entries = yield* store.entries({ scope: SCOPE, sessionId: "s", kind: "k", limit: 10 })
  return {
    rows: rows.map(({ memory, passages: [first] }) => [
      memory.content,
      memory.accessCount,
      Array.from(first.vector ?? [])
    ]),
    entries: entries.map(({ content }) => content)
  }
})

const EXPECTED = { rows: [["Ana likes tea.", 1, [0, 1, 0, 0]]], entries: ["of the session"] }

describe("erasing the bytes of a store", () => {
  it.live("drops its collections and keeps what remains, again and again", () =>
    Effect.gen(function* () {
      const { data, url } = yield* startStandIn()
      const opened = yield* open(url)
      yield* fill(opened)
      const other = yield* openStore({ url })
      const before = Array.from(data.collections.values())
      yield* opened.admin.eraseBytes("keepsake")
      const after = Array.from(data.collections.values())
      assert.strictEqual(after.length, 3)
      assert.isFalse(after.some((collection) => before.includes(collection)))
      assert.deepStrictEqual(yield* read(url), EXPECTED)
      const [again] = yield* other.store.put({ scope: SCOPE, now: NOW, rows: [kept] })
      assert.strictEqual(again?.outcome, "refreshed", "handles from before go on")
      const ended = yield* flipError(opened.store.get({ scope: SCOPE, now: NOW, ids: [kept.memory.id] }))
      assert.strictEqual(ended.reason._tag, "Closed")
      yield* (yield* open(url)).admin.eraseBytes("keepsake")
      assert.strictEqual(data.collections.size, 3)
      assert.deepStrictEqual(yield* read(url), EXPECTED)
    })
  )

  it.live("keeps the shard keys on a cluster", () =>
    Effect.gen(function* () {
      const { data, url } = yield* startStandInCluster(3)
      const opened = yield* open(url)
      yield* fill(opened)
      yield* opened.admin.eraseBytes("keepsake")
      assert.deepStrictEqual(yield* read(url), EXPECTED)
      assert.isTrue(Array.from(data.collections.values()).every(({ shards }) => shards.length === 3))
    })
  )

  it.live("needs the name of the collection", () =>
    Effect.gen(function* () {
      const { data, url } = yield* startStandIn()
      const { admin } = yield* open(url)
      const before = Array.from(data.collections.keys())
      const error = yield* flipError(admin.eraseBytes("keep"))
      assert.match(error.message, /keepsake/u)
      assert.deepStrictEqual(Array.from(data.collections.keys()), before)
    })
  )
})
