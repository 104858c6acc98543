import { inMemoryData, type PromiseMemory } from "@keepsake/core"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { defineTool } from "../../src/index.ts"
import type { RecordedRequest } from "../../src/testing/index.ts"
import { createAgent, listAll, openMemory, readUserText, serve } from "../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"
const never = new Promise<void>(() => {})

const readRoles = (request: RecordedRequest | undefined) =>
  (request?.body.messages ?? []).map(({ role }) => role)
const readAll = (request: RecordedRequest | undefined) => JSON.stringify(request?.body.messages)

const look = defineTool({
  name: "look",
  description: "Looks.",
  input: Schema.Struct({}),
  execute: () => "A result."
})

/** Two processes over one store. */
const openProcesses = async (script: Parameters<typeof serve>[0], options = {}) => {
  const data = inMemoryData()
  const server = await serve(script)
  const open = async () => {
    const memory = await openMemory({ data })
    return createAgent({ memory, client: server.client(), model: MODEL, tools: [look], ...options })
  }
  return { server, first: await open(), second: await open(), memory: await openMemory({ data }) }
}

const listHistory = (memory: PromiseMemory) =>
  memory.entries({ sessionId: "s", kind: "history", limit: 1_000 })

describe("a kept session", () => {
  it("goes on in another process where it ended, with its tool calls", async () => {
    const { first, memory, second, server } = await openProcesses(({ body }) => {
      const last = JSON.stringify(body.messages.at(-1))
      return last.includes("Look") && !last.includes("tool_result")
        ? { tools: [{ name: "look", input: {} }] }
        : "I see."
    })
    await first.session({ userId: "ana", sessionId: "s" }).send("Look at this")
    const session = second.session({ userId: "ana", sessionId: "s" })
    await session.send("And now?")
    expect(readRoles(server.requests.at(-1))).toEqual(["user", "assistant", "user", "assistant", "user"])
    expect(readAll(server.requests.at(-1))).toContain("A result.")
    expect(session.export().complete).toBe(true)
    const { rows } = await memory.for({ userId: "ana" }).list({ where: { sessionId: "s", source: "user" } })
    expect(rows.map(({ turn }) => turn)).toEqual([0, 2])
    // What is kept of it is no memory.
    expect(JSON.stringify(await listAll(memory.for({ userId: "ana" })))).not.toContain("A result.")
  })

  it("is that of its user, and gone with everything else", async () => {
    const { first, memory, second, server } = await openProcesses(() => "I see.")
    await first.session({ userId: "ana", sessionId: "s" }).send("My secret")
    await second.session({ userId: "bob", sessionId: "s" }).send("Anything?")
    expect(readAll(server.requests.at(-1))).not.toContain("secret")
    const open = second.session({ userId: "ana", sessionId: "s" })
    await memory.for({ userId: "ana" }).forgetAll()
    expect(await listHistory(memory.for({ userId: "ana" }))).toEqual([])
    await open.send("Anything?")
    expect(readAll(server.requests.at(-1))).not.toContain("secret")
  })

  it("keeps what two processes say at the same time, and shows it to both", async () => {
    const { first, memory, second, server } = await openProcesses(
      (request) => `Heard ${readUserText(request)}`
    )
    const sessions = [first, second].map((agent) => agent.session({ userId: "ana", sessionId: "s" }))
    for (let round = 0; round < 4; round++)
      await Promise.all(sessions.map((session, i) => session.send(`message ${i}-${round}`)))
    await sessions[0]?.send("The end")
    const sent = readAll(server.requests.at(-1))
    for (let round = 0; round < 4; round++)
      for (const i of [0, 1]) {
        expect(sent).toContain(`message ${i}-${round}`)
        expect(sent).toContain(`Heard message ${i}-${round}`)
      }
    const third = createAgent({ memory, client: server.client(), model: MODEL })
    const resumed = third.session({ userId: "ana", sessionId: "s" })
    await resumed.send("All there?")
    expect(resumed.export().exchanges).toHaveLength(10)
    expect(server.refusals).toEqual([])
    const rows = await listAll(memory.for({ userId: "ana" }))
    expect(rows.filter(({ source }) => source === "user")).toHaveLength(10)
  })

  it("knows what was broken off in another process, and takes the same message once", async () => {
    const { first, memory, second, server } = await openProcesses(() => never.then(() => ""))
    const controller = new AbortController()
    const turn = first
      .session({ userId: "ana", sessionId: "s" })
      .send("We move to Lisbon", { signal: controller.signal })
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort(new Error("stop"))
    await expect(turn).rejects.toThrow("stop")
    await first.flush()
    server.script(() => "Lisbon it is.")
    await second.session({ userId: "ana", sessionId: "s" }).send("We move to Lisbon")
    expect(readRoles(server.requests.at(-1))).toEqual(["user"])
    const third = createAgent({ memory, client: server.client(), model: MODEL })
    await third.session({ userId: "ana", sessionId: "s" }).send("So?")
    expect(readRoles(server.requests.at(-1))).toEqual(["user", "assistant", "user"])
    const rows = await listAll(memory.for({ userId: "ana" }))
    expect(rows.filter(({ content }) => content === "We move to Lisbon")).toHaveLength(1)
  })

  it("knows the question of a process that ended in mid-answer", async () => {
    const { first, memory, second, server } = await openProcesses(() => never.then(() => ""))
    // Never settles, as if its process had ended.
    void first
      .session({ userId: "ana", sessionId: "s" })
      .send("We move to Lisbon")
      .catch(() => {})
    while (server.requests.length === 0 || (await listAll(memory.for({ userId: "ana" }))).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 5))
    server.script(() => "Lisbon.")
    await second.session({ userId: "ana", sessionId: "s" }).send("Where do we move?")
    expect(readRoles(server.requests.at(-1))).toEqual(["user", "assistant", "user"])
    expect(readAll(server.requests.at(-1))).toMatch(/We move to Lisbon.*broken off/u)
  })

  it("holds messages of any length and any characters", async () => {
    const { first, second, server } = await openProcesses(
      (request) => `${readUserText(request).length} characters`
    )
    const text = `${'🚢 "ledger" \\ '.repeat(100_000)}\u0000\ud83d`
    await first.session({ userId: "ana", sessionId: "s" }).send(text)
    await second.session({ userId: "ana", sessionId: "s" }).send("Again?")
    const [message] = server.requests.at(-1)?.body.messages ?? []
    expect(JSON.stringify(message?.content)).toContain(JSON.stringify(text.slice(0, -2)).slice(1, -1))
  })

  it("is trimmed in the store as it is in the session", async () => {
    const { first, memory } = await openProcesses(() => "y".repeat(2_000), { historyTokens: 3_000 })
    const session = first.session({ userId: "ana", sessionId: "s" })
    for (let i = 0; i < 20; i++) await session.send(`${i} ${"x".repeat(1_000)}`)
    await first.close()
    const entries = await listHistory(memory.for({ userId: "ana" }))
    expect(entries.length).toBeLessThanOrEqual(2 * session.export().exchanges.length)
  })

  it("is not kept when it is not wanted", async () => {
    const { first, memory, second, server } = await openProcesses(() => "I see.", { keepHistory: false })
    await first.session({ userId: "ana", sessionId: "s" }).send("Hello")
    expect(await listHistory(memory.for({ userId: "ana" }))).toEqual([])
    await second.session({ userId: "ana", sessionId: "s" }).send("Again")
    expect(readRoles(server.requests.at(-1))).toEqual(["user"])
  })
})

