import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { defineTool, type SessionExport } from "../../src/index.ts"
import {
  joinMessages,
  findHistoryProblem,
  type HistoryEntry,
  cleanExchange
} from "../../src/conversation/history.ts"
import { countToTrim, estimateJson } from "../../src/conversation/tokens.ts"
import { createAgent, openMemory, readUserText, serve } from "../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"

const exchange = (n: number, size: number): HistoryEntry => [
  { role: "user", content: [{ type: "text", text: `question ${n}` }] },
  { role: "assistant", content: [{ type: "tool_use", id: `t${n}`, name: "one", input: {} }] },
  { role: "user", content: [{ type: "tool_result", tool_use_id: `t${n}`, content: "x".repeat(size) }] },
  { role: "assistant", content: [{ type: "text", text: `answer ${n}` }] }
]

describe("history", () => {
  it("trims whole exchanges, the oldest first, and leaves room so that the prefix changes rarely", () => {
    const entries = Array.from({ length: 10 }, (_, n) => exchange(n, 400))
    const sizes = entries.map(estimateJson)
    const [size = 0] = sizes
    expect(countToTrim(sizes, size * 10)).toBe(0)
    const count = countToTrim(sizes, size * 8)
    expect(10 - count).toBeLessThan(8)
    expect(10 - count).toBeGreaterThan(3)
    expect(findHistoryProblem(entries.slice(count))).toBeUndefined()
  })

  it("drops calls without results, and joins messages of the same role", () => {
    const cut: HistoryEntry = [
      { role: "user", content: "go" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature: "s" },
          { type: "tool_use", id: "t", name: "one", input: {} }
        ]
      }
    ]
    expect(cleanExchange(cut)).toEqual([{ role: "user", content: [{ type: "text", text: "go" }] }])
    expect(joinMessages([cleanExchange(cut), [{ role: "user", content: "again" }]])).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "go" },
          { type: "text", text: "again" }
        ]
      }
    ])
  })

  it("keeps tool pairs together over a long conversation within the budget", async () => {
    const server = await serve(({ body }) =>
      JSON.stringify(body.messages.at(-1)).includes("tool_result")
        ? "Looked."
        : { tools: [{ name: "look", input: {} }] }
    )
    const look = defineTool({
      name: "look",
      description: "Looks.",
      input: Schema.Struct({}),
      execute: () => "y".repeat(800)
    })
    const agent = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL,
      tools: [look],
      historyTokens: 1_500
    })
    const session = agent.session({ userId: "ana" })
    // The local server refuses unpaired calls, as the API does.
    for (let i = 0; i < 20; i++) expect((await session.send(`Look ${i}`)).text).toBe("Looked.")
    const sizes = server.requests.map(({ body }) => estimateJson(body.messages))
    expect(Math.max(...sizes)).toBeLessThan(1_500 + 600)
    expect(session.export().complete).toBe(false)
  })

  it("recalls exchanges that were trimmed from the history", async () => {
    const server = await serve((request) => `${readUserText(request)} `.repeat(20))
    const memory = await openMemory()
    const session = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      historyTokens: 300
    }).session({ userId: "ana" })
    await session.send("The gate code of the warehouse in Rotterdam is 4711.")
    const early = await session.send("What is the gate code of the warehouse in Rotterdam?")
    expect(early.recalled.items.map(({ memory: { content } }) => content)).not.toContain(
      "The gate code of the warehouse in Rotterdam is 4711."
    )
    for (let i = 0; i < 6; i++)
      await session.send(`Something else entirely, number ${i}, to fill the history up.`)
    const late = await session.send("What is the gate code of the warehouse in Rotterdam?")
    expect(late.recalled.items.map(({ memory: { content } }) => content)).toContain(
      "The gate code of the warehouse in Rotterdam is 4711."
    )
  })

  it("continues from an export in another process, with the same turns and history", async () => {
    const server = await serve((request) => `Heard ${readUserText(request)}`)
    const memory = await openMemory()
    const options = { memory, client: server.client(), model: MODEL }
    const session = createAgent(options).session({ userId: "ana" })
    await session.send("one")
    const saved = JSON.parse(JSON.stringify(session.export())) as SessionExport
    const resumed = createAgent(options).session({ userId: "ana", resume: saved })
    expect(resumed.sessionId).toBe(session.sessionId)
    await resumed.send("two")
    expect(server.requests[1]?.body.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"])
    const { rows } = await memory.for({ userId: "ana" }).list({ filter: { sessionId: session.sessionId } })
    expect(rows.map(({ turn }) => turn ?? -1).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
  })

  it.each([
    ["of another user", { userId: "bob" }],
    ["of another agent", { agentId: "other" }],
    ["of another version", { version: 2 }],
    [
      "with a call without its result",
      {
        exchanges: [
          [
            { role: "user", content: "a" },
            { role: "assistant", content: [{ type: "tool_use", id: "t", name: "n", input: {} }] }
          ]
        ]
      }
    ],
    [
      "with a result without its call",
      {
        exchanges: [
          [
            { role: "user", content: "a" },
            { role: "assistant", content: "b" },
            { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "c" }] }
          ]
        ]
      }
    ],
    [
      "with empty content",
      {
        exchanges: [
          [
            { role: "user", content: "a" },
            { role: "assistant", content: [] }
          ]
        ]
      }
    ],
    ["with a blank text", { exchanges: [[{ role: "user", content: " " }]] }],
    ["that begins with the model", { exchanges: [[{ role: "assistant", content: "a" }]] }],
    ["with malformed messages", { exchanges: [[{ role: "user" }]] }],
    ["with a negative turn", { nextTurn: -1 }],
    ["with an unknown field", { turns: 2 }],
    ["without an id", { sessionId: "" }]
  ])("refuses an export %s", async (_, change) => {
    const agent = createAgent({ memory: await openMemory(), model: MODEL })
    const resume = { ...agent.session({ userId: "ana" }).export(), ...change } as SessionExport
    expect(() => agent.session({ userId: "ana", resume })).toThrow(
      expect.objectContaining({
        reason: expect.objectContaining({ _tag: "InvalidInput" }) as object
      }) as Error
    )
  })
})
