import { assert, describe, it } from "@effect/vitest"
import { ANY, MemoryError, Timeout, withinDeadline } from "@keepsake/core/driver"
import { Effect } from "effect"
import type { Fault } from "../server/faults.ts"
import { flipError, openStore } from "../support/openStore.ts"
import { axis, NOW, SCOPE } from "../support/rows.ts"
import { requestsTo, startStandIn } from "../support/standIn.ts"
import { badGateway, HTML, rateLimited } from "../support/responses.ts"

const QUERY = "/points/query/batch"
const SEARCH_REQUEST = { scope: SCOPE, now: NOW, parts: [{ vector: axis(0) }], filter: ANY, limit: 10 }

describe("a search that keeps failing", () => {
  const fails = (name: string, fault: Fault, reason: string, message: RegExp) =>
    it.live(`${name}: ${reason}`, () =>
      Effect.gen(function* () {
        const server = yield* startStandIn()
        const { store } = yield* openStore({ url: server.url, retries: 1, attemptTimeoutMs: 200 })
        server.faults = ({ path }) => (path.endsWith(QUERY) ? fault : undefined)
        const error = yield* flipError(store.search(SEARCH_REQUEST))
        assert.strictEqual(error.reason._tag, reason)
        assert.match(error.message, message)
        assert.strictEqual(requestsTo(server, QUERY).length, error.isRetryable ? 2 : 1)
        server.faults = () => undefined
        assert.strictEqual((yield* store.search(SEARCH_REQUEST)).n, 0, "the store still works")
      })
    )

  fails("502 with an HTML page", badGateway, "Unavailable", /failed at query \(502\)/u)
  fails("a truncated response", { _tag: "Truncated" }, "Unavailable", /not Qdrant's JSON/u)
  fails(
    "an HTML page with status 200",
    { _tag: "Status", status: 200, body: HTML },
    "Unavailable",
    /not Qdrant's JSON/u
  )
  fails("a server that does not answer", { _tag: "Stalled" }, "Timeout", /did not answer query in time/u)
  fails("a connection reset", { _tag: "Reset", when: "before" }, "Unavailable", /cannot be reached/u)
  fails("429", rateLimited("0"), "Unavailable", /limits its load \(429\)/u)
  fails("507", { _tag: "Status", status: 507 }, "StorageFull", /no room left/u)
  fails("a collection that was dropped", { _tag: "Status", status: 404 }, "Closed", /Open the store again/u)
})

const timeout = new MemoryError({ reason: new Timeout({ message: "The call's deadline has passed." }) })

describe("Retry-After", () => {
  it.live("beyond the deadline is returned to the caller", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const { store } = yield* openStore({ url: server.url, timeoutMs: 5_000 })
      server.faults = ({ path }) => (path.endsWith(QUERY) ? rateLimited("120") : undefined)
      const { reason } = yield* flipError(store.search(SEARCH_REQUEST))
      assert.strictEqual(reason._tag === "Unavailable" ? reason.retryAfterMs : undefined, 120_000)
      assert.strictEqual(requestsTo(server, QUERY).length, 1)
    })
  )

  it.live("beyond the caller's own deadline too", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const { store } = yield* openStore({ url: server.url })
      server.faults = ({ path }) => (path.endsWith(QUERY) ? rateLimited("3") : undefined)
      const call = withinDeadline(store.search(SEARCH_REQUEST), 2_000, () => timeout)
      const { reason } = yield* flipError(call)
      assert.strictEqual(reason._tag === "Unavailable" ? reason.retryAfterMs : undefined, 3_000)
    })
  )

  it.live("may be a date", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const { store } = yield* openStore({ url: server.url, timeoutMs: 5_000 })
      const date = new Date(Date.now() + 3_600_000).toUTCString()
      server.faults = ({ path }) => (path.endsWith(QUERY) ? rateLimited(date) : undefined)
      const { reason } = yield* flipError(store.search(SEARCH_REQUEST))
      const waitMs = reason._tag === "Unavailable" ? (reason.retryAfterMs ?? 0) : 0
      assert.isTrue(waitMs > 3_500_000 && waitMs <= 3_600_000, `about an hour, not ${waitMs}`)
    })
  )
})

describe("an interrupted call", () => {
  it.live("releases its request", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const { store } = yield* openStore({ url: server.url, concurrency: 1 })
      server.faults = ({ path }) => (path.endsWith(QUERY) ? { _tag: "Stalled" } : undefined)
      yield* Effect.timeoutOption(store.search(SEARCH_REQUEST), 100)
      server.faults = () => undefined
      // A permit that was not released would block this search.
      assert.strictEqual((yield* store.search(SEARCH_REQUEST)).n, 0)
    })
  )
})
