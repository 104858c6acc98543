import { assert, describe, it } from "@effect/vitest"
import { ANY } from "@keepsake/core/driver"
import { Effect, Fiber } from "effect"
import type { ReceivedRequest } from "../server/faults.ts"
import { advanceTransfers, failTransfers } from "../server/points/transfers.ts"
import {
  answers,
  countPoints,
  hurried,
  NEIGHBOUR,
  openCluster,
  type Opened,
  rowsOf,
  shortAnswers,
  until
} from "../support/promotion.ts"
import { flipError, openStore } from "../support/openStore.ts"
import { axis, longRow, NOW, row, SCOPE } from "../support/rows.ts"
import { requestsTo, startStandIn } from "../support/standIn.ts"

describe("a scope that is promoted", () => {
  it.effect("answers the same before, at every step and afterwards, through every handle", () =>
    Effect.gen(function* () {
      const opened = yield* openCluster(30)
      const { cluster, collection, layout, qdrant, url } = opened
      const other = yield* openStore({ url: url.split(",")[1] ?? "", layout })
      const before = yield* answers(opened)
      const neighbour = yield* answers(opened, NEIGHBOUR)
      const isSame = Effect.fnUntraced(function* (step: string) {
        assert.deepStrictEqual(yield* answers(opened), before, step)
        assert.deepStrictEqual(yield* answers(other), before, step)
      })
      cluster.holdsTransfers = true
      const promoting = yield* Effect.forkChild(qdrant.promoteScope(SCOPE))
      yield* until(() => collection.transfers.length > 0)
      yield* isSame("while points are copied")
      advanceTransfers(collection)
      yield* isSame("read at the new key, written to both")
      advanceTransfers(collection)
      yield* isSame("with the old copies left")
      assert.deepStrictEqual(countPoints(collection), { own: 30, shared: 30 })
      const { nodes, shardKey } = yield* hurried(Fiber.join(promoting))
      yield* isSame("afterwards")
      assert.deepStrictEqual(countPoints(collection), { own: 30, shared: 0 })
      assert.deepStrictEqual(countPoints(collection, NEIGHBOUR), { own: 0, shared: 10 })
      assert.match(shardKey, /^scope-[0-9a-f]{32}$/u)
      assert.strictEqual(nodes.length, 1)
      const late = yield* openStore({ url, layout })
      assert.deepStrictEqual(yield* answers(late), before, "of a handle that was opened later")
      assert.deepStrictEqual(yield* answers(late, NEIGHBOUR), neighbour)
    })
  )

  it.effect("loses nothing that two handles write at every step", () =>
    Effect.gen(function* () {
      const opened = yield* openCluster(30)
      const { cluster, collection, layout, qdrant, url } = opened
      const other = yield* openStore({ url: url.split(",")[1] ?? "", layout })
      const expected = yield* openStore({ url: (yield* startStandIn()).url })
      yield* expected.store.put({ scope: SCOPE, now: NOW, rows: rowsOf(SCOPE, 30) })
      yield* expected.store.put({ scope: NEIGHBOUR, now: NOW, rows: rowsOf(NEIGHBOUR, 10) })
      let step = 0
      const writeAll = Effect.gen(function* () {
        yield* change(opened, step)
        yield* change(expected, step++)
        yield* change(other, step)
        yield* change(expected, step++)
      })
      yield* writeAll
      cluster.holdsTransfers = true
      const promoting = yield* Effect.forkChild(qdrant.promoteScope(SCOPE))
      yield* until(() => collection.transfers.length > 0)
      yield* writeAll
      advanceTransfers(collection)
      yield* writeAll
      advanceTransfers(collection)
      yield* writeAll
      yield* hurried(Fiber.join(promoting))
      yield* writeAll
      for (const handle of [opened, other]) {
        assert.deepStrictEqual(yield* answers(handle), yield* answers(expected))
      }
      assert.strictEqual(countPoints(collection).shared, 0)
    })
  )

  it.effect("is promoted to the end after a kill at any request", () =>
    Effect.gen(function* () {
      const opened = yield* openCluster(5)
      const { collection, layout, nodes, qdrant, store, url } = opened
      const killed = yield* openStore({ url, layout, retries: 0 })
      let isOver = false
      for (let after = 0; !isOver; after++) {
        const scope = { ...SCOPE, userId: `user ${after}` }
        yield* store.put({ scope, now: NOW, rows: rowsOf(scope, 6) })
        const before = yield* shortAnswers(opened, scope)
        let requests = 0
        for (const node of nodes) {
          node.faults = () => (requests++ < after ? undefined : { _tag: "Reset", when: "before" })
        }
        isOver = (yield* Effect.exit(killed.qdrant.promoteScope(scope)))._tag === "Success"
        for (const node of nodes) node.faults = () => undefined
        assert.deepStrictEqual(yield* shortAnswers(opened, scope), before, `after ${after} requests`)
        yield* hurried(qdrant.promoteScope(scope))
        assert.deepStrictEqual(
          yield* shortAnswers(opened, scope),
          before,
          `after ${after} requests, and again`
        )
        assert.deepStrictEqual(countPoints(collection, scope), { own: 6, shared: 0 })
        yield* store.remove({ scope, now: NOW, target: { _tag: "All" } })
      }
      assert.strictEqual(countPoints(collection).shared, 5)
    })
  )

  it.effect("twice at once, and once more", () =>
    Effect.gen(function* () {
      const opened = yield* openCluster(20)
      const { collection, layout, nodes, qdrant, url } = opened
      const other = yield* openStore({ url, layout })
      const before = yield* answers(opened)
      const both = Effect.all([qdrant.promoteScope(SCOPE), other.qdrant.promoteScope(SCOPE)], {
        concurrency: "unbounded"
      })
      const [one, two] = yield* hurried(both)
      assert.deepStrictEqual(one, two)
      assert.deepStrictEqual(yield* qdrant.promoteScope(SCOPE), one)
      assert.deepStrictEqual(yield* answers(opened), before)
      assert.deepStrictEqual(countPoints(collection), { own: 20, shared: 0 })
      const copies = nodes
        .flatMap(({ requests }) => requests)
        .filter(({ body }) => JSON.stringify(body)?.includes("replicate_points"))
      assert.strictEqual(copies.length, 1, "a second copy would take the key out of service")
    })
  )

  it.effect("is left to who made its key, for a while", () =>
    Effect.gen(function* () {
      const { collection, layout, nodes, qdrant, url } = yield* openCluster(5)
      const killed = yield* openStore({ url, layout, retries: 0 })
      const isCopy = ({ body, method }: ReceivedRequest) =>
        method === "POST" && JSON.stringify(body).includes("replicate_points")
      for (const node of nodes) {
        node.faults = (request) => (isCopy(request) ? { _tag: "Reset", when: "before" } : undefined)
      }
      yield* flipError(killed.qdrant.promoteScope(SCOPE))
      for (const node of nodes) {
        node.faults = () => undefined
        node.requests.length = 0
      }
      const promoting = yield* Effect.forkChild(qdrant.promoteScope(SCOPE))
      yield* until(() => nodes.some((node) => requestsTo(node, "/cluster").length > 0))
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 50)))
      assert.isFalse(nodes.some(({ requests }) => requests.some(isCopy)))
      yield* hurried(Fiber.join(promoting))
      assert.deepStrictEqual(countPoints(collection), { own: 5, shared: 0 })
    })
  )

  it.effect("lies on the nodes that are named, with as many replicas as its collection", () =>
    Effect.gen(function* () {
      const { collection, data, nodes, qdrant, store, url } = yield* openCluster(5)
      const layout = { shardKeys: 1, replicationFactor: 2 }
      const replicated = yield* openStore({ url, layout, collection: "replicated" })
      yield* replicated.store.put({ scope: SCOPE, now: NOW, rows: rowsOf(SCOPE, 5) })
      const { nodes: placed, shardKey } = yield* replicated.qdrant.promoteScope(SCOPE, { nodes: [3, 1] })
      assert.sameMembers([...placed], [1, 3])
      const shard = data.collections.get("replicated")?.shards.find(({ key }) => key === shardKey)
      assert.deepStrictEqual(shard?.placement, [2, 0])
      const unknown = yield* flipError(qdrant.promoteScope(SCOPE, { nodes: [9] }))
      assert.match(unknown.message, /nodes.*1, 2, 3.*not 9/u)
      assert.deepStrictEqual(countPoints(collection), { own: 0, shared: 5 })
      assert.strictEqual(yield* store.count({ scope: SCOPE, now: NOW, filter: ANY }), 5)
      assert.strictEqual(nodes.length, 3)
    })
  )

  it.effect("is served as before where the server gives the copy up", () =>
    Effect.gen(function* () {
      const opened = yield* openCluster(20)
      const { cluster, collection, qdrant } = opened
      const before = yield* answers(opened)
      cluster.holdsTransfers = true
      const promoting = yield* Effect.forkChild(flipError(qdrant.promoteScope(SCOPE)))
      yield* until(() => collection.transfers.length > 0)
      failTransfers(collection)
      const error = yield* hurried(Fiber.join(promoting))
      assert.strictEqual(error.reason._tag, "Unavailable")
      assert.match(error.message, /gave up the copy to shard key scope-.*served as before/u)
      assert.deepStrictEqual(yield* answers(opened), before)
    })
  )

  it.effect("keeps its old copies where the new key lacks one of them", () =>
    Effect.gen(function* () {
      const { cluster, collection, qdrant } = yield* openCluster(20)
      cluster.holdsTransfers = true
      const promoting = yield* Effect.forkChild(flipError(qdrant.promoteScope(SCOPE)))
      yield* until(() => collection.transfers.length > 0)
      const [{ to } = { to: undefined }] = collection.transfers
      advanceTransfers(collection)
      advanceTransfers(collection)
      to?.points.delete(Array.from(to.points.keys())[7] ?? "")
      const error = yield* hurried(Fiber.join(promoting))
      assert.match(error.message, /lacks 1 points/u)
      assert.deepStrictEqual(countPoints(collection), { own: 19, shared: 20 })
    })
  )

  it.effect("needs shard keys, and a store that may write", () =>
    Effect.gen(function* () {
      const alone = yield* openStore({ url: (yield* startStandIn()).url })
      const outside = yield* flipError(alone.qdrant.promoteScope(SCOPE))
      assert.strictEqual(outside.reason._tag, "Unsupported")
      assert.match(outside.message, /cluster mode/u)
      const { collection, layout, url } = yield* openCluster(1)
      const { shardKeys: _, ...note } = collection.metadata["keepsake"] as Record<string, unknown>
      collection.metadata = { keepsake: note }
      const spread = yield* openStore({ url, layout })
      const error = yield* flipError(spread.qdrant.promoteScope(SCOPE))
      assert.match(error.message, /has no shard keys.*keepsake copy/u)
      const reader = yield* openStore({ url, layout, readOnly: true })
      assert.match((yield* flipError(reader.qdrant.promoteScope(SCOPE))).message, /read-only/u)
    })
  )
})

/** One of each kind of write, different at each step. */
const change = Effect.fnUntraced(function* ({ admin, store }: Opened, step: number) {
  const at = { scope: SCOPE, now: NOW + step }
  const [kept, closed, gone] = rowsOf(SCOPE, 3, 3 * step)
  if (kept === undefined || closed === undefined || gone === undefined) return
  const made = row(`Made at step ${step}.`, { sessionId: "made", turn: step }, axis(step))
  const long = longRow([`Long text of step ${step}.`, "Its second passage."])
  const owed = { ...row(`Owed at step ${step}.`, {}, null), owed: true }
  yield* store.put({ ...at, rows: [made, long, owed, kept] })
  yield* store.patch({ ...at, id: kept.memory.id, change: { importance: step / 100, metadata: { step } } })
  yield* store.supersede({ ...at, id: closed.memory.id, row: row(`Better at step ${step}.`) })
  yield* store.remove({ ...at, target: { _tag: "Ids", ids: [gone.memory.id, long.memory.id] } })
  yield* store.touch({ ...at, ids: [kept.memory.id] })
  yield* admin.payOwed([{ scope: SCOPE, id: owed.memory.id, vectors: [axis(2)] }])
})
