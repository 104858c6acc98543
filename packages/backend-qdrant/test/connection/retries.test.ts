import { assert, describe, it } from "@effect/vitest"
import { ANY } from "@keepsake/core/driver"
import { Effect, Exit, Fiber } from "effect"
import type { Fault } from "../server/faults.ts"
import { flipError, openStore } from "../support/openStore.ts"
import { axis, NOW, row, SCOPE } from "../support/rows.ts"
import { failFirst, requestsTo, startStandIn } from "../support/standIn.ts"
import { badGateway, rateLimited } from "../support/responses.ts"

const PUT = "/points/batch"
const QUERY = "/points/query/batch"

const PUT_REQUEST = {
  scope: SCOPE,
  now: NOW,
  rows: [row("Freight leaves on Tuesdays."), row("Ana likes tea.")]
}
const SEARCH_REQUEST = { scope: SCOPE, now: NOW, parts: [{ vector: axis(0) }], filter: ANY, limit: 10 }
const LIST_REQUEST = { scope: SCOPE, now: NOW, filter: ANY, closed: true, limit: 1_000 }

/** A put that meets this fault once is acknowledged, and writes its rows once. */
const survives = (name: string, fault: Fault) =>
  it.live(name, () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const { store } = yield* openStore({ url: server.url })
      server.faults = failFirst(1, PUT, fault)
      const results = yield* store.put(PUT_REQUEST)
      assert.deepStrictEqual(
        results.map(({ outcome }) => outcome),
        ["created", "created"]
      )
      assert.strictEqual(requestsTo(server, PUT).length, 2, "one retry")
      const { rows } = yield* store.list(LIST_REQUEST)
      const memories = PUT_REQUEST.rows.map(({ memory }) => memory)
      assert.deepStrictEqual(
        rows,
        memories.toSorted((a, b) => (a.id < b.id ? -1 : 1))
      )
    })
  )

describe("a put survives", () => {
  survives("429 without a wait", rateLimited("0"))
  survives("502 with an HTML page", badGateway)
  survives("a response truncated after the write", { _tag: "Truncated" })
  survives("a connection reset before the write", { _tag: "Reset", when: "before" })
  survives("a connection reset in the middle of a batch", { _tag: "Reset", when: "midBatch" })
  survives("a connection reset after the write", { _tag: "Reset", when: "after" })
})

describe("retries", () => {
  it.live("outlast many 429 responses", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const { store } = yield* openStore({ url: server.url })
      yield* store.put(PUT_REQUEST)
      server.faults = failFirst(30, QUERY, rateLimited("0"))
      const results = yield* Effect.all(
        Array.from({ length: 20 }, () => store.search(SEARCH_REQUEST)),
        { concurrency: "unbounded" }
      )
      assert.isTrue(results.every(({ hits }) => hits.length === 2))
    })
  )

  it.live("count a touch once", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const { store } = yield* openStore({ url: server.url })
      yield* store.put(PUT_REQUEST)
      server.faults = failFirst(1, PUT, { _tag: "Reset", when: "after" })
      const ids = PUT_REQUEST.rows.map(({ memory }) => memory.id)
      yield* store.touch({ scope: SCOPE, now: NOW, ids })
      const touched = yield* store.get({ scope: SCOPE, now: NOW, ids })
      assert.deepStrictEqual(
        touched.map(({ accessCount }) => accessCount),
        [1, 1]
      )
    })
  )

  it.live("keep createdAt and the history of a restated row", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const { store } = yield* openStore({ url: server.url })
      const original = row("Ana likes tea.", { expiresAt: NOW + 10 })
      yield* store.put({ scope: SCOPE, now: NOW, rows: [original] })
      server.faults = failFirst(1, PUT, { _tag: "Reset", when: "after" })
      const later = NOW + 100
      const restated = row("Ana likes tea.", {
        createdAt: later,
        updatedAt: later,
        validity: [{ from: later, to: null }]
      })
      const [result] = yield* store.put({ scope: SCOPE, now: later, rows: [restated] })
      assert.strictEqual(result?.outcome, "reopened")
      const { rows } = yield* store.list({ ...LIST_REQUEST, now: later })
      assert.deepStrictEqual(
        rows.map(({ createdAt, validity }) => ({ createdAt, validity })),
        [
          {
            createdAt: NOW,
            validity: [
              { from: NOW, to: NOW + 10 },
              { from: later, to: null }
            ]
          }
        ]
      )
    })
  )

  it.live("complete a supersession that was interrupted, without losing a row", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const { store } = yield* openStore({ url: server.url, retries: 0 })
      const old = row("Ana lives in Gdańsk.")
      yield* store.put({ scope: SCOPE, now: NOW, rows: [old] })
      server.faults = failFirst(1, PUT, { _tag: "Reset", when: "midBatch" })
      const request = { scope: SCOPE, now: NOW, id: old.memory.id, row: row("Ana lives in Oslo.") }
      const error = yield* flipError(store.supersede(request))
      assert.strictEqual(error.reason._tag, "Unavailable")
      const interrupted = yield* store.list(LIST_REQUEST)
      assert.strictEqual(interrupted.rows.length, 2, "the new row and the old one")
      assert.deepStrictEqual(yield* store.supersede(request), { outcome: "refreshed", closed: true })
      const completed = yield* store.list({ ...LIST_REQUEST, closed: false })
      assert.deepStrictEqual(
        completed.rows.map(({ content }) => content),
        ["Ana lives in Oslo."]
      )
    })
  )

  it.live("bring 200 concurrent writes through a restart of the server, each once", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const { store } = yield* openStore({ url: server.url })
      const rows = Array.from({ length: 200 }, (_, i) => row(`Fact number ${i}.`))
      const writing = yield* Effect.forkChild(
        Effect.all(
          rows.map((fact) => Effect.exit(store.put({ scope: SCOPE, now: NOW, rows: [fact] }))),
          { concurrency: "unbounded" }
        )
      )
      yield* Effect.promise(async () => {
        while (requestsTo(server, PUT).length < 50) await new Promise((resume) => setImmediate(resume))
      })
      yield* Effect.promise(() => server.restart())
      const exits = yield* Fiber.join(writing)
      assert.isTrue(exits.every(Exit.isSuccess), "all acknowledged")
      const listed = yield* store.list(LIST_REQUEST)
      assert.deepStrictEqual(
        listed.rows.map(({ id }) => id).toSorted(),
        rows.map(({ memory }) => memory.id).toSorted()
      )
    })
  )
})
