import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, type Memory, promiseClient, StoreFingerprint } from "@keepsake/core"
import { Layer } from "effect"
import { setImmediate } from "node:timers/promises"

const open = () =>
  promiseClient(
    AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provideMerge(InMemoryStore.layer),
      Layer.provide(StoreFingerprint.wordsOnly)
    )
  )

/** Turns of the event loop until `body` is done. */
const turnsDuring = async (body: Promise<unknown>): Promise<number> => {
  let turns = 0
  let running = true
  void body.finally(() => (running = false))
  while (running) {
    await setImmediate()
    turns += 1
  }
  return turns
}

describe("turns of the event loop", () => {
  it("go round while a burst of calls is served", async () => {
    await using client = await open()
    const memory = client.for({ userId: "ana" })
    const statements = Array.from(
      { length: 2_000 },
      (_, i) => `Ana likes the number ${i} and all its friends`
    )
    const turns = await turnsDuring(Promise.all(statements.map((statement) => memory.remember(statement))))
    assert.isAbove(turns, 3)
    assert.strictEqual((await memory.stats()).total, statements.length)
  })

  it("go round while one call writes thousands", async () => {
    await using client = await open()
    const memory = client.for({ userId: "ana" })
    const statements = Array.from({ length: 2_560 }, (_, i) => `Ana likes the number ${i}`)
    assert.isAtLeast(await turnsDuring(memory.rememberMany(statements)), 19)
    const exported: Array<Memory> = []
    for await (const one of memory.export()) exported.push(one)
    assert.isAtLeast(await turnsDuring(client.for({ userId: "ben" }).import(exported)), 20)
  })

  it("go round while one call follows another without ever leaving the process", async () => {
    await using client = await open()
    const memory = client.for({ userId: "ana" })
    await memory.rememberMany(Array.from({ length: 100 }, (_, i) => `Ana likes the number ${i}`))
    const recalls = async () => {
      for (let i = 0; i < 300; i++) await memory.recall("which number does Ana like")
    }
    assert.isAbove(await turnsDuring(recalls()), 3)
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
