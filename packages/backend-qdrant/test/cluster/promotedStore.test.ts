import { assert, describe, it } from "@effect/vitest"
import { ANY } from "@keepsake/core/driver"
import { Effect, Fiber } from "effect"
import { advanceTransfers } from "../server/points/transfers.ts"
import { flipError, openStore } from "../support/openStore.ts"
import {
  countPoints,
  hurried,
  NEIGHBOUR,
  openCluster,
  promoteHalfway,
  rowsOf,
  shortAnswers,
  until
} from "../support/promotion.ts"
import { NOW, passage, SCOPE } from "../support/rows.ts"

const NOTHING = { own: 0, shared: 0 }
const ALL = { scope: SCOPE, now: NOW, target: { _tag: "All" } } as const

describe("erasing a promoted scope", () => {
  it.effect("leaves nothing under either key, and no name", () =>
    Effect.gen(function* () {
      for (const promote of [
        (opened: Effect.Success<ReturnType<typeof openCluster>>) => opened.qdrant.promoteScope(SCOPE),
        (opened: Effect.Success<ReturnType<typeof openCluster>>) => promoteHalfway(opened, SCOPE)
      ]) {
        const opened = yield* openCluster(20)
        const { admin, collection, data, store } = opened
        yield* promote(opened)
        assert.strictEqual((yield* store.remove(ALL)).removed, 20)
        assert.deepStrictEqual(countPoints(collection), NOTHING)
        yield* store.put({ scope: SCOPE, now: NOW, rows: rowsOf(SCOPE, 8) })
        assert.strictEqual((yield* admin.eraseUser({ userId: SCOPE.userId })).removed, 8)
        assert.deepStrictEqual(countPoints(collection), NOTHING)
        assert.deepStrictEqual(countPoints(collection, NEIGHBOUR), { own: 0, shared: 10 })
        const names = Array.from(data.collections.values()).flatMap(({ shards }) =>
          shards.flatMap(({ key, points }) => [
            key,
            ...Array.from(points.values(), ({ payload }) => payload["userId"])
          ])
        )
        assert.notInclude(JSON.stringify([names, Array.from(data.aliases)]), `"${SCOPE.userId}"`)
      }
    })
  )

  it.effect("counts rows once while old copies are left", () =>
    Effect.gen(function* () {
      const opened = yield* openCluster(20)
      const { admin, collection, store } = opened
      const { memory } = rowsOf(SCOPE, 1)[0] ?? {}
      assert.isDefined(memory)
      yield* store.patch({ scope: SCOPE, now: NOW, id: memory.id, change: { expiresAt: NOW + 1 } })
      yield* promoteHalfway(opened, SCOPE)
      assert.deepStrictEqual(countPoints(collection), { own: 20, shared: 20 })
      assert.strictEqual((yield* admin.expire({ now: NOW + 1, limit: 10 })).removed, 1)
      assert.deepStrictEqual(countPoints(collection), { own: 19, shared: 19 })
      const removed = { scope: SCOPE, now: NOW, target: { _tag: "Ids", ids: [memory.id] } } as const
      assert.strictEqual((yield* store.remove(removed)).removed, 0)
      assert.strictEqual((yield* admin.eraseUser({ userId: SCOPE.userId })).removed, 19)
      assert.deepStrictEqual(countPoints(collection), NOTHING)
    })
  )

  it.effect("reaches a key that is made while the user is erased", () =>
    Effect.gen(function* () {
      const { admin, collection, nodes, qdrant } = yield* openCluster(20)
      let promoting: Promise<unknown> | undefined
      let isPromoted = false
      for (const node of nodes) {
        // The keys are listed, and the deletion arrives after the scope left the shared one.
        node.faults = ({ body, path }) => {
          if (!path.endsWith("/points/batch") || !JSON.stringify(body).includes("userId")) return undefined
          promoting ??= Effect.runPromise(qdrant.promoteScope(SCOPE)).then(() => (isPromoted = true))
          return isPromoted ? undefined : { _tag: "Status", status: 503 }
        }
      }
      yield* admin.eraseUser({ userId: SCOPE.userId })
      yield* Effect.promise(async () => promoting)
      assert.deepStrictEqual(countPoints(collection), NOTHING)
    })
  )
})

