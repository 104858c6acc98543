import { assert, describe, it } from "@effect/vitest"
import { CallQueue, type CallLoad, runWithinCall } from "../../src/runtime/CallQueue.ts"
import { Effect, Exit, Fiber, Latch } from "effect"

const refuse = (load: CallLoad) => Effect.fail(load)
const limit = (wait: Effect.Effect<void>) => wait

/** A queue whose calls end when the latch opens, and the order in which they began. */
const begin = (running: number, waiting: number) => {
  const queue = new CallQueue({ running, waiting })
  const latch = Latch.makeUnsafe()
  const begun: Array<string> = []
  const call = (key: string, name = key, body: Effect.Effect<unknown> = latch.await) =>
    queue.run<unknown, CallLoad>(
      Effect.andThen(
        Effect.sync(() => begun.push(name)),
        body
      ),
      { key: () => key, limit, refuse }
    )
  return { begun, call, latch }
}

describe("CallQueue", () => {
  it.live("serves keys in turn, and a key's calls in order", () =>
    Effect.gen(function* () {
      const { begun, call, latch } = begin(1, 100)
      const names = ["first", "a1", "a2", "a3", "b1", "c1", "b2"]
      const fibers = yield* Effect.forEach(names, (name) => Effect.forkChild(call(name.charAt(0), name)))
      yield* Effect.yieldNow
      assert.deepStrictEqual(begun, ["first"])
      yield* latch.open
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(begun, ["first", "a1", "b1", "c1", "a2", "b2", "a3"])
    })
  )

  it.live("refuses at once what finds no room, and leaves room for other keys", () =>
    Effect.gen(function* () {
      const { begun, call, latch } = begin(2, 8)
      const flood = (key: string) =>
        Effect.forEach(Array.from({ length: 20 }), () => Effect.forkChild(Effect.exit(call(key))))
      const fibers = [...(yield* flood("a")), ...(yield* flood("b")), ...(yield* flood("c"))]
      const quiet = yield* Effect.forkChild(call("quiet"))
      yield* Effect.yieldNow
      const refused = fibers.filter((fiber) => fiber.pollUnsafe() !== undefined)
      assert.strictEqual(begun.length, 2)
      // Of eight places a has four, b two, c one: each half of what was free.
      assert.strictEqual(refused.length, 60 - 2 - 7)
      assert.isUndefined(quiet.pollUnsafe())
      yield* latch.open
      yield* Fiber.join(quiet)
      const exits = yield* Effect.forEach(fibers, Fiber.join)
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 9)
    })
  )

  it.live("says how many wait and when to try again", () =>
    Effect.gen(function* () {
      const { call, latch } = begin(1, 2)
      const fibers = yield* Effect.forEach(["a", "b"], (key) => Effect.forkChild(call(key)))
      yield* Effect.yieldNow
      const waiting = yield* Effect.forkChild(call("c"))
      yield* Effect.yieldNow
      const load = yield* Effect.flip(call("d"))
      assert.isObject(load)
      assert.strictEqual((load as CallLoad).waiting, 2)
      assert.isAtLeast((load as CallLoad).retryAfterMs, 10)
      yield* latch.open
      yield* Effect.forEach([...fibers, waiting], Fiber.join)
    })
  )

  it.live("frees the place of a call that gives up, waiting or running, and of one that fails", () =>
    Effect.gen(function* () {
      const { begun, call, latch } = begin(1, 2)
      const first = yield* Effect.forkChild(call("a"))
      const second = yield* Effect.forkChild(call("b"))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(second)
      const third = yield* Effect.forkChild(call("c"))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(first)
      yield* Effect.yieldNow
      assert.deepStrictEqual(begun, ["a", "c"])
      yield* latch.open
      yield* Fiber.join(third)
      yield* Effect.exit(call("d", "d", Effect.die("broken")))
      yield* call("e", "e", Effect.void)
      assert.deepStrictEqual(begun, ["a", "c", "d", "e"])
    })
  )

  it.live("starts thousands that end at once without deep stacks", () =>
    Effect.gen(function* () {
      const { begun, call, latch } = begin(1, 20_000)
      const first = yield* Effect.forkChild(call("first"))
      const fibers = yield* Effect.forEach(Array.from({ length: 10_000 }), () =>
        Effect.forkChild(call("a", "a", Effect.void))
      )
      yield* latch.open
      yield* Effect.forEach([first, ...fibers], Fiber.join)
      assert.strictEqual(begun.length, 10_001)
    })
  )

  it.live("never lets a call of code wait that another call waits for", () =>
    Effect.gen(function* () {
      const { begun, call } = begin(2, 8)
      const hook = (name: string) =>
        Effect.promise(() =>
          runWithinCall(async () => Effect.runPromise(call("inner", name, Effect.yieldNow)))
        )
      const names = ["one", "two", "three", "four"]
      yield* Effect.forEach(names, (name) => call("outer", name, hook(`inner ${name}`)), {
        concurrency: "unbounded"
      })
      assert.sameMembers(
        begun,
        names.flatMap((name) => [name, `inner ${name}`])
      )
    })
  )
})
