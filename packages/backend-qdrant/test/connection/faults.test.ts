import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { atFirst, axis, failure, NOW, open, row, SCOPE, sent, standIn } from "../support/openStore.ts"

const PUT = "/points/batch"
const QUERY = "/points/query/batch"

const HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
const badGateway = { _tag: "Status", status: 502, body: HTML } as const
const tooMany = (after: string) =>
  ({
    _tag: "Status",
    status: 429,
    headers: { "content-type": "application/json", "retry-after": after },
    body: JSON.stringify({ status: { error: "Rate limiting exceeded" } })
  }) as const

const put = { scope: SCOPE, now: NOW, rows: [row("Freight leaves on Tuesdays."), row("Ana likes tea.")] }
const ask = { scope: SCOPE, now: NOW, vector: axis(0), filter: {}, limit: 10 }
const list = { scope: SCOPE, now: NOW, filter: {}, closed: true, limit: 1_000 }

/** What a put leaves behind that met a fault and was acknowledged all the same. */
const survives = (name: string, faults: ReturnType<typeof atFirst>) =>
  it.live(`${name}: acknowledged, kept, not doubled`, () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { store } = yield* open({ url: server.url })
      server.faults = faults
      const outcomes = yield* store.put(put)
      assert.deepStrictEqual(
        outcomes.map(({ outcome }) => outcome),
        ["created", "created"]
      )
      assert.strictEqual(sent(server, PUT).length, 2, "sent again once")
      const { rows } = yield* store.list(list)
      const given = put.rows.map(({ memory }) => memory)
      assert.deepStrictEqual(
        rows,
        given.toSorted((a, b) => (a.id < b.id ? -1 : 1))
      )
    })
  )

describe("a fault that passes", () => {
  survives("429 without a wait", atFirst(1, PUT, tooMany("0")))
  survives("502 with a page of HTML", atFirst(1, PUT, badGateway))
  survives("an answer cut off after the write", atFirst(1, PUT, { _tag: "Truncated" }))
  survives("a connection reset before the write", atFirst(1, PUT, { _tag: "Reset", when: "before" }))
  survives(
    "a connection reset in the middle of a batch",
    atFirst(1, PUT, { _tag: "Reset", when: "midBatch" })
  )
  survives("a connection reset after the write", atFirst(1, PUT, { _tag: "Reset", when: "after" }))

  it.live("a storm of 429 is waited out", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { store } = yield* open({ url: server.url })
      yield* store.put(put)
      server.faults = atFirst(30, QUERY, tooMany("0"))
      const answers = yield* Effect.all(
        Array.from({ length: 20 }, () => store.search(ask)),
        { concurrency: "unbounded" }
      )
      assert.isTrue(answers.every(({ hits }) => hits.length === 2))
    })
  )

  it.live("a touch sent twice counts once", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { store } = yield* open({ url: server.url })
      yield* store.put(put)
      server.faults = atFirst(1, PUT, { _tag: "Reset", when: "after" })
      const ids = put.rows.map(({ memory }) => memory.id)
      yield* store.touch({ scope: SCOPE, now: NOW, ids })
      const touched = yield* store.get({ scope: SCOPE, now: NOW, ids })
      assert.deepStrictEqual(
        touched.map(({ accessCount }) => accessCount),
        [1, 1]
      )
    })
  )

  it.live("a restatement sent twice keeps createdAt, and its one history", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { store } = yield* open({ url: server.url })
      const first = row("Ana likes tea.", { expiresAt: NOW + 10 })
      yield* store.put({ scope: SCOPE, now: NOW, rows: [first] })
      server.faults = atFirst(1, PUT, { _tag: "Reset", when: "after" })
      const later = NOW + 100
      const again = row("Ana likes tea.", {
        createdAt: later,
        updatedAt: later,
        validity: [{ from: later, to: null }]
      })
      const [result] = yield* store.put({ scope: SCOPE, now: later, rows: [again] })
      assert.strictEqual(result?.outcome, "reopened")
      const { rows } = yield* store.list({ ...list, now: later })
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

  it.live("a supersession that breaks off in the middle loses no row", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { store } = yield* open({ url: server.url, retries: 0 })
      const old = row("Ana lives in Gdańsk.")
      yield* store.put({ scope: SCOPE, now: NOW, rows: [old] })
      server.faults = atFirst(1, PUT, { _tag: "Reset", when: "midBatch" })
      const request = { scope: SCOPE, now: NOW, id: old.memory.id, row: row("Ana lives in Oslo.") }
      const error = yield* failure(store.supersede(request))
      assert.strictEqual(error.reason._tag, "Unavailable")
      const between = yield* store.list(list)
      assert.strictEqual(between.rows.length, 2, "the new row is there, the old one too")
      assert.deepStrictEqual(yield* store.supersede(request), { outcome: "refreshed", closed: true })
      const after = yield* store.list({ ...list, closed: false })
      assert.deepStrictEqual(
        after.rows.map(({ content }) => content),
        ["Ana lives in Oslo."]
      )
    })
  )

  it.live("a server that restarts among 200 writes has every acknowledged one, once", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { store } = yield* open({ url: server.url })
      const rows = Array.from({ length: 200 }, (_, i) => row(`Fact number ${i}.`))
      const writing = yield* Effect.forkChild(
        Effect.all(
          rows.map((one) => Effect.exit(store.put({ scope: SCOPE, now: NOW, rows: [one] }))),
          { concurrency: "unbounded" }
        )
      )
      yield* Effect.promise(async () => {
        while (sent(server, PUT).length < 50) await new Promise((resume) => setImmediate(resume))
      })
      yield* Effect.promise(() => server.restart())
      const exits = yield* Fiber.join(writing)
      const acknowledged = rows.filter((_, i) => {
        const exit = exits[i]
        return exit !== undefined && Exit.isSuccess(exit)
      })
      const kept = yield* store.list(list)
      const ids = kept.rows.map(({ id }) => id)
      assert.strictEqual(new Set(ids).size, ids.length, "none twice")
      assert.isTrue(
        acknowledged.every(({ memory }) => ids.includes(memory.id)),
        "none lost"
      )
      assert.strictEqual(acknowledged.length, rows.length, "and a restart is within the retries")
    })
  )
})

