import { describe, expect, it } from "vitest"
import { memoryTools } from "../../src/index.ts"
import { createAgent, listAll, openMemory, serve } from "../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"

const openTools = async () => {
  const user = (await openMemory()).for({ userId: "ana" })
  const call = async (name: string, input: object): Promise<string> =>
    (await memoryTools(user)
      .find((tool) => tool.name === name)
      ?.execute(input)) ?? ""
  return { user, call }
}

describe("whose words a tool keeps", () => {
  it("is said by the model, and the place comes from the session", async () => {
    const server = await serve([
      {
        tools: [
          { name: "remember", input: { content: "We move to Lisbon on 3 May.", saidBy: "user" } },
          { name: "remember", input: { content: "Ana seems to be in a hurry.", saidBy: "assistant" } }
        ]
      },
      "Noted."
    ])
    const memory = await openMemory()
    const session = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      memoryTools: true,
      writing: "none"
    }).session({ userId: "ana", sessionId: "s" })
    await session.send("We move to Lisbon on 3 May")
    const rows = await listAll(memory.for({ userId: "ana" }))
    expect(rows.map(({ source }) => source).toSorted()).toEqual(["assistant", "user"])
    expect(rows).toMatchObject([
      { sessionId: "s", turn: 0, type: "semantic" },
      { sessionId: "s", turn: 0, type: "semantic" }
    ])
  })

  it("stays in an update, with everything else that it does not change", async () => {
    const { call, user } = await openTools()
    const { id } = await user.remember({
      content: "The launch is in March.",
      type: "semantic",
      pinned: true,
      importance: 0.9,
      metadata: { project: "freight" }
    })
    expect(await call("update", { id, content: "The launch is in April." })).toMatch(/^Updated/u)
    const [current] = (await user.list()).rows
    expect(current).toMatchObject({
      content: "The launch is in April.",
      source: "user",
      pinned: true,
      importance: 0.9,
      metadata: { project: "freight" }
    })
    await call("update", { id: current?.id, content: "The launch may be in May.", saidBy: "assistant" })
    expect((await user.list()).rows).toMatchObject([{ source: "assistant", pinned: true }])
  })

  it("takes memory_type, and null for an optional field", async () => {
    const { call, user } = await openTools()
    await call("remember", { content: "Ships on Fridays.", memory_type: "procedural", importance: null })
    expect(await listAll(user)).toMatchObject([{ type: "procedural", importance: 0.5 }])
    expect(await call("recall", { query: "Fridays", memory_type: null, limit: null, where: null })).toContain(
      "Ships on Fridays."
    )
    await expect(call("remember", { content: null })).rejects.toThrow(/content/u)
  })
})

describe("the recall tool", () => {
  it("is bounded by tokens: long memories are cut, and read on by their id", async () => {
    const { call, user } = await openTools()
    const text = (i: number) =>
      `Ledger ${i}: ${`entry of the freight ledger ${i}. `.repeat(3_000)}end of ${i}`
    await user.rememberMany(Array.from({ length: 20 }, (_, i) => text(i)))
    const answer = await call("recall", { query: "freight ledger entry", limit: 20 })
    expect(answer.length).toBeLessThan(4_000 * 4 * 1.5)
    const [first] = answer.split("\n").map((line) => JSON.parse(line) as { id: string; readOnFrom: number })
    expect(first).toMatchObject({ cut: true, characters: expect.any(Number) as number })
    let read = ""
    for (let from: number | undefined = 0, i = 0; from !== undefined && i < 20; i++) {
      const part: { content: string; readOnFrom?: number } = JSON.parse(
        await call("recall", { id: first?.id, from })
      ) as never
      read += part.content
      from = part.readOnFrom
    }
    expect(read).toBe((await user.get(first?.id ?? ""))?.content)
  })

  it("is bounded in any script", async () => {
    const { call, user } = await openTools()
    await user.rememberMany(
      Array.from({ length: 20 }, (_, i) => `第${i}条。${"货物今天到达港口。".repeat(2_000)}`)
    )
    expect((await call("recall", { query: "货物港口", limit: 20 })).length).toBeLessThan(8_000)
  })

  it("says what is missing", async () => {
    const { call } = await openTools()
    await expect(call("recall", {})).rejects.toThrow(/give query or id/u)
    expect(await call("recall", { id: "5c2b5b2e-0000-5000-8000-000000000000" })).toMatch(/no such memory/u)
  })
})
