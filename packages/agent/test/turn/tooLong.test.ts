import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { defineTool } from "../../src/index.ts"
import { messagesServer } from "../../src/testing/index.ts"
import { createAgent, openMemory, readUserText, serve } from "../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"
const CONTEXT_TOKENS = 20_000

describe("a prompt that is too long", () => {
  it("drops the oldest exchanges and is sent again: a Chinese session goes on", async () => {
    await using server = await messagesServer(() => "好的，我记住了。", { contextTokens: CONTEXT_TOKENS })
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL,
      historyTokens: 1_000_000
    }).session({ userId: "ana" })
    for (let i = 0; i < 20; i++) {
      const { degraded, text } = await session.send(`第${i}次。${"货物今天到达港口。".repeat(334)}`)
      expect([text, degraded]).toEqual(["好的，我记住了。", []])
    }
    expect(server.refusals.length).toBeGreaterThan(0)
    // After the first refusal the limit is known.
    expect(server.refusals.length).toBeLessThan(4)
    expect(session.export().complete).toBe(false)
  })

  it("is kept within the budget of the history in any script", async () => {
    const server = await serve(() => "好。")
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL,
      historyTokens: 10_000
    }).session({ userId: "ana" })
    for (let i = 0; i < 10; i++) await session.send(`第${i}次。${"货物今天到达港口。".repeat(334)}`)
    const largest = Math.max(
      ...server.requests.map(
        ({ usage }) => usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens
      )
    )
    // The history, the message itself and the memory block.
    expect(largest).toBeLessThan(10_000 + 3_100 + 1_500)
  })

  it("follows the count of the API where the estimate is wrong", async () => {
    const server = await serve((request) => ({
      text: "OK.",
      // A tokenizer that counts three times as many.
      usage: {
        input_tokens: 3 * request.usage.input_tokens,
        cache_read_input_tokens: 3 * request.usage.cache_read_input_tokens,
        cache_creation_input_tokens: 3 * request.usage.cache_creation_input_tokens
      }
    }))
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL,
      historyTokens: 6_000
    }).session({ userId: "ana" })
    for (let i = 0; i < 12; i++) await session.send(`${i} ${"the load of the day ".repeat(100)}`)
    // The history, the message itself and the memory block.
    expect(
      Math.max(...server.requests.map(({ body }) => JSON.stringify(body.messages).length / 4))
    ).toBeLessThan(6_000 / 3 + 500 + 900)
  })

  it("shortens the results of its own tools when no exchange is left", async () => {
    const read = defineTool({
      name: "read",
      description: "Reads.",
      input: Schema.Struct({}),
      execute: () => "word ".repeat(20_000)
    })
    await using server = await messagesServer(
      ({ body }) =>
        JSON.stringify(body.messages.at(-1)).includes("tool_result")
          ? "Read."
          : { tools: [{ name: "read", input: {} }] },
      { contextTokens: CONTEXT_TOKENS }
    )
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL,
      tools: [read]
    }).session({ userId: "ana" })
    expect((await session.send("Read it")).text).toBe("Read.")
    expect(JSON.stringify(server.requests.at(-1)?.body.messages)).toContain("Cut here")
    expect((await session.send("Once more")).text).toBe("Read.")
  })

  it("rejects a message that is too long alone, and answers the next", async () => {
    await using server = await messagesServer((request) => `Heard ${readUserText(request).length}`, {
      contextTokens: CONTEXT_TOKENS
    })
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL
    }).session({ userId: "ana" })
    await session.send("Hello")
    await expect(session.send("x".repeat(100_000))).rejects.toMatchObject({
      isRetryable: false,
      reason: { _tag: "Rejected" }
    })
    expect((await session.send("Are you there?")).text).toContain("Heard")
  })
})
