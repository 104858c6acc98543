import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { defineTool } from "../../src/index.ts"
import type { Reply } from "../../src/testing/index.ts"
import { collect, createAgent, openMemory, serve } from "../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"

const look = defineTool({
  name: "look",
  description: "Looks.",
  input: Schema.Struct({}),
  execute: () => "Nothing there."
})

const call = { type: "tool_use", id: "toolu_1", name: "look", input: {} }

/** Replies that the API documents, in the order in which a turn receives them. */
const REPLIES: ReadonlyArray<readonly [string, ReadonlyArray<Reply>]> = [
  ["nothing at all", [{ content: [] }]],
  ["nothing after tool results", [{ tools: [{ name: "look", input: {} }] }, { content: [] }]],
  ["an empty text before a call", [{ content: [{ type: "text", text: "" }, call] }, "Done."]],
  ["a blank text before a call", [{ content: [{ type: "text", text: " \n" }, call] }, "Done."]],
  ["an empty text alone", [{ content: [{ type: "text", text: "" }] }]],
  ["thinking alone", [{ content: [{ type: "thinking", thinking: "Hm.", signature: "s" }] }]],
  [
    "a call cut off after thinking",
    [{ content: [{ type: "thinking", thinking: "Hm.", signature: "s" }, call], stopReason: "max_tokens" }]
  ],
  ["the end of the context window", [{ text: "As far as", stopReason: "model_context_window_exceeded" }]],
  ["a stop sequence", [{ text: "So far", stopReason: "stop_sequence" }]],
  ["a pause, then nothing", [{ text: "Searching.", stopReason: "pause_turn" }, { content: [] }]],
  ["tool_use without a call", [{ text: "I would look.", stopReason: "tool_use" }]]
]

describe("a session goes on after", () => {
  it.each(REPLIES)("%s, sent and streamed", async (_, replies) => {
    for (const isStreamed of [false, true]) {
      const server = await serve([...replies, "I am here."])
      const session = createAgent({
        memory: await openMemory(),
        client: server.client(),
        model: MODEL,
        tools: [look]
      }).session({ userId: "ana" })
      if (isStreamed) await collect(session.stream("Please look"))
      else await session.send("Please look")
      expect((await session.send("Are you there?")).text).toBe("I am here.")
      expect(server.refusals).toEqual([])
    }
  })

  it("a server call that a later reply answers", async () => {
    const serverCall = { type: "server_tool_use", id: "srvtoolu_1", name: "code_execution", input: {} }
    const result = {
      type: "code_execution_tool_result",
      tool_use_id: "srvtoolu_1",
      content: { type: "code_execution_result", stdout: "4", stderr: "", return_code: 0, content: [] }
    }
    const server = await serve([
      { content: [serverCall, call] },
      { content: [result, { type: "text", text: "Four." }] },
      "I am here."
    ])
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL,
      tools: [look]
    }).session({ userId: "ana" })
    expect((await session.send("Two and two?")).text).toBe("Four.")
    await session.send("Are you there?")
    expect(JSON.stringify(server.requests.at(-1)?.body.messages)).toContain("server_tool_use")
  })

  it("keeps the container of code execution", async () => {
    const container = { id: "container_1", expires_at: new Date(Date.now() + 60_000).toISOString() }
    const server = await serve([{ text: "Ran.", container }, "Again.", { text: "With skills." }])
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL
    }).session({ userId: "ana" })
    await session.send("Run it")
    await session.send("And again")
    const skills = [{ type: "anthropic" as const, skill_id: "pdf" }]
    await session.send("With skills", { params: { container: { skills } } })
    expect(server.requests.map(({ body }) => body.container)).toEqual([
      undefined,
      "container_1",
      { id: "container_1", skills }
    ])
  })

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["an empty text", ""],
    ["an object", { temperature: 21 }],
    ["no blocks", []]
  ])("a tool that returns %s", async (_, output) => {
    const server = await serve([{ tools: [{ name: "look", input: {} }] }, "Done.", "Still here."])
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL,
      tools: [{ ...look, execute: () => output as unknown as string }]
    }).session({ userId: "ana" })
    const { toolCalls } = await session.send("Look")
    expect(toolCalls[0]).toMatchObject({
      isError: false,
      output: output === undefined || Array.isArray(output) || !output ? "(no output)" : '{"temperature":21}'
    })
    expect((await session.send("And?")).text).toBe("Still here.")
  })
})
