import type Anthropic from "@anthropic-ai/sdk"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { type AgentOptions, defineTool } from "../../src/index.ts"
import { createAgent, openMemory, serve } from "../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"
const SHORT = { type: "ephemeral" as const }
const LONG = { type: "ephemeral" as const, ttl: "1h" as const }

const look = defineTool({
  name: "look",
  description: "Looks.",
  input: Schema.Struct({}),
  execute: () => "y".repeat(400)
})

const systemOf = (
  ...marks: ReadonlyArray<Anthropic.Beta.Messages.BetaCacheControlEphemeral | undefined>
): ReadonlyArray<Anthropic.Beta.Messages.BetaTextBlockParam> =>
  marks.map((mark, i) => ({
    type: "text" as const,
    text: `Rule ${i}.`,
    ...(mark === undefined ? {} : { cache_control: mark })
  }))

const toolWith = (fields: object) => ({
  name: "search",
  description: "Searches.",
  input_schema: { type: "object" as const, properties: {} },
  parse: (input: unknown) => input,
  run: () => "Found.",
  ...fields
})

const CONFIGURATIONS: ReadonlyArray<readonly [string, Partial<AgentOptions>]> = [
  ["a text as system prompt", { system: "Be kind." }],
  ["no system prompt", {}],
  ["1h", { system: "Be kind.", cache: "1h" }],
  ["no cache", { system: "Be kind.", cache: false }],
  ["a marked and a plain block", { system: systemOf(SHORT, undefined) }],
  ["two marked blocks", { system: systemOf(SHORT, SHORT) }],
  ["four marked blocks", { system: systemOf(SHORT, SHORT, SHORT, SHORT) }],
  ["1h with a 5-minute block of the caller's", { system: systemOf(SHORT, undefined), cache: "1h" }],
  ["5m with a 1-hour block of the caller's", { system: systemOf(LONG, undefined), cache: "5m" }],
  ["1h with both", { system: systemOf(LONG, SHORT, undefined), cache: "1h" }],
  ["automatic marks", { system: "Be kind.", params: { cache_control: SHORT } }],
  ["automatic marks of an hour", { system: "Be kind.", params: { cache_control: LONG } }],
  [
    "automatic marks and three blocks",
    { system: systemOf(SHORT, SHORT, SHORT), params: { cache_control: SHORT } }
  ],
  ["a marked tool", { system: "Be kind.", tools: [look, toolWith({ cache_control: LONG })] }],
  ["a deferred last tool", { system: "Be kind.", tools: [look, toolWith({ defer_loading: true })] }],
  ["memory in the system prompt", { system: systemOf(SHORT, undefined), placement: "system" }],
  ["a blank block", { system: [{ type: "text", text: " " }, ...systemOf(SHORT)] }]
]

describe("breakpoints", () => {
  it.each(CONFIGURATIONS)("are legal over three turns with tools: %s", async (name, options) => {
    const server = await serve(({ body }) =>
      JSON.stringify(body.messages.at(-1)).includes("tool_result")
        ? "Looked."
        : { tools: [{ name: "look", input: {} }] }
    )
    const memory = await openMemory()
    await memory.for({ userId: "ana" }).remember({ content: "Ana likes tea.", type: "semantic" })
    const session = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      tools: [look],
      memoryTools: true,
      ...options
    }).session({ userId: "ana" })
    for (let i = 0; i < 3; i++) await session.send(`Look at tea ${i}`)
    expect(server.refusals).toEqual([])
    const isCached = options.cache !== false
    const isFull = ["four marked blocks", "automatic marks and three blocks"].includes(name)
    const read = server.requests.slice(1).map(({ usage }) => usage.cache_read_input_tokens)
    expect(Math.min(...read) > 0 || !isCached || isFull).toBe(true)
  })

  it("move to the newest tool result: a turn of 15 calls with large results sends them once", async () => {
    const large = defineTool({
      name: "look",
      description: "Looks.",
      input: Schema.Struct({ page: Schema.Finite }),
      execute: ({ page }) => `page ${page} `.repeat(3_000)
    })
    const server = await serve(({ body }) => {
      const page = body.messages.filter(({ role }) => role === "assistant").length
      return page < 15 ? { tools: [{ name: "look", input: { page } }] } : "Read."
    })
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL,
      system: "Be kind.",
      tools: [large],
      maxTurns: 20
    }).session({ userId: "ana" })
    const { usage } = await session.send("Read all pages")
    expect(usage.requests).toBe(16)
    expect(usage.inputTokens).toBe(0)
    expect(usage.cacheReadTokens).toBeGreaterThan(usage.cacheWriteTokens * 6)
  })

  it("are kept from one turn to the next, however long the turn between", async () => {
    const many = Array.from({ length: 12 }, () => ({ name: "look", input: {} }))
    const server = await serve(({ body }) =>
      JSON.stringify(body.messages.at(-1)).includes("tool_result") ? "Looked." : { tools: many }
    )
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL,
      system: "Be kind.",
      tools: [look]
    }).session({ userId: "ana" })
    for (let i = 0; i < 4; i++) {
      await session.send(`Look ${i}`)
      const [first, second] = server.requests.slice(-2)
      // What the turn before wrote is read again, and within the turn all but the newest results.
      expect(i === 0 || (first?.usage.cache_read_input_tokens ?? 0) > 0).toBe(true)
      expect(second?.usage.input_tokens).toBe(0)
    }
  })
})
