import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { Server } from "@modelcontextprotocol/sdk/server/index.js"
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { generateText, isStepCount } from "ai"
import { MockLanguageModelV4 } from "ai/test"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import OpenAI from "openai"
import { describe, expect, it, onTestFinished } from "vitest"
import {
  type AgentTool,
  aiSdkTools,
  anthropicTools,
  mcpHandlers,
  memoryTools,
  openAiTools
} from "../../../src/index.ts"
import { listAll, openMemory, serve } from "../../support/fixtures.ts"

const FACT = "Ana's warehouse is in Rotterdam."
const NAMES = ["remember", "recall", "forget", "update"]

const openTools = async () => {
  const client = await openMemory()
  await client.for({ userId: "bob" }).remember("Bob's warehouse is in Antwerp.")
  const memory = client.for({ userId: "ana" })
  return { memory, tools: memoryTools(memory) }
}

/** What each framework does with `CALLS`. */
const expectOutcome = async (
  memory: Awaited<ReturnType<typeof openTools>>["memory"],
  outputs: ReadonlyArray<string>
) => {
  expect(outputs[0]).toMatch(/^Remembered as /)
  expect(outputs[1]).toContain(FACT)
  expect(outputs[1]).not.toContain("Bob")
  expect(outputs[2]).toContain("content")
  expect(outputs[2]).toMatch(/Error/)
  expect((await listAll(memory)).map(({ content }) => content)).toEqual([FACT])
}

/** Remember, recall, then a call with bad input. */
const CALLS = [
  { name: "remember", input: { content: FACT } },
  { name: "recall", input: { query: "Where is Ana's warehouse?" } },
  { name: "remember", input: { content: 7 } }
]

describe("memory tools in", () => {
  it("Anthropic's tool runner", async () => {
    const { memory, tools } = await openTools()
    const server = await serve([...CALLS.map((call) => ({ tools: [call] })), "Done."])
    const runner = server.client().beta.messages.toolRunner({
      model: "claude-sonnet-5-5",
      max_tokens: 100,
      messages: [{ role: "user", content: "go" }],
      tools: anthropicTools(tools),
      thread: false
    })
    await runner.runUntilDone()
    const outputs = server.requests.slice(1).map(({ body }) => JSON.stringify(body.messages.at(-1)?.content))
    await expectOutcome(
      memory,
      outputs.map((output) => (JSON.parse(output) as [{ content: string }])[0].content)
    )
    expect(server.requests[0]?.body.tools?.map((tool) => ("name" in tool ? tool.name : ""))).toEqual(NAMES)
  })

  it("the Vercel AI SDK", async () => {
    const { memory, tools } = await openTools()
    const usage = {
      inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 1, text: 1, reasoning: 0 }
    }
    let step = 0
    const model = new MockLanguageModelV4({
      doGenerate: async () => {
        const call = CALLS[step++]
        return {
          content:
            call === undefined
              ? [{ type: "text" as const, text: "Done." }]
              : [
                  {
                    type: "tool-call" as const,
                    toolCallId: `call-${step}`,
                    toolName: call.name,
                    input: JSON.stringify(call.input)
                  }
                ],
          finishReason: {
            unified: call === undefined ? ("stop" as const) : ("tool-calls" as const),
            raw: undefined
          },
          usage,
          warnings: []
        }
      }
    })
    const result = await generateText({
      model,
      prompt: "go",
      tools: aiSdkTools(tools),
      stopWhen: isStepCount(5)
    })
    expect(result.text).toBe("Done.")
    await expectOutcome(
      memory,
      result.steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => String(output)))
    )
    const offered = model.doGenerateCalls[0]?.tools ?? []
    expect(offered.map(({ name }) => name)).toEqual(NAMES)
    expect(offered[0]).toMatchObject({
      type: "function",
      inputSchema: { type: "object", required: ["content"] }
    })
  })

  it("OpenAI function calling", async () => {
    const { memory, tools } = await openTools()
    const bodies: Array<OpenAI.ChatCompletionCreateParams> = []
    const server = createServer((request, response) => {
      void (async () => {
        const text = (await request.toArray()).map(String).join("")
        bodies.push(JSON.parse(text) as OpenAI.ChatCompletionCreateParams)
        const call = CALLS[bodies.length - 1]
        const message =
          call === undefined
            ? { role: "assistant", content: "Done." }
            : {
                role: "assistant",
                content: null,
                tool_calls: [
                  {
                    id: `call_${bodies.length}`,
                    type: "function",
                    function: { name: call.name, arguments: JSON.stringify(call.input) }
                  }
                ]
              }
        response.writeHead(200, { "content-type": "application/json" })
        response.end(
          JSON.stringify({
            id: "c",
            object: "chat.completion",
            created: 0,
            model: "m",
            choices: [{ index: 0, message, finish_reason: "stop" }]
          })
        )
      })()
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const client = new OpenAI({
      apiKey: "local",
      baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
      maxRetries: 0
    })
    const { run, tools: offered } = openAiTools(tools)
    const messages: Array<OpenAI.ChatCompletionMessageParam> = [{ role: "user", content: "go" }]
    const outputs: Array<string> = []
    for (;;) {
      const { choices } = await client.chat.completions.create({ model: "m", messages, tools: offered })
      const message = choices[0]?.message
      if (message === undefined) throw new Error("no message")
      messages.push(message)
      if (message.tool_calls === undefined) break
      const results = await run(message.tool_calls)
      outputs.push(...results.map(({ content }) => content))
      messages.push(...results)
    }
    await expectOutcome(memory, outputs)
    expect(bodies[0]?.tools).toHaveLength(4)
    expect(
      (await run([{ id: "x", type: "function", function: { name: "recall", arguments: "{" } }]))[0]?.content
    ).toContain("not valid JSON")
    expect(
      (await run([{ id: "x", type: "function", function: { name: "nope", arguments: "{}" } }]))[0]?.content
    ).toContain("no tool")
  })

  it("an MCP server", async () => {
    const { memory, tools } = await openTools()
    const handlers = mcpHandlers(tools)
    const server = new Server({ name: "memory", version: "1.0.0" }, { capabilities: { tools: {} } })
    server.setRequestHandler(ListToolsRequestSchema, () => handlers.listTools())
    server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal }) =>
      handlers.callTool(params, { signal })
    )
    const client = new Client({ name: "test", version: "1.0.0" })
    const [clientTransport, serverTransport] = InMemoryTransport.createLinkedPair()
    await Promise.all([server.connect(serverTransport), client.connect(clientTransport)])
    onTestFinished(() => client.close())
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(NAMES)
    const outputs: Array<string> = []
    const flags: Array<unknown> = []
    for (const { input, name } of [...CALLS, { name: "nope", input: {} }]) {
      const { content, isError } = await client.callTool({ name, arguments: input })
      outputs.push((content as [{ text: string }])[0].text)
      flags.push(isError === true)
    }
    await expectOutcome(memory, outputs)
    expect(flags).toEqual([false, false, true, true])
  })

  it("no framework with two tools of the same name", () => {
    const tool: AgentTool = { name: "x", description: "", inputSchema: { type: "object" }, execute: () => "" }
    for (const adapt of [anthropicTools, aiSdkTools, openAiTools, mcpHandlers])
      expect(() => adapt([tool, tool])).toThrow(/two tools named "x"/)
  })
})
