import Anthropic, { APIError } from "@anthropic-ai/sdk"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { type AgentTool, createAgent, facts, memoryTools, summary } from "../src/index.ts"
import type { FailureReply } from "../src/testing/index.ts"
import { collect, openMemory, serve } from "./support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"

const failure = (status: number, type: string, headers = {}): FailureReply => ({
  failure: { status, type, message: "no", headers }
})

describe("an error of the API", () => {
  it.each([
    [failure(401, "authentication_error"), "Refused", false, "ANTHROPIC_API_KEY"],
    [failure(403, "permission_error"), "Refused", false, "403"],
    [failure(429, "rate_limit_error", { "retry-after": "7" }), "RateLimited", true, "rate limit"],
    [failure(500, "api_error"), "Overloaded", true, "send the message again"],
    [failure(529, "overloaded_error"), "Overloaded", true, "send the message again"],
    [failure(400, "invalid_request_error"), "Rejected", false, "400"],
    [failure(413, "request_too_large"), "Rejected", false, "413"]
  ])("%o has its reason and leaves the session usable", async (reply, reason, isRetryable, words) => {
    const server = await serve([reply, "Fine."])
    const memory = await openMemory()
    const session = createAgent({ memory, client: server.client(), model: MODEL }).session({ userId: "ana" })
    const error: unknown = await session.send("Hello").catch((caught: unknown) => caught)
    expect(error).toMatchObject({ _tag: "AgentError", isRetryable, reason: { _tag: reason } })
    expect((error as Error).message).toContain(words)
    expect((error as Error).cause).toBeInstanceOf(APIError)
    expect((await session.send("Hello")).text).toBe("Fine.")
    expect(server.requests.at(-1)?.body.messages).toHaveLength(1)
  })

  it("has the time to wait after a rate limit", async () => {
    const server = await serve([failure(429, "rate_limit_error", { "retry-after": "7" })])
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL
    }).session({ userId: "ana" })
    await expect(session.send("Hello")).rejects.toMatchObject({ reason: { retryAfterMs: 7_000 } })
  })

  it.each([
    [{ "retry-after-ms": "1500", "retry-after": "70" }, 1_500],
    [{ "retry-after": new Date(Date.now() + 60_000).toUTCString() }, 57_000]
  ])("has the time to wait in %o", async (headers, ms) => {
    const server = await serve([failure(429, "rate_limit_error", headers)])
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL
    }).session({ userId: "ana" })
    const error = await session.send("Hello").catch((caught: unknown) => caught)
    const { retryAfterMs } = (error as { reason: { retryAfterMs: number } }).reason
    expect(Math.abs(retryAfterMs - ms)).toBeLessThan(4_000)
  })

  it("names a base URL that has no Messages API", async () => {
    const server = await serve([])
    const client = server.client({ baseURL: `${server.url}/api` })
    const session = createAgent({ memory: await openMemory(), client, model: MODEL }).session({
      userId: "ana"
    })
    await expect(session.send("Hello")).rejects.toMatchObject({
      isRetryable: false,
      reason: { _tag: "Rejected", status: 404, message: expect.stringContaining("baseURL") as string }
    })
  })

  it.each(["length", "body"])("is retryable when the reply is cut within its JSON: %s", async (kind) => {
    const http = createServer((_, response) => {
      const text = '{"id":"msg_1","type":"message","content":[{"type":"te'
      const length = kind === "length" ? { "content-length": String(text.length + 50) } : {}
      response.writeHead(200, { "content-type": "application/json", ...length })
      if (kind === "length") response.write(text, () => response.destroy())
      else response.end(text)
    })
    onTestFinished(() => void http.close())
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
    const { port } = http.address() as AddressInfo
    const client = new Anthropic({ apiKey: "k", baseURL: `http://127.0.0.1:${port}`, maxRetries: 0 })
    const session = createAgent({ memory: await openMemory(), client, model: MODEL }).session({
      userId: "ana"
    })
    await expect(session.send("Hello")).rejects.toMatchObject({
      isRetryable: true,
      reason: { _tag: "Unreachable" }
    })
  })

  it("names an unknown model", async () => {
    const server = await serve([])
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: "gpt-9"
    }).session({ userId: "ana" })
    await expect(session.send("Hello")).rejects.toMatchObject({
      reason: { _tag: "UnknownModel", message: expect.stringContaining("gpt-9") as string }
    })
  })

  it("says that the key is missing", async () => {
    const client = new Anthropic({
      apiKey: null,
      authToken: null,
      baseURL: "http://127.0.0.1:9",
      maxRetries: 0
    })
    const session = createAgent({ memory: await openMemory(), client, model: MODEL }).session({
      userId: "ana"
    })
    await expect(session.send("Hello")).rejects.toMatchObject({
      reason: { _tag: "MissingApiKey", message: expect.stringContaining("ANTHROPIC_API_KEY") as string }
    })
  })

  it("says that the server is unreachable", async () => {
    const server = await serve([])
    const client = server.client()
    await server.close()
    const session = createAgent({ memory: await openMemory(), client, model: MODEL }).session({
      userId: "ana"
    })
    await expect(session.send("Hello")).rejects.toMatchObject({
      isRetryable: true,
      reason: { _tag: "Unreachable" }
    })
  })

  it("is retried by the SDK, and the turn is written once", async () => {
    const server = await serve([failure(529, "overloaded_error", { "retry-after-ms": "1" }), "Fine."])
    const memory = await openMemory()
    const session = createAgent({ memory, client: server.client({ maxRetries: 2 }), model: MODEL }).session({
      userId: "ana"
    })
    expect((await session.send("Hello")).text).toBe("Fine.")
    expect((await memory.for({ userId: "ana" }).list()).rows).toHaveLength(2)
  })
})