describe("a fault that stays", () => {
  const fails = (name: string, fault: Parameters<typeof atFirst>[2], reason: string, says: RegExp) =>
    it.live(`${name}: ${reason}`, () =>
      Effect.gen(function* () {
        const server = yield* standIn()
        const { store } = yield* open({ url: server.url, retries: 1, attemptTimeoutMs: 200 })
        server.faults = ({ path }) => (path.endsWith(QUERY) ? fault : undefined)
        const error = yield* failure(store.search(ask))
        assert.strictEqual(error.reason._tag, reason)
        assert.match(error.message, says)
        assert.strictEqual(sent(server, QUERY).length, error.isRetryable ? 2 : 1)
        server.faults = () => undefined
        assert.strictEqual((yield* store.search(ask)).n, 0, "the store goes on")
      })
    )

  fails("502 with a page of HTML", badGateway, "Unavailable", /failed at query \(502\)/u)
  fails("an answer cut off", { _tag: "Truncated" }, "Unavailable", /not Qdrant's JSON/u)
  fails(
    "a page of HTML that says it is well",
    { _tag: "Status", status: 200, body: HTML },
    "Unavailable",
    /not Qdrant's JSON/u
  )
  fails("a server that says nothing", { _tag: "Stalled" }, "Timeout", /did not answer query in time/u)
  fails("a connection reset", { _tag: "Reset", when: "before" }, "Unavailable", /cannot be reached/u)
  fails("429", tooMany("0"), "Unavailable", /limits its load \(429\)/u)
  fails("507", { _tag: "Status", status: 507 }, "StorageFull", /no room left/u)
  fails("a collection dropped meanwhile", { _tag: "Status", status: 404 }, "Closed", /Open the store again/u)

  it.live("a wait longer than the deadline is handed on, whole", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { store } = yield* open({ url: server.url, timeoutMs: 5_000 })
      server.faults = ({ path }) => (path.endsWith(QUERY) ? tooMany("120") : undefined)
      const { reason } = yield* failure(store.search(ask))
      assert.strictEqual(reason._tag === "Unavailable" ? reason.retryAfterMs : undefined, 120_000)
      assert.strictEqual(sent(server, QUERY).length, 1)
    })
  )

  it.live("a wait given as a date is understood", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { store } = yield* open({ url: server.url, timeoutMs: 5_000 })
      const date = new Date(Date.now() + 3_600_000).toUTCString()
      server.faults = ({ path }) => (path.endsWith(QUERY) ? tooMany(date) : undefined)
      const { reason } = yield* failure(store.search(ask))
      const after = reason._tag === "Unavailable" ? (reason.retryAfterMs ?? 0) : 0
      assert.isTrue(after > 3_500_000 && after <= 3_600_000, `about an hour, not ${after}`)
    })
  )

  it.live("an interrupted call lets go of its request", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { store } = yield* open({ url: server.url, concurrency: 2 })
      server.faults = ({ path }) => (path.endsWith(QUERY) ? { _tag: "Stalled" } : undefined)
      yield* Effect.timeoutOption(store.search(ask), 100)
      server.faults = () => undefined
      // With two places, a request still held would leave one too few for this pair.
      assert.strictEqual((yield* store.search(ask)).n, 0)
    })
  )
})
