/** Servers and pools that do not answer: every call ends, and so does closing. */
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { ANY, withinDeadline } from "@keepsake/core/driver"
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Pool } from "pg"
import { PgVectorStore } from "../../src/index.ts"
import {
  DIMENSIONS,
  expectFailure,
  NO_SERVER,
  open,
  requireServerUrl,
  serverSchema,
  serverUrl
} from "../support/servers.ts"
import { silentProxy } from "../support/silentProxy.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)
const put = (content: string) => ({ scope, now: T0, rows: [row(content)] })
const COUNT = { scope, now: T0, filter: ANY }

/** The store's own limit, with some room for a busy machine. */
const STATEMENT_MS = 200
const ENDED_MS = 8_000

const onServer = serverUrl === undefined ? describe.skip : describe

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const start = performance.now()
    return Effect.map(effect, (value) => ({ value, ms: performance.now() - start }))
  })

afterEach(() => {
  vi.restoreAllMocks()
})

onServer(`a server that falls silent${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  it.live("costs a statement its limit, and neither the next one nor closing", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const proxy = yield* silentProxy(Redacted.value(requireServerUrl()))
        const schema = yield* serverSchema
        const layer = PgVectorStore.layer({
          url: Redacted.make(proxy.url),
          schema,
          poolSize: 1,
          statementTimeoutMs: STATEMENT_MS
        })
        const closing = yield* Effect.scoped(
          Effect.gen(function* () {
            const { store } = yield* open(layer)
            yield* store.put(put("Before."))
            proxy.silenceAll()
            for (const call of [Effect.asVoid(store.count(COUNT)), Effect.asVoid(store.put(put("Lost.")))]) {
              const { ms, value } = yield* timed(expectFailure(call))
              assert.strictEqual(value.reason._tag, "Timeout")
              assert.isBelow(ms, ENDED_MS)
              // A new connection is served, and silenced in turn.
              assert.isAtLeast(yield* store.count(COUNT), 1)
              proxy.silenceAll()
            }
            return performance.now()
          })
        )
        assert.isBelow(performance.now() - closing, ENDED_MS)
      })
    )
  )

  it.live("is noticed before the first write after a pause, which then takes another connection", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const proxy = yield* silentProxy(Redacted.value(requireServerUrl()))
        const schema = yield* serverSchema
        const { store } = yield* open(
          PgVectorStore.layer({ url: Redacted.make(proxy.url), schema, poolSize: 1 })
        )
        yield* store.put(put("Before."))
        proxy.silenceAll()
        const thawed = Date.now() + 3_600_000
        vi.spyOn(Date, "now").mockImplementation(() => thawed)
        const connections = proxy.connections()
        const { ms, value } = yield* timed(store.put(put("After.")))
        assert.strictEqual(value[0]?.outcome, "created")
        assert.isBelow(ms, ENDED_MS)
        assert.strictEqual(proxy.connections(), connections + 1)
      })
    )
  )

  it.live("costs a call its deadline, where the pool is the application's", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const pool = new Pool({ connectionString: Redacted.value(requireServerUrl()), max: 1 })
        const { store } = yield* open(PgVectorStore.layer({ pool, schema }))
        yield* store.put(put("Before."))
        const taken = yield* Effect.promise(() => pool.connect())
        const within = <A>(call: Effect.Effect<A, unknown>) =>
          withinDeadline(call, 300, () => "deadline" as const)
        const late = yield* expectFailure(within(store.count(COUNT)))
        assert.strictEqual(late, "deadline")
        const write = yield* expectFailure(within(store.put(put("Late."))))
        assert.strictEqual(write, "deadline")
        // Longer than the store waits by itself.
        yield* Effect.sleep(3_000)
        taken.release()
        // No call that has ended takes the session, and none wrote.
        assert.strictEqual(yield* store.count(COUNT), 1)
        assert.strictEqual(pool.waitingCount, 0)
        yield* Effect.promise(() => pool.end())
      })
    )
  )
})