describe("bad input", () => {
  const tool = (name: string, inputSchema: unknown): AgentTool =>
    ({ name, description: "d", inputSchema, execute: () => "" }) as AgentTool
  const object = { type: "object", properties: {} }

  it.each([
    ["model", { model: " " }],
    ["memory", { memory: {} }],
    ["maxTurns", { maxTurns: 0 }],
    ["maxTokens", { maxTokens: 1.5 }],
    ["placement", { placement: "middle" }],
    ["cache", { cache: "2h" }],
    ["writing", { writing: "everything" }],
    ["writing", { writing: ["verbatim", {}] }],
    ["client", { client: "https://api.anthropic.com" }],
    ["agentId", { agentId: 7 }],
    ["memoryTools", { memoryTools: "yes" }],
    ["onEvent", { onEvent: {} }],
    ["params", { params: [] }],
    ["context", { context: "short" }],
    ["context.minimumScore", { context: { minimumScore: 0.5 } }],
    ["maxToken", { maxToken: 500 }],
    ["tools", { tools: [null] }],
    ["tools", { tools: [tool("a b", object)] }],
    ["tools", { tools: [{ name: "look", input_schema: object }] }],
    ["tools", { tools: [{ type: "bash_20250124", name: "bash" }] }],
    ["tools", { tools: [tool("same", object), tool("same", object)] }],
    ["tools.t.inputSchema", { tools: [tool("t", { type: "string" })] }],
    ["tools.t.inputSchema", { tools: [tool("t", { type: "object", properties: [] })] }],
    ["tools.t.inputSchema", { tools: [tool("t", { type: "object", required: ["x"] })] }],
    ["tools.t.inputSchema", { tools: [tool("t", null)] }]
  ])("%s: createAgent refuses %o", async (field, options) => {
    const memory = await openMemory()
    expect(() => createAgent({ memory, model: MODEL, ...(options as object) })).toThrow(
      expect.objectContaining({
        _tag: "AgentError",
        reason: expect.objectContaining({ _tag: "InvalidInput", field }) as object
      }) as Error
    )
  })

  it("has the nearest known name of an unknown option", async () => {
    const memory = await openMemory()
    expect(() => createAgent({ memory, model: MODEL, maxToken: 500 } as never)).toThrow(
      'maxToken: is not known here. Did you mean "maxTokens"?'
    )
    const agent = createAgent({ memory, model: MODEL })
    expect(() => agent.session({ userId: "ana", sesionId: "s" } as never)).toThrow(
      'sesionId: is not known here. Did you mean "sessionId"?'
    )
    expect(() => memoryTools(memory.for({ userId: "ana" }), { onRecall: () => {} } as never)).toThrow(
      'onRecall: is not known here. Did you mean "onRecalled"?'
    )
  })

  it.each([summary, facts])("is refused in a policy's model", (policy) => {
    expect(() => policy({} as never)).toThrow("model: name the model, such as claude-haiku-5-5")
    expect(() => policy({ model: "claude-haiku-5-5", maxTokens: 0 })).toThrow(
      "maxTokens: 0 is not a whole number above 0"
    )
  })

  it("is refused when the session begins: a tool with the name of a memory tool", async () => {
    const agent = createAgent({
      memory: await openMemory(),
      model: MODEL,
      memoryTools: true,
      tools: [tool("recall", object)]
    })
    expect(() => agent.session({ userId: "ana" })).toThrow(/two tools named "recall"/)
  })

  it.each(["", "a/b", "..", "x".repeat(300), "nul\u0000"])("is refused as a user id: %j", async (userId) => {
    const agent = createAgent({ memory: await openMemory(), model: MODEL })
    expect(() => agent.session({ userId })).toThrow(
      expect.objectContaining({
        reason: expect.objectContaining({ _tag: "InvalidInput" }) as object
      }) as Error
    )
  })

  it.each(["", " ", "x".repeat(300), "half \ud800", "nul\u0000"])(
    "is refused as a session id: %j",
    async (sessionId) => {
      const agent = createAgent({ memory: await openMemory(), model: MODEL })
      expect(() => agent.session({ userId: "ana", sessionId })).toThrow(/sessionId: give/)
    }
  )

  it.each(["", "  \n", undefined])(
    "is refused as a message: %j, and the next message is answered",
    async (message) => {
      const server = await serve(["Fine."])
      const session = createAgent({
        memory: await openMemory(),
        client: server.client(),
        model: MODEL
      }).session({ userId: "ana" })
      await expect(session.send(message as string)).rejects.toMatchObject({
        reason: { _tag: "InvalidInput", field: "message" }
      })
      await expect(collect(session.stream(message as string))).rejects.toMatchObject({
        reason: { _tag: "InvalidInput" }
      })
      expect((await session.send("Hello")).text).toBe("Fine.")
    }
  )

  it("refuses turns after close; two agents over one memory close in any order", async () => {
    const server = await serve(() => "Fine.")
    const memory = await openMemory()
    const options = { memory, client: server.client(), model: MODEL }
    const [first, second] = [createAgent(options), createAgent(options)]
    const session = first.session({ userId: "ana" })
    await session.send("Hello")
    await first.close()
    await first.close()
    await expect(session.send("Hello?")).rejects.toMatchObject({ reason: { _tag: "AgentClosed" } })
    expect(() => first.session({ userId: "ana" })).toThrow(/closed/)
    expect((await second.session({ userId: "ana" }).send("Hello")).degraded).toEqual([])
    await memory.close()
    const result = await second.session({ userId: "ana" }).send("Hello")
    expect(result.text).toBe("Fine.")
    expect(result.degraded.map(({ reason, stage }) => [stage, reason])).toEqual([
      ["recall", "Closed"],
      ["write", "Closed"]
    ])
    await second.close()
  })
})
