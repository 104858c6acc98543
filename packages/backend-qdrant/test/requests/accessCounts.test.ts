import { assert, describe, it } from "@effect/vitest"
import { ANY, toCondition } from "@keepsake/core/driver"
import { Effect } from "effect"
import { openStore } from "../support/openStore.ts"
import { axis, NOW, passage, row, SCOPE } from "../support/rows.ts"
import { openOnStandIn, startStandIn } from "../support/standIn.ts"

const rows = Array.from({ length: 30 }, (_, i) =>
  row(`Freight note ${i}${i % 3 === 0 ? " about customs" : ""}.`, {}, axis(i))
)
const ids = rows.map(({ memory }) => memory.id)
const terms = passage("freight customs").terms.ids
const SEARCH = { scope: SCOPE, now: NOW, parts: [{ vector: axis(0), terms }], filter: ANY, limit: 30 }

const filled = Effect.gen(function* () {
  const opened = yield* openOnStandIn()
  yield* opened.store.put({ scope: SCOPE, now: NOW, rows })
  const memories = opened.server.data.collections.get("keepsake")
  const access = opened.server.data.collections.get("keepsake.access")
  assert.isDefined(memories)
  assert.isDefined(access)
  return { ...opened, memories, access }
})

const countsOf = ({ store }: Effect.Success<ReturnType<typeof openStore>>) =>
  Effect.map(store.get({ scope: SCOPE, now: NOW, ids: ids.slice(0, 2) }), (found) =>
    found
      .toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))
      .map(({ accessCount, lastAccessedAt }) => [accessCount, lastAccessedAt])
  )

describe("counting accesses", () => {
  it.live("moves no memory out of its segment, and changes no score while one is optimised", () =>
    Effect.gen(function* () {
      const { memories, store } = yield* filled
      const before = yield* store.search(SEARCH)
      memories.isOptimised = true
      for (let i = 0; i < 10; i++) yield* store.touch({ scope: SCOPE, now: NOW + i, ids })
      assert.strictEqual(memories.moved, 0)
      assert.deepStrictEqual(yield* store.search(SEARCH), before)
      // A change of the points themselves does both on the stand-in, as on the server.
      yield* store.patch({ scope: SCOPE, now: NOW, id: ids[0] ?? "", change: { pinned: true } })
      assert.strictEqual(memories.moved, 1)
      assert.notDeepEqual((yield* store.search(SEARCH)).df, before.df)
    })
  )

  it.live("goes on from the count that a memory's own point has", () =>
    Effect.gen(function* () {
      const { memories, server, store } = yield* filled
      // As an earlier version counted.
      Object.assign(memories.points.get(ids[0] ?? "")?.payload ?? {}, {
        accessCount: 5,
        lastAccessedAt: NOW - 9
      })
      const opened = yield* openStore({ url: server.url })
      assert.deepStrictEqual(yield* countsOf(opened), [
        [5, NOW - 9],
        [0, null]
      ])
      yield* store.touch({ scope: SCOPE, now: NOW, ids: ids.slice(0, 2) })
      assert.deepStrictEqual(yield* countsOf(opened), [
        [6, NOW],
        [1, NOW]
      ])
    })
  )

  it.live("ends with the memory, however it is removed", () =>
    Effect.gen(function* () {
      const { access, admin, store } = yield* filled
      yield* store.touch({ scope: SCOPE, now: NOW, ids })
      assert.strictEqual(access.points.size, 30)
      const filter = toCondition({ pinned: true })
      yield* store.patch({ scope: SCOPE, now: NOW, id: ids[3] ?? "", change: { pinned: true } })
      yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "Filter", filter } })
      assert.strictEqual(access.points.size, 29)
      yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "Ids", ids: ids.slice(0, 2) } })
      assert.strictEqual(access.points.size, 27)
      yield* store.patch({ scope: SCOPE, now: NOW, id: ids[4] ?? "", change: { expiresAt: NOW } })
      yield* admin.expire({ now: NOW, limit: 10 })
      assert.strictEqual(access.points.size, 26)
      yield* admin.eraseUser({ userId: SCOPE.userId })
      assert.strictEqual(access.points.size, 0)
      yield* store.put({ scope: SCOPE, now: NOW, rows: rows.slice(0, 1) })
      const [again] = yield* store.get({ scope: SCOPE, now: NOW, ids: ids.slice(0, 1) })
      assert.strictEqual(again?.accessCount, 0)
    })
  )

  it.live("can be off: no collection is made, and what others counted is read", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const off = yield* openStore({ url: server.url, accessCounts: false })
      assert.deepStrictEqual(Array.from(server.data.collections.keys()), ["keepsake", "keepsake.sessions"])
      yield* off.store.put({ scope: SCOPE, now: NOW, rows: rows.slice(0, 2) })
      const on = yield* openStore({ url: server.url })
      yield* on.store.touch({ scope: SCOPE, now: NOW, ids: ids.slice(0, 1) })
      const reopened = yield* openStore({ url: server.url, accessCounts: false })
      yield* reopened.store.touch({ scope: SCOPE, now: NOW, ids })
      assert.deepStrictEqual(yield* countsOf(reopened), [
        [1, NOW],
        [0, null]
      ])
    })
  )
})