describe("the bytes of a store with promoted scopes", () => {
  it.effect("are erased with their keys, but for the key of a scope that holds nothing", () =>
    Effect.gen(function* () {
      const opened = yield* openCluster(20)
      const { data, layout, qdrant, store, url } = opened
      const before = yield* shortAnswers(opened, NEIGHBOUR)
      yield* qdrant.promoteScope(SCOPE)
      yield* promoteHalfway(opened, NEIGHBOUR)
      yield* store.remove(ALL)
      yield* qdrant.eraseBytes("keepsake")
      const again = yield* openStore({ url, layout })
      const after = yield* shortAnswers(again, NEIGHBOUR)
      assert.deepStrictEqual(after.listed, before.listed)
      const [, copy] =
        Array.from(data.collections).find(([name]) => name.startsWith("keepsake.erased-")) ?? []
      assert.isDefined(copy)
      assert.strictEqual(copy.shards.length, 2)
      assert.deepStrictEqual(countPoints(copy, NEIGHBOUR), { own: 10, shared: 0 })
    })
  )
})

describe("a move to another embedder", () => {
  const fill = Effect.fnUntraced(function* ({ admin }: Effect.Success<ReturnType<typeof openCluster>>) {
    for (;;) {
      const rows = yield* admin.unstaged({ limit: 7 })
      if (rows.length === 0) return
      yield* admin.fillStage(
        rows.map(({ content, id, scope }) => ({ id, scope, passages: [passage(content)], owed: false }))
      )
    }
  })

  it.effect("takes own keys along, and ends what a killed promotion left", () =>
    Effect.gen(function* () {
      const opened = yield* openCluster(20)
      const { admin, data, layout, url } = opened
      yield* promoteHalfway(opened, SCOPE)
      const before = yield* shortAnswers(opened, SCOPE)
      const next = { ...(yield* admin.fingerprint), avgLen: 30 }
      yield* admin.stage(next)
      const conflict = yield* flipError(opened.qdrant.promoteScope(NEIGHBOUR))
      assert.strictEqual(conflict.reason._tag, "Conflict")
      yield* fill(opened)
      yield* admin.commitStage
      const moved = yield* openStore({ url, layout }, next)
      assert.deepStrictEqual(yield* shortAnswers(moved, SCOPE), before)
      const [, space] = Array.from(data.collections).find(([name]) => name.includes(".space-")) ?? []
      assert.isDefined(space)
      assert.deepStrictEqual(countPoints(space), { own: 20, shared: 0 })
      assert.deepStrictEqual(countPoints(space, NEIGHBOUR), { own: 0, shared: 10 })
    })
  )

  it.effect("waits for a promotion", () =>
    Effect.gen(function* () {
      const opened = yield* openCluster(20)
      const { admin, cluster, collection, data, qdrant } = opened
      cluster.holdsTransfers = true
      const promoting = yield* Effect.forkChild(qdrant.promoteScope(SCOPE))
      yield* until(() => collection.transfers.length > 0)
      const next = { ...(yield* admin.fingerprint), avgLen: 30 }
      const error = yield* flipError(admin.stage(next))
      assert.match(error.message, /being promoted to shard key scope-/u)
      assert.isFalse(Array.from(data.aliases.keys()).some((alias) => alias.includes("staging")))
      advanceTransfers(collection)
      advanceTransfers(collection)
      yield* hurried(Fiber.join(promoting))
      yield* admin.stage(next)
      assert.strictEqual((yield* admin.unstaged({ limit: 100 })).length, 30)
    })
  )
})

it.effect("a copy to another store brings a promoted scope back to a shared key", () =>
  Effect.gen(function* () {
    const { layout, qdrant, store, url } = yield* openCluster(20)
    yield* qdrant.promoteScope(SCOPE)
    const target = yield* openStore({ url, layout, collection: "copied" })
    const { rows } = yield* store.listRows({ scope: SCOPE, now: NOW, filter: ANY, limit: 100 })
    yield* target.store.put({ scope: SCOPE, now: NOW, rows })
    assert.strictEqual(yield* target.store.count({ scope: SCOPE, now: NOW, filter: ANY }), 20)
    assert.strictEqual((yield* target.qdrant.promoteScope(SCOPE)).shardKey.slice(0, 6), "scope-")
  })
)
