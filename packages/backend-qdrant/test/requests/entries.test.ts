/** Appends that are interrupted, or that meet another writer between two requests. */
import { assert, describe, it } from "@effect/vitest"
import type { MemoryStore } from "@keepsake/core/driver"
import { Effect } from "effect"
import type { ReceivedRequest } from "../server/faults.ts"
import type { StoredPoint } from "../server/points/StoredPoint.ts"
import type { QdrantServer } from "../server/QdrantServer.ts"
import { flipError, openStore } from "../support/openStore.ts"
import { NOW, row, SCOPE } from "../support/rows.ts"
import { bodiesTo, openOnStandIn, startStandIn } from "../support/standIn.ts"

type Store = MemoryStore["Service"]

const entry = (number: number, content = `entry ${number}`) => ({
  sessionId: "s",
  kind: "history",
  number,
  content
})

const append = (store: Store, ...entries: ReadonlyArray<ReturnType<typeof entry>>) =>
  store.append({ scope: SCOPE, now: NOW, entries })

const readAll = (store: Store) =>
  Effect.map(store.entries({ scope: SCOPE, sessionId: "s", kind: "history", limit: 100 }), (entries) =>
    entries.map(({ content, number }) => `${number}: ${content}`)
  )

const entryPoints = ({ data }: QdrantServer): Map<string, StoredPoint> => {
  const points = data.collections.get("keepsake.sessions")?.points
  if (points === undefined) throw new Error("there is no collection of entries")
  return points
}

const sends = (operation: string, { body, path }: ReceivedRequest): boolean =>
  path.endsWith("sessions/points/batch") && JSON.stringify(body).includes(operation)

/** Runs `change` when the first request with this operation arrives. */
const beforeFirst = (server: QdrantServer, operation: string, change: () => void): void => {
  let done = false
  server.faults = (request) => {
    if (!done && sends(operation, request)) {
      done = true
      change()
    }
    return undefined
  }
}

/** Appends an entry, and takes its point out of the collection again. */
const takeOut = Effect.fnUntraced(function* (
  server: QdrantServer,
  store: Store,
  appended: ReturnType<typeof entry>
) {
  yield* append(store, appended)
  const points = entryPoints(server)
  const [point] = points.values()
  if (point === undefined) return assert.fail("nothing was appended")
  points.clear()
  return point
})

describe("append", () => {
  it.live("of one entry sends an insertion and a read", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      yield* append(store, entry(0))
      assert.deepStrictEqual(
        server.requests.map(({ path }) => path.replace("/collections/keepsake.sessions/points/", "")),
        ["batch", "scroll"]
      )
      assert.deepNestedInclude(bodiesTo(server, "/points/batch")[0], {
        "operations[0].upsert.update_mode": "insert_only"
      })
    })
  )

  it.live("loses a number to a writer that comes between its requests, and keeps nothing of its batch", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const other = yield* takeOut(server, store, entry(1, "another writer's"))
      beforeFirst(server, '"insert_only"', () => entryPoints(server).set(other.id, other))
      const error = yield* flipError(append(store, entry(0), entry(1), entry(2)))
      assert.strictEqual(error.reason._tag, "Conflict")
      assert.match(error.message, /Entry 1 of this session's history/u)
      assert.deepStrictEqual(yield* readAll(store), ["1: another writer's"])
    })
  )

  it.live("inserts again what another append with the same entry takes back", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const point = yield* takeOut(server, store, entry(0))
      const pending = { ...point, payload: { ...point.payload, batch: "another append" } }
      entryPoints(server).set(pending.id, pending)
      beforeFirst(server, '"set_payload"', () => entryPoints(server).delete(pending.id))
      yield* append(store, entry(0), entry(1))
      assert.deepStrictEqual(yield* readAll(store), ["0: entry 0", "1: entry 1"])
      for (const { payload } of entryPoints(server).values()) assert.notProperty(payload, "batch")
    })
  )

  it.live("keeps an entry that another append may take back", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const point = yield* takeOut(server, store, entry(0))
      entryPoints(server).set(point.id, { ...point, payload: { ...point.payload, batch: "another append" } })
      yield* append(store, entry(0))
      assert.notProperty(entryPoints(server).get(point.id)?.payload, "batch")
    })
  )

  for (const when of ["before", "after"] as const) {
    it.live(`that is cut off ${when} its insertion keeps all or nothing, and can be repeated`, () =>
      Effect.gen(function* () {
        const server = yield* startStandIn()
        const { store } = yield* openStore({ url: server.url, retries: 0 })
        server.faults = (request) => (sends('"insert_only"', request) ? { _tag: "Reset", when } : undefined)
        const error = yield* flipError(append(store, entry(0), entry(1)))
        assert.strictEqual(error.reason._tag, "Unavailable")
        server.faults = () => undefined
        const whole = ["0: entry 0", "1: entry 1"]
        assert.deepStrictEqual(yield* readAll(store), when === "before" ? [] : whole)
        yield* append(store, entry(0), entry(1))
        assert.deepStrictEqual(yield* readAll(store), whole)
      })
    )
  }
})

describe("counters of turns", () => {
  it.live("hold no name of a session, and are raised before rows are removed", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const said = row("Secret plan.", { sessionId: "secret session", turn: 4 })
      yield* store.put({ scope: SCOPE, now: NOW, rows: [said] })
      server.requests.length = 0
      yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "Ids", ids: [said.memory.id] } })
      const writes = server.requests.filter(({ path }) => path.endsWith("/points/batch"))
      assert.match(writes[0]?.path ?? "", /keepsake\.sessions/u)
      assert.isTrue(writes.slice(1).every(({ path }) => !path.includes("sessions")))
      const stored = JSON.stringify(Array.from(entryPoints(server).values(), ({ payload }) => payload))
      assert.notInclude(stored, "secret")
      assert.strictEqual(yield* store.lastTurn({ scope: SCOPE, sessionId: "secret session" }), 4)
    })
  )
})