describe("settings of a session and of a message", () => {
  it("win over the agent's, the nearest first", async () => {
    const server = await serve(() => "I see.")
    const tool = (name: string) => ({ ...look, name })
    const agent = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL,
      system: "Agent.",
      tools: [tool("of_agent")],
      memoryTools: true,
      params: { service_tier: "standard_only", metadata: { user_id: "agent" } }
    })
    const session = agent.session({
      userId: "ana",
      system: "Session.",
      params: { metadata: { user_id: "session" } }
    })
    await session.send("One")
    await session.send("Two", {
      model: "claude-opus-5-5",
      system: [{ type: "text", text: "Message." }],
      params: { metadata: { user_id: "message" } },
      tools: [tool("of_message")]
    })
    await session.send("Three")
    const readSettings = ({ body }: RecordedRequest) => [
      body.model,
      (body.system as ReadonlyArray<{ text: string }>)[0]?.text,
      body.service_tier,
      body.metadata?.user_id,
      body.tools?.map((definition) => ("name" in definition ? definition.name : ""))[0],
      body.tools?.length
    ]
    expect(server.requests.map(readSettings)).toEqual([
      [MODEL, "Session.", "standard_only", "session", "of_agent", 5],
      ["claude-opus-5-5", "Message.", "standard_only", "message", "of_message", 5],
      [MODEL, "Session.", "standard_only", "session", "of_agent", 5]
    ])
    await expect(session.send("Four", { modle: "x" } as never)).rejects.toThrow(/Did you mean "model"/u)
    await expect(session.send("Five", { speaker: "two\nlines" })).rejects.toThrow(/speaker: give a name/u)
  })

  it("tell the speakers of a group apart", async () => {
    const server = await serve(() => "I see.")
    const memory = await openMemory()
    const session = createAgent({ memory, client: server.client(), model: MODEL }).session({ userId: "team" })
    await session.send("I like tea.", { speaker: "Anna Kim" })
    await session.send("I like tea.", { speaker: "Anna Meyer" })
    expect(readUserText(server.requests[1] as RecordedRequest)).toBe("Anna Meyer: I like tea.")
    const rows = await listAll(memory.for({ userId: "team" }))
    expect(rows.map(({ content, speaker }) => [content, speaker])).toEqual(
      expect.arrayContaining([
        ["I like tea.", "Anna Kim"],
        ["I like tea.", "Anna Meyer"]
      ])
    )
  })
})

