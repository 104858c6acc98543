import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, type Memory, promiseClient, StoreFingerprint } from "@keepsake/core"
import { Effect, Exit, Layer } from "effect"
import { setImmediate } from "node:timers/promises"
import {
  admit,
  breathe,
  mapInSlices,
  nextSlice,
  SLICE_MS,
  workWhenFresh,
  yieldToEventLoop
} from "../../src/runtime/timeSlice.ts"

const open = () =>
  promiseClient(
    AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provideMerge(InMemoryStore.layer),
      Layer.provide(StoreFingerprint.wordsOnly)
    )
  )

/** Iterations of the event loop until `body` is done. */
const countIterations = async (body: Promise<unknown>): Promise<number> => {
  let iterations = 0
  let running = true
  void body.finally(() => (running = false))
  while (running) {
    await setImmediate()
    iterations += 1
  }
  return iterations
}

describe("event-loop slices", () => {
  it("end while a burst of calls is served", async () => {
    await using client = await open()
    const memory = client.for({ userId: "ana" })
    const statements = Array.from(
      { length: 2_000 },
      (_, i) => `Ana likes the number ${i} and all its friends`
    )
    const iterations = await countIterations(
      Promise.all(statements.map((statement) => memory.remember(statement)))
    )
    assert.isAbove(iterations, 3)
    assert.strictEqual((await memory.stats()).total, statements.length)
  })

  it("end while one call writes thousands", async () => {
    await using client = await open()
    const memory = client.for({ userId: "ana" })
    const statements = Array.from({ length: 2_560 }, (_, i) => `Ana likes the number ${i}`)
    assert.isAtLeast(await countIterations(memory.rememberMany(statements)), 19)
    const exported: Array<Memory> = []
    for await (const one of memory.export()) exported.push(one)
    assert.isAtLeast(await countIterations(client.for({ userId: "ben" }).import(exported)), 20)
  })

  it("end while one call follows another and none leaves the process", async () => {
    await using client = await open()
    const memory = client.for({ userId: "ana" })
    await memory.rememberMany(Array.from({ length: 100 }, (_, i) => `Ana likes the number ${i}`))
    const recalls = async () => {
      for (let i = 0; i < 300; i++) await memory.recall("which number does Ana like")
    }
    assert.isAbove(await countIterations(recalls()), 3)
  })

  it("go on with what is under way before what waits to begin", async () => {
    const order: Array<string> = []
    const run = (name: string, gate: Effect.Effect<void>) =>
      Effect.runPromise(
        Effect.andThen(
          gate,
          Effect.sync(() => order.push(name))
        )
      )
    await Effect.runPromise(admit)
    const end = performance.now() + SLICE_MS
    while (performance.now() < end);
    workWhenFresh(() => order.push("work"))
    await Promise.all([run("begins", admit), run("goes on", breathe)])
    assert.deepStrictEqual(order, ["work", "goes on", "begins"])
    await setImmediate()
    workWhenFresh(() => order.push("at once"))
    assert.strictEqual(order.at(-1), "at once")
  })

  it("end for a call that gives way", async () => {
    const gone = { isOn: false }
    await Effect.runPromise(admit)
    const call = Effect.runPromise(
      Effect.andThen(
        nextSlice,
        Effect.sync(() => (gone.isOn = true))
      )
    )
    // Every microtask of this run of the loop.
    await new Promise((resolve) => process.nextTick(resolve))
    assert.isFalse(gone.isOn)
    await call
    assert.isTrue(gone.isOn)
  })

  it("end while a list is mapped", async () => {
    const work = (item: number): number => {
      const end = performance.now() + 1
      while (performance.now() < end);
      return item * 2
    }
    const items = Array.from({ length: 64 }, (_, i) => i)
    const mapped = Effect.runPromise(mapInSlices(items, work))
    assert.isAbove(await countIterations(mapped), 2)
    assert.deepStrictEqual(
      await mapped,
      items.map((item) => item * 2)
    )
  })

  it("serve calls in the order in which they came", async () => {
    await using client = await open()
    const memory = client.for({ userId: "ana" })
    const order: Array<number> = []
    await Promise.all(
      Array.from({ length: 500 }, async (_, i) => {
        await memory.get(`00000000-0000-4000-8000-${String(i).padStart(12, "0")}`)
        order.push(i)
      })
    )
    assert.deepStrictEqual(
      order,
      Array.from({ length: 500 }, (_, i) => i)
    )
  })

  it("let a waiting call be aborted, and the others go on", async () => {
    await using client = await open()
    const memory = client.for({ userId: "ana" })
    const controller = new AbortController()
    const calls = Array.from({ length: 2_000 }, (_, i) =>
      memory.remember(
        `Ana likes the number ${i} and all its friends`,
        {},
        i === 1_999 ? { signal: controller.signal } : {}
      )
    )
    controller.abort(new Error("enough"))
    const outcomes = await Promise.allSettled(calls)
    assert.strictEqual(outcomes.at(-1)?.status, "rejected")
    assert.strictEqual(outcomes.filter(({ status }) => status === "fulfilled").length, 1_999)
  })
})

describe("yieldToEventLoop", () => {
  it("continues after what the event loop has to do already", async () => {
    const order: Array<string> = []
    const before = setImmediate().then(() => order.push("before"))
    await Effect.runPromise(Effect.tap(yieldToEventLoop, () => Effect.sync(() => order.push("after"))))
    await before
    assert.deepStrictEqual(order, ["before", "after"])
  })

  it("can be interrupted", async () => {
    const controller = new AbortController()
    const waiting = Effect.runPromiseExit(Effect.andThen(yieldToEventLoop, Effect.die("it went on")), {
      signal: controller.signal
    })
    controller.abort()
    assert.isTrue(Exit.hasInterrupts(await waiting))
  })
})
