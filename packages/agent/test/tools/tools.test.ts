import Anthropic from "@anthropic-ai/sdk"
import { betaTool } from "@anthropic-ai/sdk/helpers/beta/json-schema"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { type AgentTool, defineTool, memoryTools } from "../../src/index.ts"
import { createAgent, listAll, openMemory, serve } from "../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"

const echo = (name: string): AgentTool =>
  defineTool({
    name,
    description: `Echoes as ${name}.`,
    input: Schema.Struct({ text: Schema.String }),
    execute: ({ text }) => `${name}: ${text}`
  })

const readToolResults = (body: Anthropic.Beta.Messages.MessageCreateParams | undefined) => {
  const content = body?.messages.at(-1)?.content
  return (Array.isArray(content) ? content : []).flatMap((block) =>
    block.type === "tool_result" ? [block] : []
  )
}

describe("tools", () => {
  it("runs parallel calls at once and pairs every result with its call", async () => {
    const server = await serve([
      {
        tools: [
          { id: "toolu_a", name: "one", input: { text: "x" } },
          { id: "toolu_b", name: "two", input: { text: "y" } }
        ]
      },
      "Both done."
    ])
    // Each waits for the other: run in sequence, they would never end.
    const both = Promise.withResolvers<void>()
    let running = 0
    const meet = (name: string): AgentTool => ({
      ...echo(name),
      execute: async () => {
        if (++running === 2) both.resolve()
        await both.promise
        return `${name} met`
      }
    })
    const memory = await openMemory()
    const agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      tools: [meet("one"), meet("two")]
    })
    const { text, toolCalls } = await agent.session({ userId: "ana" }).send("Do both")
    expect(text).toBe("Both done.")
    expect(new Map(toolCalls.map(({ id, output }) => [id, output]))).toEqual(
      new Map([
        ["toolu_a", "one met"],
        ["toolu_b", "two met"]
      ])
    )
    expect(readToolResults(server.requests[1]?.body)).toMatchObject([
      { tool_use_id: "toolu_a", content: "one met" },
      { tool_use_id: "toolu_b", content: "two met" }
    ])
  })

  it("returns errors, bad input and unknown tools to the model as text", async () => {
    const server = await serve([
      {
        tools: [
          { name: "fails", input: { text: "x" } },
          { name: "one", input: { text: 7 } },
          { name: "nowhere", input: {} }
        ]
      },
      "I see."
    ])
    const fails: AgentTool = {
      ...echo("fails"),
      execute: () => {
        throw new Error("the disk is on fire")
      }
    }
    const memory = await openMemory()
    const agent = createAgent({ memory, client: server.client(), model: MODEL, tools: [fails, echo("one")] })
    const result = await agent.session({ userId: "ana" }).send("Try")
    expect(result.text).toBe("I see.")
    const results = readToolResults(server.requests[1]?.body)
    expect(results.map((result) => result.is_error)).toEqual([true, true, true])
    expect(results[0]?.content).toBe("Error: the disk is on fire")
    expect(JSON.stringify(results[1]?.content)).toContain("text")
    expect(JSON.stringify(results[2]?.content)).toContain("nowhere")
  })

  it("recalls by a type and a filter that nests as deep as filters may", async () => {
    const user = (await openMemory()).for({ userId: "ana" })
    await user.rememberMany([
      { content: "Ana likes green tea", type: "semantic", pinned: true },
      { content: "Ana drank green tea", pinned: true },
      { content: "Ana grows green tea", type: "semantic" }
    ])
    const recall = memoryTools(user).find(({ name }) => name === "recall")
    const where = { not: { not: { not: { not: { pinned: true } } } } }
    const found = String(await recall?.execute({ query: "green tea", type: "semantic", where }))
    expect(found).toContain("Ana likes green tea")
    expect(found.split("\n")).toHaveLength(1)
  })

  it("refuses a field that no tool has, with the nearest known name", async () => {
    const tool = defineTool({
      name: "search",
      description: "Searches.",
      execute: () => "found",
      input: Schema.Struct({ query: Schema.String, type: Schema.optionalKey(Schema.String) })
    })
    await expect(async () => tool.execute({ query: "x", types: ["semantic"] })).rejects.toThrow(
      'types is not known here. Did you mean "type"? Known: query, type.'
    )
    expect(await tool.execute({ query: "x", type: "semantic" })).toBe("found")
  })

  it("does not wait for a tool that hangs", async () => {
    const server = await serve([{ tools: [{ name: "hangs", input: { text: "x" } }] }, "It hung."])
    let aborted = false
    const hangs: AgentTool = {
      ...echo("hangs"),
      execute: (_, run) => {
        run?.signal?.addEventListener("abort", () => {
          aborted = true
        })
        return new Promise<string>(() => {})
      }
    }
    const memory = await openMemory()
    const agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      tools: [hangs],
      toolTimeoutMs: 20
    })
    const { text, toolCalls } = await agent.session({ userId: "ana" }).send("Go")
    expect(text).toBe("It hung.")
    expect(toolCalls).toMatchObject([
      { name: "hangs", isError: true, output: "Error: the tool hangs did not answer within 20 ms" }
    ])
    expect(aborted).toBe(true)
  })

  it("stops at maxTurns and stays usable", async () => {
    const server = await serve((request) =>
      request.body.messages.some(({ content }) => JSON.stringify(content).includes("Enough"))
        ? "Enough it is."
        : { tools: [{ name: "one", input: { text: "again" } }] }
    )
    const memory = await openMemory()
    const agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      tools: [echo("one")],
      maxTurns: 3
    })
    const session = agent.session({ userId: "ana" })
    const { stopReason, toolCalls, usage } = await session.send("Loop")
    expect(stopReason).toBe("max_turns")
    expect(usage.requests).toBe(3)
    expect(toolCalls).toHaveLength(3)
    // The local server refuses a tool call without its result, as the API does.
    expect((await session.send("Enough")).text).toBe("Enough it is.")
  })

  it("takes the SDK's own tools and passes server tools on", async () => {
    const server = await serve([{ tools: [{ name: "weather", input: { city: "Oslo" } }] }, "Rain."])
    const weather = betaTool({
      name: "weather",
      description: "Weather of a city.",
      inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      run: ({ city }) => `Rain in ${city}`
    })
    const memory = await openMemory()
    const agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      tools: [weather, { type: "web_search_20250305", name: "web_search" }]
    })
    const { toolCalls } = await agent.session({ userId: "ana" }).send("Weather?")
    expect(toolCalls).toMatchObject([{ output: "Rain in Oslo" }])
    expect(server.requests[0]?.body.tools).toMatchObject([
      { name: "weather" },
      { type: "web_search_20250305" }
    ])
  })

  it("drops a call that max_tokens cut off, and goes on", async () => {
    const server = await serve([
      { text: "Let me", tools: [{ name: "one", input: { text: "cut" } }], stopReason: "max_tokens" },
      "Fine now."
    ])
    const memory = await openMemory()
    const session = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      tools: [echo("one")]
    }).session({ userId: "ana" })
    const first = await session.send("Go")
    expect([first.stopReason, first.toolCalls.length]).toEqual(["max_tokens", 0])
    expect((await session.send("And now?")).text).toBe("Fine now.")
    expect(JSON.stringify(server.requests[1]?.body.messages)).not.toContain("tool_use")
  })

  it("resumes a paused turn", async () => {
    const server = await serve([{ text: "Searching. ", stopReason: "pause_turn" }, "Found it."])
    const memory = await openMemory()
    const { text, usage } = await createAgent({ memory, client: server.client(), model: MODEL })
      .session({ userId: "ana" })
      .send("Find")
    expect([text, usage.requests]).toEqual(["Searching. Found it.", 2])
    expect(server.requests[1]?.body.messages.at(-1)?.role).toBe("assistant")
  })

  it("keeps a refused turn out of history and memory", async () => {
    const server = await serve([{ text: "I can't help with that.", stopReason: "refusal" }, "Hello."])
    const memory = await openMemory()
    const session = createAgent({ memory, client: server.client(), model: MODEL }).session({ userId: "ana" })
    const { stopReason, written } = await session.send("Something bad")
    expect(stopReason).toBe("refusal")
    expect(await written).toEqual([])
    await session.send("Hi")
    expect(server.requests[1]?.body.messages).toHaveLength(1)
    expect((await listAll(memory.for({ userId: "ana" }))).map(({ content }) => content)).not.toContain(
      "Something bad"
    )
  })
})

