import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, promiseClient, StoreFingerprint } from "@keepsake/core"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

const layer = () =>
  AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(InMemoryStore.layer),
    Layer.provide(StoreFingerprint.wordsOnly)
  )
const ada = Effect.flatMap(AgentMemory, (memories) => memories.for({ agentId: "tutor", userId: "ada" }))

describe("nextTurn", () => {
  it.effect("is 0 in a new session, then one more than the greatest stored turn", () =>
    Effect.gen(function* () {
      const user = yield* ada
      assert.strictEqual(yield* user.nextTurn("s"), 0)
      yield* user.remember({ content: "Third", sessionId: "s", turn: 2 })
      yield* user.remember({ content: "First", sessionId: "s", turn: 0 })
      assert.strictEqual(yield* user.nextTurn("s"), 3)
      assert.strictEqual(yield* user.nextTurn("other"), 0)
      const next = yield* user.remember({ content: "Next", sessionId: "s" })
      assert.isNotNull(next.id)
      assert.strictEqual((yield* user.get(next.id))?.turn, 3)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("counts expired turns, so that no turn is given twice", () =>
    Effect.gen(function* () {
      const user = yield* ada
      yield* user.remember({ content: "Soon gone", sessionId: "s", turn: 7, expiresAt: 1_000 })
      yield* TestClock.adjust(1_000)
      assert.strictEqual((yield* user.list()).rows.length, 0)
      assert.strictEqual(yield* user.nextTurn("s"), 8)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("is the scope's own", () =>
    Effect.gen(function* () {
      yield* (yield* ada).remember({ content: "Mine", sessionId: "s", turn: 4 })
      const other = yield* (yield* AgentMemory).for({ agentId: "tutor", userId: "bob" })
      assert.strictEqual(yield* other.nextTurn("s"), 0)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses what is no session's name", () =>
    Effect.gen(function* () {
      const user = yield* ada
      for (const sessionId of ["", "x".repeat(257), "nul \u0000", null, undefined, 7, {}]) {
        const { reason } = yield* Effect.flip(user.nextTurn(sessionId as string))
        assert.deepInclude(reason, { _tag: "InvalidInput", field: "sessionId" })
      }
    }).pipe(Effect.provide(layer()))
  )

  it("has a Promise twin, which takes a signal", async () => {
    await using client = await promiseClient(layer())
    const user = client.for({ userId: "ada" })
    await user.rememberExchange({ user: "Hello", assistant: "Hi", sessionId: "s" })
    assert.strictEqual(await user.nextTurn("s"), 2)
    const reason = new Error("enough")
    const aborted = await user
      .nextTurn("s", { signal: AbortSignal.abort(reason) })
      .catch((error: unknown) => error)
    assert.strictEqual(aborted, reason)
  })
})
