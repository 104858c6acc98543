import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, MemoryStore, promiseClient, StoreFingerprint } from "@keepsake/core"
import { Deadline, withinDeadline } from "@keepsake/core/driver"
import { Effect, Fiber, Layer } from "effect"
import { passTime } from "../support/virtualTime.ts"

const late = () => "late"

/** A store whose search and writes never answer, and cannot be interrupted: a silent connection. */
const silentStore = Layer.provideMerge(
  Layer.effect(
    MemoryStore,
    Effect.map(MemoryStore, (store) => {
      const silent = () => Effect.uninterruptible(Effect.never)
      return { ...store, search: silent, put: silent }
    })
  ),
  InMemoryStore.layer
)

const silent = (deadlineMs: number) =>
  Layer.provideMerge(
    AgentMemory.layer({ purgeEvery: false, deadlineMs }),
    Layer.provideMerge(silentStore, StoreFingerprint.wordsOnly)
  )

describe("withinDeadline", () => {
  it.effect("fails at the deadline, and interrupts", () =>
    Effect.gen(function* () {
      let interrupted = false
      const slow = Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted = true)))
      const fiber = yield* Effect.forkChild(Effect.flip(withinDeadline<never, string>(slow, 100, late)))
      yield* passTime(99)
      assert.isUndefined(fiber.pollUnsafe())
      yield* passTime(1)
      assert.strictEqual(yield* Fiber.join(fiber), "late")
      assert.isTrue(interrupted)
    })
  )

  it.effect("keeps an earlier deadline", () =>
    Effect.gen(function* () {
      const inner = withinDeadline(Deadline, 500, late)
      assert.strictEqual(yield* withinDeadline(inner, 100, late), 100)
      assert.strictEqual(yield* withinDeadline(withinDeadline(Deadline, 50, late), 100, late), 50)
      assert.isNull(yield* Deadline)
    })
  )

  it.effect("passes success, failure and interruption on", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* withinDeadline(Effect.succeed(1), 100, late), 1)
      assert.strictEqual(yield* Effect.flip(withinDeadline(Effect.fail("no"), 100, late)), "no")
      let interrupted = false
      const slow = Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted = true)))
      const fiber = yield* Effect.forkChild(withinDeadline<never, string>(slow, 100, late))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.isTrue(interrupted)
    })
  )
})

describe("a store that does not answer", () => {
  it.effect("costs a call its deadline and no more, and the next call too", () =>
    Effect.gen(function* () {
      const user = yield* (yield* AgentMemory).for({ agentId: "a", userId: "u" })
      for (const call of [
        user.recall("ships"),
        user.remember("Ana likes tea"),
        user.remember({ content: "one of a session", sessionId: "s" }),
        user.remember({ content: "another of it", sessionId: "s" }),
        user.context("ships"),
        user.rememberMany(["one", "two"])
      ]) {
        const fiber = yield* Effect.forkChild(
          Effect.flip(call as Effect.Effect<unknown, { reason: unknown }>)
        )
        yield* passTime(3_000)
        const { isRetryable, reason } = (yield* Fiber.join(fiber)) as {
          readonly isRetryable: boolean
          readonly reason: { readonly _tag: string }
        }
        assert.strictEqual(reason._tag, "Timeout")
        assert.isTrue(isRetryable)
      }
    }).pipe(Effect.provide(silent(3_000)))
  )

  it("costs a call of the Promise twin what that call says", async () => {
    const memory = await promiseClient(silent(60_000))
    const user = memory.for({ userId: "u" })
    const failing = user.recall("ships", {}, { deadlineMs: 50 })
    await failing.then(
      () => assert.fail("answered"),
      (error: unknown) => assert.match(String(error), /recall did not end within 50 ms/u)
    )
    const signal = new AbortController().signal
    await user.remember("tea", { signal, deadlineMs: 50 } as never).then(
      () => assert.fail("answered"),
      (error: unknown) => assert.match(String(error), /remember did not end within 50 ms/u)
    )
  })
})
