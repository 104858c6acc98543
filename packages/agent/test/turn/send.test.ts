import { describe, expect, it } from "vitest"
import {
  createAgent,
  listAll,
  openMemory,
  readLastTexts,
  readUserText,
  serve,
  withoutBreakpoints
} from "../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"

describe("send", () => {
  it("remembers an exchange and injects it into a later session", async () => {
    const server = await serve([
      "Nice! Freight is a big market.",
      "You are building a SaaS for freight logistics."
    ])
    const memory = await openMemory()
    const agent = createAgent({ memory, client: server.client(), model: MODEL, system: "You are helpful." })

    const first = await agent.session({ userId: "ana" }).send("I'm building a SaaS for freight logistics.")
    expect(first.text).toBe("Nice! Freight is a big market.")
    expect(first.stopReason).toBe("end_turn")
    expect(first.degraded).toEqual([])
    expect(first.recalled.items).toEqual([])
    expect((await first.written).map(({ policy, status }) => [policy, status])).toEqual([
      ["verbatim", "stored"]
    ])

    const second = await agent.session({ userId: "ana" }).send("What was my project again?")
    expect(second.recalled.items.map(({ memory: { content } }) => content)).toContain(
      "I'm building a SaaS for freight logistics."
    )
    const [, request] = server.requests
    if (request === undefined) throw new Error("no second request")
    expect(readLastTexts(request)).toEqual(["What was my project again?", second.recalled.text])
    expect(second.recalled.text).toContain("SaaS for freight logistics")
    await agent.close()
  })

  it("stores the exchange before it returns, under the session and its turns", async () => {
    const server = await serve(["One.", "Two."])
    const memory = await openMemory()
    const session = createAgent({ memory, client: server.client(), model: MODEL }).session({
      userId: "ana",
      sessionId: "s1"
    })
    await session.send("First thing")
    await session.send("Second thing")
    const rows = await listAll(memory.for({ userId: "ana" }))
    expect(
      rows.map(({ content, source, sessionId, turn, type, expiresAt }) => [
        content,
        source,
        sessionId,
        turn,
        type,
        expiresAt === null
      ])
    ).toEqual(
      expect.arrayContaining([
        ["First thing", "user", "s1", 0, "episodic", true],
        ["One.", "assistant", "s1", 1, "episodic", false],
        ["Second thing", "user", "s1", 2, "episodic", true],
        ["Two.", "assistant", "s1", 3, "episodic", false]
      ])
    )
    expect(rows).toHaveLength(4)
  })

  it("continues the turn numbers of an earlier process", async () => {
    const server = await serve((request) => `You said: ${readUserText(request)}`)
    const memory = await openMemory()
    const options = { memory, client: server.client(), model: MODEL }
    await createAgent(options).session({ userId: "ana", sessionId: "s1" }).send("Hello")
    await createAgent(options).session({ userId: "ana", sessionId: "s1" }).send("Hello again")
    const rows = await listAll(memory.for({ userId: "ana" }))
    expect(rows.map(({ turn }) => turn ?? -1).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
  })

  it("gives two processes in one session different turns", async () => {
    const server = await serve((request) => `You said: ${readUserText(request)}`)
    const memory = await openMemory()
    const options = { memory, client: server.client(), model: MODEL }
    const first = createAgent(options).session({ userId: "ana", sessionId: "s1" })
    const second = createAgent(options).session({ userId: "ana", sessionId: "s1" })
    await first.send("a")
    await second.send("b")
    const results = [await first.send("c"), await second.send("d")]
    for (const { written } of results) expect((await written).map(({ status }) => status)).toEqual(["stored"])
    const rows = await listAll(memory.for({ userId: "ana" }))
    expect(
      rows
        .filter(({ source }) => source === "user")
        .map(({ content }) => content)
        .toSorted()
    ).toEqual(["a", "b", "c", "d"])
  })

  it("keeps the cached prefix byte-identical over ten turns that recall different memories", async () => {
    const server = await serve(
      (request) =>
        `Noted: ${readUserText(request).toUpperCase()} is remembered with ${request.body.messages.length} messages.`
    )
    const memory = await openMemory()
    await memory
      .for({ userId: "ana" })
      .rememberMany(Array.from({ length: 60 }, (_, i) => `Ana's preference number ${i} concerns topic${i}.`))
    const agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      system: "Base prompt.",
      memoryTools: true
    })
    const session = agent.session({ userId: "ana" })
    const blocks: Array<string> = []
    for (let i = 0; i < 10; i++)
      blocks.push((await session.send(`Tell me about topic${i}, please.`)).recalled.text)

    expect(new Set(blocks).size).toBeGreaterThan(1)
    for (const [i, { body }] of server.requests.entries()) {
      const last = body.messages.at(-1)
      const content = last?.content as ReadonlyArray<{ text: string; cache_control?: unknown }>
      // The breakpoint is on the user's text; the block after it has none.
      expect(content.map(({ cache_control, text }) => [text, cache_control])).toEqual([
        [`Tell me about topic${i}, please.`, { type: "ephemeral" }],
        [blocks[i], undefined]
      ])
      expect((body.system as ReadonlyArray<object>).at(-1)).toMatchObject({
        cache_control: { type: "ephemeral" }
      })
      expect(body.tools?.at(-1)).toMatchObject({ cache_control: { type: "ephemeral" } })
      // No block of an earlier turn is in the history.
      expect(JSON.stringify(body.messages.slice(0, -1))).not.toContain("Ana's preference")

      const next = server.requests[i + 1]?.body
      if (next === undefined) continue
      const prefix = {
        tools: body.tools,
        system: body.system,
        messages: [...body.messages.slice(0, -1), { role: "user", content: content.slice(0, 1) }]
      }
      const nextPrefix = {
        tools: next.tools,
        system: next.system,
        messages: next.messages.slice(0, body.messages.length)
      }
      expect(withoutBreakpoints(nextPrefix)).toBe(withoutBreakpoints(prefix))
    }
  })

  it("keeps the memory block within the budget", async () => {
    const server = await serve((request) => `Reply ${request.body.messages.length}.`)
    const memory = await openMemory()
    await memory.for({ userId: "ana" }).rememberMany(
      Array.from({ length: 200 }, (_, i) => ({
        content: `Fact ${i}: the freight project ships container ${i} to port ${i % 7}.`,
        type: "semantic" as const
      }))
    )
    const session = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      context: { budgetTokens: 300 }
    }).session({ userId: "ana" })
    for (let i = 0; i < 5; i++) {
      const { recalled } = await session.send(`Which container goes to port ${i}?`)
      expect(recalled.tokens).toBeGreaterThan(0)
      expect(recalled.tokens).toBeLessThanOrEqual(300)
      expect(recalled.dropped).toBeGreaterThan(0)
    }
    for (const request of server.requests)
      expect((readLastTexts(request)[1] ?? "").length).toBeLessThanOrEqual(300 * 4)
  })

  it("puts the block after the system prompt if placement is system", async () => {
    const server = await serve(["Yes."])
    const memory = await openMemory()
    await memory.for({ userId: "ana" }).remember({ content: "Ana likes tea.", type: "semantic" })
    const agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      system: "Base.",
      placement: "system"
    })
    const { recalled } = await agent.session({ userId: "ana" }).send("What do I like to drink?")
    const body = server.requests[0]?.body
    expect(body?.system).toEqual([
      { type: "text", text: "Base.", cache_control: { type: "ephemeral" } },
      { type: "text", text: recalled.text }
    ])
    expect(body?.messages).toEqual([
      {
        role: "user",
        content: [{ type: "text", text: "What do I like to drink?", cache_control: { type: "ephemeral" } }]
      }
    ])
  })

  it("keeps the block unchanged within a turn in which tools write", async () => {
    const server = await serve([
      { tools: [{ name: "remember", input: { content: "Ana drinks green tea." } }] },
      "Kept.",
      "Green.",
      "Green again."
    ])
    const memory = await openMemory()
    await memory.for({ userId: "ana" }).remember({ content: "Ana likes tea.", type: "semantic" })
    const agent = createAgent({ memory, client: server.client(), model: MODEL, memoryTools: true })
    const session = agent.session({ userId: "ana" })
    const { recalled } = await session.send("Which tea do I like?")
    const [first, second] = server.requests
    expect(recalled.text).not.toBe("")
    expect(withoutBreakpoints(second?.body.messages[0])).toBe(withoutBreakpoints(first?.body.messages[0]))
    // The history of this session holds it; the next session recalls it.
    await session.send("Which was it?")
    expect(JSON.stringify(server.requests.at(-1)?.body.messages)).toContain("Ana drinks green tea.")
    const next = await agent.session({ userId: "ana" }).send("Which tea do I like?")
    expect(next.recalled.text).toContain("Ana drinks green tea.")
  })

  it("sums the usage of all requests and passes further parameters on", async () => {
    const usage = {
      input_tokens: 10,
      output_tokens: 5,
      cache_read_input_tokens: 3,
      cache_creation_input_tokens: 2
    }
    const server = await serve([
      { tools: [{ name: "recall", input: { query: "tea" } }], usage },
      { text: "Done.", usage }
    ])
    const memory = await openMemory()
    const agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      memoryTools: true,
      params: { metadata: { user_id: "u1" } }
    })
    const result = await agent.session({ userId: "ana" }).send("Do I like tea?")
    expect(result.usage).toEqual({
      inputTokens: 20,
      outputTokens: 10,
      cacheReadTokens: 6,
      cacheWriteTokens: 4,
      requests: 2
    })
    expect(server.requests.map(({ body }) => body.metadata)).toEqual([{ user_id: "u1" }, { user_id: "u1" }])
  })
})
