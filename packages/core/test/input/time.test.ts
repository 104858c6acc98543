import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, StoreFingerprint } from "@keepsake/core"
import { readTime } from "@keepsake/core/driver"
import { Effect, Layer, Result } from "effect"
import { TestClock } from "effect/testing"

const at = Date.UTC(2026, 0, 31, 12)
const readMessage = (value: unknown): string =>
  Result.getOrElse(Result.flip(readTime(value as never)), String)

describe("readTime", () => {
  it("gives epoch milliseconds for a Date, a number and ISO text with a zone", () => {
    const texts = [
      "2026-01-31T12:00Z",
      "2026-01-31T12:00:00Z",
      "2026-01-31T12:00:00.000Z",
      "2026-01-31T14:00:00+02:00",
      "2026-01-31T06:30:00-05:30"
    ]
    for (const value of [at, new Date(at), ...texts])
      assert.deepStrictEqual(readTime(value), Result.succeed(at))
  })

  it("refuses a date without a time, and says what to write", () => {
    assert.include(readMessage("2026-01-31"), "write 2026-01-31T00:00:00Z")
  })

  it("refuses a time without a zone, and says what to write", () => {
    assert.include(readMessage("2026-01-31T12:00:00"), "write 2026-01-31T12:00:00Z for UTC")
  })

  it("refuses a value that is not a time", () => {
    const odd = ["", "yesterday", "31 Jan 2026", "2026-02-30T12:00:00Z", "2026-01-31T25:00:00Z", "2026-13-01"]
    for (const text of [...odd, "1969-12-31T23:59:59Z"]) {
      assert.match(readMessage(text), /is no time from 1970 to 9999; write ISO text .*2026-01-31T12:00:00Z/u)
    }
    for (const value of [new Date(Number.NaN), -1, 0.5, null, {}, [at]]) {
      assert.match(readMessage(value), /give a Date, epoch milliseconds .*2026-01-31T12:00:00Z/u)
    }
    const pretended = Object.create(Date.prototype) as Date
    assert.match(readMessage(pretended), /give a Date/u)
  })
})

const layer = () =>
  AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(InMemoryStore.layer),
    Layer.provide(StoreFingerprint.wordsOnly)
  )

describe("the verbs", () => {
  it.effect("take every form of a time, and give numbers", () =>
    Effect.gen(function* () {
      const memories = yield* AgentMemory
      const user = yield* memories.for({ agentId: "tutor", userId: "ada" })
      const expiresAt = "2027-01-31T12:00:00Z"
      const { id } = yield* user.remember({
        content: "Lives in Oslo",
        saidAt: new Date(at - 1_000),
        expiresAt
      })
      assert.isNotNull(id)
      const memory = yield* user.get(id)
      assert.strictEqual(memory?.saidAt, at - 1_000)
      assert.strictEqual(memory?.expiresAt, Date.parse(expiresAt))
      yield* user.update(id, { expiresAt: new Date(at + 60_000) })
      assert.strictEqual((yield* user.get(id))?.expiresAt, at + 60_000)
      const exchange = {
        user: "Hello there",
        assistant: "",
        sessionId: "s",
        saidAt: "2026-01-31T13:00:00+01:00"
      }
      const [said] = yield* user.rememberExchange(exchange)
      assert.strictEqual((yield* user.get(said?.id ?? ""))?.saidAt, at)

      const before = yield* user.list({ filter: { saidTo: "2026-01-31T12:00:00Z" } })
      assert.deepStrictEqual(
        before.rows.map((row) => row.id),
        [id]
      )
      assert.lengthOf(yield* user.recall("Oslo", { saidFrom: new Date(at), minScore: 0 }), 0)
      assert.lengthOf(yield* user.recall("Oslo", { asOf: new Date(at - 500), minScore: 0 }), 1)
      assert.lengthOf(yield* user.recall("Oslo", { asOf: "2026-01-31T11:00:00Z", minScore: 0 }), 0)
      assert.strictEqual((yield* user.forget({ saidFrom: new Date(at) }, { dryRun: true })).removed, 1)
    }).pipe(Effect.provide(layer()), (test) => Effect.andThen(TestClock.setTime(at), test))
  )

  it.effect("refuse a date without a time by the name of its field", () =>
    Effect.gen(function* () {
      const memories = yield* AgentMemory
      const user = yield* memories.for({ agentId: "tutor", userId: "ada" })
      const bare = "2026-01-31"
      const calls: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>]> = [
        ["saidAt", user.remember({ content: "x", saidAt: bare })],
        ["expiresAt", user.remember({ content: "x", expiresAt: bare })],
        ["[1].saidAt", user.rememberMany(["x", { content: "y", saidAt: bare }])],
        ["saidAt", user.rememberExchange({ user: "x", assistant: "", sessionId: "s", saidAt: bare })],
        ["expiresAt", user.update("00000000-0000-5000-8000-000000000000", { expiresAt: bare })],
        ["asOf", user.recall("x", { asOf: bare })],
        ["saidFrom", user.recall("x", { saidFrom: bare })],
        ["filter.saidTo", user.list({ filter: { saidTo: bare } })],
        ["target.saidTo", user.forget({ saidTo: bare })]
      ]
      for (const [field, call] of calls) {
        const error = yield* Effect.flip(call)
        assert.propertyVal((error as { readonly reason: object }).reason, "field", field)
        assert.include(String(error), `write ${bare}T00:00:00Z`)
      }
      assert.strictEqual((yield* user.stats()).kept, 0)
    }).pipe(Effect.provide(layer()))
  )
})