describe("content blocks", () => {
  it("go to the model as they are, and are remembered by their text", async () => {
    const server = await serve(() => "I see.")
    const memory = await openMemory()
    const session = createAgent({ memory, client: server.client(), model: MODEL }).session({ userId: "ana" })
    const image = {
      type: "image" as const,
      source: { type: "url" as const, url: "https://example.com/a/harbour%20plan.png" }
    }
    const pdf = {
      type: "document" as const,
      title: "Lease.pdf",
      source: { type: "base64" as const, media_type: "application/pdf" as const, data: "A".repeat(200_000) }
    }
    const note = {
      type: "document" as const,
      context: "A note of Monday.",
      source: { type: "text" as const, media_type: "text/plain" as const, data: "The gate code is 4711." }
    }
    await session.send([image, pdf, note, { type: "text", text: "What is this?" }])
    const content = server.requests[0]?.body.messages[0]?.content
    expect(content).toMatchObject([image, pdf, note, { type: "text", text: "What is this?" }])
    const row = (await listAll(memory.for({ userId: "ana" }))).find(({ source }) => source === "user")
    expect(row?.content.split("\n")).toEqual([
      "[image: harbour plan.png]",
      "[document: Lease.pdf]",
      "[document]",
      "A note of Monday.",
      "The gate code is 4711.",
      "What is this?"
    ])
    await session.send("And again?")
    expect(readAll(server.requests.at(-1))).toContain("application/pdf")
  })

  it("may be the result of a tool that this session did not call", async () => {
    const server = await serve(() => "I see.")
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL
    }).session({
      userId: "ana"
    })
    await session.send([{ type: "tool_result", tool_use_id: "toolu_elsewhere", content: "Rain in Oslo." }])
    expect(readAll(server.requests[0])).toContain("Rain in Oslo.")
    expect(server.refusals).toEqual([])
  })

  it.each([
    ["no blocks", []],
    ["blank text", [{ type: "text", text: " " }]],
    ["a call", [{ type: "tool_use", id: "t", name: "look", input: {} }]],
    ["a number", [7]]
  ])("are refused: %s", async (_, blocks) => {
    const agent = createAgent({ memory: await openMemory(), model: MODEL })
    await expect(agent.session({ userId: "ana" }).send(blocks as never)).rejects.toMatchObject({
      reason: { _tag: "InvalidInput", field: "message" }
    })
  })
})