describe("the model's memory tools", () => {
  it("remember, recall, update and forget in the session's own scope only", async () => {
    const ids: Array<string> = []
    const server = await serve(async ({ body }) => {
      const results = readToolResults(body)
      const shown = results.map(({ content }) => (typeof content === "string" ? content : "")).join("\n")
      const id = /"id":"([^"]+)"/.exec(shown)?.[1] ?? /Updated; it is now ([0-9a-f-]+)/.exec(shown)?.[1]
      if (id !== undefined) ids.push(id)
      const step = body.messages.filter(({ role }) => role === "assistant").length
      switch (step) {
        case 0:
          return {
            tools: [
              { name: "remember", input: { content: "Ana's cat is called Miso.", userId: "bob" } },
              { name: "remember", input: { content: "Ana's cat is called Miso." } }
            ]
          }
        case 1:
          return { tools: [{ name: "recall", input: { query: "What is Ana's cat called?" } }] }
        case 2:
          return { tools: [{ name: "update", input: { id: ids[0], content: "Ana's cat is called Nori." } }] }
        case 3:
          return { tools: [{ name: "forget", input: { id: ids[1] } }] }
        case 4:
          return { tools: [{ name: "forget", input: { id: ids[1] } }] }
        default:
          return "Done."
      }
    })
    const memory = await openMemory()
    const foreign = await memory.for({ userId: "bob" }).remember("Bob's cat is called Miso.")
    const session = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      memoryTools: true,
      writing: "none"
    }).session({ userId: "ana" })
    const { toolCalls } = await session.send("My cat")
    expect(toolCalls.map(({ output }) => output)).toEqual([
      expect.stringMatching(/^Error: userId is not known here/),
      expect.stringMatching(/^Remembered as /),
      expect.stringContaining("Ana's cat is called Miso."),
      expect.stringMatching(/^Updated; it is now /),
      "Forgotten.",
      "There is no such memory."
    ])
    expect(toolCalls[2]?.output).not.toContain("Bob")
    expect(await listAll(memory.for({ userId: "bob" }))).toMatchObject([{ id: foreign.id }])
    const [memoryOfAna] = await listAll(memory.for({ userId: "ana" }))
    expect(memoryOfAna).toMatchObject({ content: "Ana's cat is called Miso.", source: "user" })
  })
})
