import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  type AgentMemoryOptions,
  InMemoryStore,
  promiseClient,
  StoreFingerprint
} from "@keepsake/core"
import { Layer } from "effect"
import { readReason } from "../support/readReason.ts"

const open = (options: AgentMemoryOptions) =>
  promiseClient(
    AgentMemory.layer({ purgeEvery: false, ...options }).pipe(
      Layer.provideMerge(InMemoryStore.layer),
      Layer.provide(StoreFingerprint.wordsOnly)
    )
  )

describe("limits of a scope", () => {
  it("refuse what does not fit, by every verb that adds something", async () => {
    await using opened = await open({ limits: { memories: 2, bytes: 40 } })
    const memory = opened.for({ userId: "ada" })
    await memory.rememberMany(["one", "two"])
    assert.strictEqual(await readReason(memory.remember("three")), "LimitReached")
    const [first] = (await memory.list()).rows
    const id = first?.id ?? ""
    assert.strictEqual(await readReason(memory.supersede(id, "four")), "LimitReached")
    const metadata = { note: "n".repeat(40) }
    assert.strictEqual(await readReason(memory.update(id, { metadata })), "LimitReached")
    const entry = { sessionId: "s", kind: "notes", number: 0, content: "x".repeat(40) }
    assert.strictEqual(await readReason(memory.appendEntries([entry])), "LimitReached")
    assert.strictEqual((await memory.remember("one")).outcome, "refreshed")
    assert.strictEqual((await memory.stats()).kept, 2)
    assert.strictEqual((await opened.for({ userId: "bo" }).remember("three")).outcome, "created")
  })

  it("let the oldest go where they say so", async () => {
    await using opened = await open({ limits: { memories: 3, whenFull: "dropOldest" } })
    const memory = opened.for({ userId: "ada" })
    await memory.rememberMany([
      { content: "a rule", pinned: true, saidAt: 1 },
      { content: "old", saidAt: 2 },
      { content: "older", saidAt: 1 }
    ])
    await memory.remember({ content: "new", saidAt: 3 })
    const contents = (await memory.list()).rows.map(({ content }) => content).toSorted()
    assert.deepStrictEqual(contents, ["a rule", "new", "old"])
  })

  it("are checked by name", async () => {
    for (const limits of [{ memories: 0 }, { bytes: 1.5 }, { whenFull: "never" }, { rows: 3 }, "many"])
      assert.match(await readReason(open({ limits: limits as never })), /^limits/u)
  })
})
