import { assert, describe, it } from "@effect/vitest"
import { ANY, type Condition, toCondition } from "@keepsake/core/driver"
import { Effect, Redacted } from "effect"
import type { QdrantServer } from "../server/QdrantServer.ts"
import { firstCollection, openFirstVersion, startFirstVersion } from "../support/firstVersion.ts"
import { flipError, openStore } from "../support/openStore.ts"
import { NOW, row, SCOPE } from "../support/rows.ts"
import { startStandIn } from "../support/standIn.ts"

const ANA = { agentId: "assistant", userId: "ana" }

const assertNoWrites = ({ requests }: QdrantServer) => {
  const writes = requests.filter(
    ({ method, path }) =>
      method === "PUT" ||
      method === "PATCH" ||
      method === "DELETE" ||
      path.endsWith("/points/batch") ||
      path.endsWith("/collections/aliases")
  )
  assert.deepStrictEqual(
    writes.map(({ method, path }) => `${method} ${path}`),
    []
  )
}

describe("a store that is opened read-only", () => {
  it.live("creates no collection", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const error = yield* flipError(openStore({ url: server.url, readOnly: true }))
      assert.strictEqual(error.reason._tag, "Unsupported")
      assert.match(error.message, /There is no collection keepsake, .* read-only/u)
      assertNoWrites(server)
      assert.strictEqual(server.data.collections.size, 0)
    })
  )

  it.live("completes no creation", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      server.faults = ({ path }) => (path.endsWith("/index") ? { _tag: "Reset", when: "before" } : undefined)
      yield* flipError(openStore({ url: server.url, retries: 0 }))
      server.faults = () => undefined
      server.requests.length = 0
      const error = yield* flipError(openStore({ url: server.url, readOnly: true }))
      assert.match(error.message, /not completely created/u)
      assertNoWrites(server)
    })
  )

  it.live("reads what is there, refuses to write, and counts no accesses", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const tea = row("Ana likes tea.", { sessionId: "s", turn: 3 })
      const writer = yield* openStore({ url: server.url })
      yield* writer.store.put({ scope: SCOPE, now: NOW, rows: [tea] })
      const entry = { sessionId: "s", kind: "notes", number: 0, content: "Tea." }
      yield* writer.store.append({ scope: SCOPE, now: NOW, entries: [entry] })
      server.requests.length = 0
      const { admin, store } = yield* openStore({ url: server.url, readOnly: true })
      assert.deepStrictEqual(admin.mode, { readOnly: true, accessCounts: false })
      const ids = [tea.memory.id]
      assert.deepStrictEqual(yield* store.get({ scope: SCOPE, now: NOW, ids }), [tea.memory])
      assert.strictEqual(yield* store.lastTurn({ scope: SCOPE, sessionId: "s" }), 3)
      assert.strictEqual((yield* store.listEntries({ scope: SCOPE, limit: 5 })).entries.length, 1)
      yield* store.touch({ scope: SCOPE, now: NOW, ids })
      for (const write of [
        store.put({ scope: SCOPE, now: NOW, rows: [row("More.")] }),
        store.append({ scope: SCOPE, now: NOW, entries: [{ ...entry, number: 1 }] }),
        store.remove({ scope: SCOPE, now: NOW, target: { _tag: "All" } }),
        admin.eraseUser({ userId: SCOPE.userId })
      ]) {
        const error = yield* flipError<unknown, never>(write)
        assert.strictEqual(error.reason._tag, "Unsupported")
      }
      assertNoWrites(server)
    })
  )

  it.live("needs only a key for reading", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn({ apiKey: "right", readOnlyKey: "read" })
      const tea = row("Ana likes tea.")
      const writer = yield* openStore({ url: server.url, apiKey: Redacted.make("right") })
      yield* writer.store.put({ scope: SCOPE, now: NOW, rows: [tea] })
      const { store } = yield* openStore({
        url: server.url,
        apiKey: Redacted.make("read"),
        readOnly: true
      })
      const [latest] = yield* store.latest({ scope: SCOPE, now: NOW, filter: ANY, limit: 5 })
      assert.deepStrictEqual(latest?.memory, tea.memory)
      const parts = [{ terms: tea.passages[0].terms.ids }]
      const search = { scope: SCOPE, now: NOW, parts, filter: ANY, limit: 5 }
      assert.strictEqual((yield* store.search(search)).hits.length, 1)
    })
  )

  it.live("reads a collection of the first version as it is", () =>
    Effect.gen(function* () {
      const server = yield* startFirstVersion
      const before = structuredClone(firstCollection(server).metadata)
      const { admin, store } = yield* openFirstVersion(server, { readOnly: true })
      const count = (filter: Condition) => store.count({ scope: ANA, now: NOW, filter, lifetime: "any" })
      assert.strictEqual(yield* count(ANY), 81)
      assert.isAbove(yield* count(toCondition({ types: ["semantic"], metadata: { topic: "home" } })), 0)
      const deep: Condition = { _tag: "In", target: { path: ["address", "city"] }, values: ["Porto"] }
      const updated: Condition = {
        _tag: "Compare",
        target: { field: "updatedAt" },
        comparison: "gt",
        value: 1
      }
      for (const call of [
        count(deep),
        count(updated),
        store.predecessors({ scope: ANA, now: NOW, ids: [row("x").memory.id] })
      ]) {
        const error = yield* flipError<unknown, never>(call)
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.match(error.message, /has layout 1.*without `readOnly`/u)
      }
      assert.deepStrictEqual(yield* store.listEntries({ scope: ANA, limit: 5 }), { entries: [], next: null })
      assert.strictEqual((yield* admin.scopes({ limit: 10 })).length, 5)
      assertNoWrites(server)
      assert.deepStrictEqual(firstCollection(server).metadata, before)
    })
  )
})
