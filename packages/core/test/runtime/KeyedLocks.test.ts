import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { KeyedLocks } from "../../src/runtime/KeyedLocks.ts"

/** Most bodies under way at once, in all and per key. */
const meter = () => {
  const running = new Map<string, number>()
  const most = { all: 0, key: 0 }
  const body = (key: string) =>
    Effect.gen(function* () {
      running.set(key, (running.get(key) ?? 0) + 1)
      const counts = Array.from(running.values())
      most.all = Math.max(
        most.all,
        counts.reduce((sum, count) => sum + count)
      )
      most.key = Math.max(most.key, ...counts)
      for (let i = 0; i < 3; i++) yield* Effect.yieldNow
      running.set(key, (running.get(key) ?? 0) - 1)
    })
  return { body, most }
}

const keys = Array.from({ length: 200 }, (_, i) => `key ${i % 20}`)

describe("KeyedLocks", () => {
  it.effect("has one holder a key, and as many keys as come", () =>
    Effect.gen(function* () {
      const locks = new KeyedLocks()
      const { body, most } = meter()
      yield* Effect.forEach(keys, (key) => locks.withLock(key, body(key)), { concurrency: "unbounded" })
      assert.deepStrictEqual(most, { all: 20, key: 1 })
      assert.strictEqual(locks.size, 0)
    })
  )

  it.effect("bounds the holders of all keys together", () =>
    Effect.gen(function* () {
      const locks = new KeyedLocks({ permits: 3 })
      const { body, most } = meter()
      yield* Effect.forEach(keys, (key) => locks.withLock(key, body(key)), { concurrency: "unbounded" })
      assert.deepStrictEqual(most, { all: 3, key: 1 })
      assert.strictEqual(locks.size, 0)
    })
  )

  it.effect("takes no permit while it waits for its key", () =>
    Effect.gen(function* () {
      const locks = new KeyedLocks({ permits: 2 })
      const holder = yield* Effect.forkChild(locks.withLock("busy", Effect.never))
      const waiters = yield* Effect.forEach([1, 2, 3], () =>
        Effect.forkChild(locks.withLock("busy", Effect.void))
      )
      yield* Effect.yieldNow
      yield* locks.withLock("free", Effect.void)
      yield* Fiber.interrupt(holder)
      yield* Effect.forEach(waiters, Fiber.join)
      assert.strictEqual(locks.size, 0)
    })
  )

  it.effect("takes one permit for several keys", () =>
    Effect.gen(function* () {
      const locks = new KeyedLocks({ permits: 1 })
      assert.strictEqual(yield* locks.withLocks(["b", "a", "b"], Effect.succeed("done")), "done")
      assert.strictEqual(locks.size, 0)
    })
  )
})
