import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { describe, expect, it } from "vitest"
import { estimateTokens, type PromiseMemory } from "@keepsake/core"
import { openMemory } from "../../src/index.ts"
import { createMcpServer, serveHttp } from "../../src/mcp/index.ts"
import { cleanEnv, keepsake, MAIN, temporaryFolder } from "../support/runKeepsake.ts"

const readText = (result: unknown): string => {
  const { content } = result as { readonly content: ReadonlyArray<{ readonly text?: string }> }
  return content.map((part) => part.text ?? "").join("")
}

const connect = async (transport: Parameters<Client["connect"]>[0]): Promise<Client> => {
  const client = new Client({ name: "test", version: "1.0.0" })
  await client.connect(transport)
  return client
}

/** Uses every tool, resource and prompt through the official client, as each transport must allow. */
const useEverything = async (client: Client): Promise<void> => {
  const { tools } = await client.listTools()
  expect(tools.map((tool) => tool.name).sort()).toEqual([
    "context",
    "forget",
    "get",
    "list",
    "recall",
    "remember",
    "update"
  ])
  for (const { annotations, inputSchema, outputSchema, title } of tools) {
    expect(Object.keys(inputSchema.properties ?? {})).not.toContain("userId")
    expect(inputSchema).toMatchObject({ type: "object", additionalProperties: false })
    expect(outputSchema).toMatchObject({ type: "object" })
    expect(title).toMatch(/^[A-Z]/u)
    expect(annotations).toEqual({
      readOnlyHint: expect.any(Boolean) as boolean,
      destructiveHint: expect.any(Boolean) as boolean,
      idempotentHint: expect.any(Boolean) as boolean,
      openWorldHint: false
    })
  }

  const remembered = await client.callTool({
    name: "remember",
    arguments: { content: "Ana builds a SaaS for freight logistics", type: "semantic" }
  })
  const long = await client.callTool({ name: "remember", arguments: { content: "x".repeat(1_000_001) } })
  expect(readText(long)).toMatch(/at most 1000000[\s\S]*content/u)
  const id = /[0-9a-f-]{36}/u.exec(readText(remembered))?.[0] ?? ""
  expect(
    readText(await client.callTool({ name: "context", arguments: { message: "What was my project again?" } }))
  ).toContain("freight")
  expect(
    readText(await client.callTool({ name: "recall", arguments: { query: "freight logistics SaaS" } }))
  ).toContain(id)

  const { resources } = await client.listResources()
  const [memories] = resources
  const read = await client.readResource({ uri: memories?.uri ?? "" })
  expect(JSON.stringify(read.contents)).toContain("freight")
  const single = await client.readResource({ uri: `keepsake://memories/${id}` })
  expect(JSON.stringify(single.contents)).toContain("freight")
  await expect(
    client.readResource({ uri: "keepsake://memories/00000000-0000-5000-8000-000000000000" })
  ).rejects.toThrow(/no keepsake/u)

  const { prompts } = await client.listPrompts()
  const prompt = await client.getPrompt({ name: prompts[0]?.name ?? "" })
  expect(JSON.stringify(prompt.messages)).toContain("remember")

  const call = async (name: string, input: Record<string, unknown>) =>
    readText(await client.callTool({ name, arguments: input }))
  expect(await call("list", { where: { type: "semantic", content: "x" } })).toMatch(
    /where\.content: is not known/u
  )
  expect(await call("list", { where: { importance: { gte: 0.1 } } })).toContain(id)
  expect(await call("list", { where: { pinned: true } })).toBe("No memory passes this filter.")
  expect(await call("recall", { query: "freight SaaS", where: { not: { type: "semantic" } } })).not.toContain(
    id
  )
  expect(await call("recall", { query: "freight SaaS", where: { type: { equals: "semantic" } } })).toMatch(
    /where\.type\.equals: is no operator here\. .*eq/u
  )
  expect(await call("forget", { where: {} })).toMatch(/forgetAll/u)
  expect(await call("forget", { id, where: { pinned: true } })).toMatch(/give id or where, not both/u)
  expect(await call("forget", { where: { pinned: true } })).toBe("No memory passes this filter.")
  expect(await call("remember", { content: "Ana has a boat", type: "procedural" })).toMatch(/Remembered/u)
  expect(await call("forget", { where: { type: "procedural" } })).toBe("Forgotten: 1.")

  const misspelt = await client.callTool({ name: "recall", arguments: { query: "x", limt: 3 } })
  expect(misspelt.isError).toBe(true)
  expect(readText(misspelt)).toContain('Did you mean "limit"?')
  const mistyped = await client.callTool({ name: "recall", arguments: { query: 5 } })
  expect(mistyped.isError).toBe(true)
  expect(readText(await client.callTool({ name: "forget", arguments: { id } }))).toBe("Forgotten.")
  expect(
    readText(await client.callTool({ name: "recall", arguments: { query: "freight logistics SaaS" } }))
  ).not.toContain(id)
}

describe("keepsake mcp", () => {
  it("serves tools, resource and prompt over standard input and output", async () => {
    await using folder = await temporaryFolder()
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [MAIN, "mcp", "--user", "ana"],
      env: cleanEnv(folder.path) as Record<string, string>,
      cwd: folder.path
    })
    const client = await connect(transport)
    await useEverything(client)
    await client.callTool({ name: "remember", arguments: { content: "Ana ships on Fridays" } })
    await client.close()
    const mine = await keepsake(folder.path, ["list", "--user", "ana"])
    expect(mine.out).toContain("Fridays")
    const others = await keepsake(folder.path, ["list", "--user", "bo"])
    expect(others.out).toContain("Nothing is remembered")
  })

  it("recalls from the scopes of --reads too, which no tool can name or change", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    await keepsake(path, ["remember", "Freight leaves on Friday", "--user", "team:blue"])
    await keepsake(path, ["remember", "Freight is paid in advance", "--user", "all", "--agent", "handbook"])
    await keepsake(path, ["remember", "Freight is a secret", "--user", "bo"])
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [MAIN, "mcp", "--user", "ana", "--reads", "team:blue,handbook/all"],
      env: cleanEnv(path) as Record<string, string>,
      cwd: path
    })
    const client = await connect(transport)
    const call = async (name: string, input: Record<string, unknown>) =>
      readText(await client.callTool({ name, arguments: input }))
    const found = await call("recall", { query: "freight" })
    expect(found).toContain('"from":"team:blue"')
    expect(found).toContain('"from":"handbook/all"')
    expect(found).not.toContain("secret")
    expect(await call("context", { message: "When does the freight leave?" })).toContain('from="team:blue"')
    expect(await call("list", {})).not.toContain("Friday")
    expect(await call("recall", { query: "freight", reads: ["bo"] })).toMatch(/reads/u)
    await client.close()
  })

  it("keeps a memory of its own for a project, with the user's own read besides", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    await keepsake(path, ["remember", "Ana prefers short answers about freight"])
    const shop = join(path, "shop")
    const inner = join(shop, "src")
    await mkdir(join(shop, ".git"), { recursive: true })
    await mkdir(inner)
    await mkdir(join(path, "other"))
    const ask = async (cwd: string, project: string, name: string, input: Record<string, unknown>) => {
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [MAIN, "mcp", "--project", project],
        env: cleanEnv(path) as Record<string, string>,
        cwd
      })
      const client = await connect(transport)
      const text = readText(await client.callTool({ name, arguments: input }))
      await client.close()
      return text
    }
    await ask(shop, ".", "remember", { content: "The shop's freight goes by rail" })
    const within = await ask(inner, ".", "recall", { query: "freight" })
    expect(within).toContain("by rail")
    expect(within).toContain("short answers")
    expect(await ask(path, "./other", "recall", { query: "freight" })).not.toContain("by rail")
    expect((await keepsake(path, ["list"])).out).not.toContain("by rail")
    expect((await keepsake(path, ["list", "--project", "shop/src"])).out).toContain("by rail")
    const missing = await keepsake(path, ["list", "--project", "./nowhere"])
    expect(missing.code).not.toBe(0)
    expect(missing.err).toMatch(/there is no folder \.\/nowhere/u)
  })

  it("answers what was asked before standard input closed", async () => {
    await using folder = await temporaryFolder()
    const child = spawn(process.execPath, [MAIN, "mcp"], { cwd: folder.path, env: cleanEnv(folder.path) })
    const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
    send({
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } }
    })
    await Promise.race([once(child.stdout, "data"), once(child, "close")])
    send({ method: "notifications/initialized" })
    send({
      id: 2,
      method: "tools/call",
      params: { name: "remember", arguments: { content: "The last word before the line went dead" } }
    })
    send({ id: 3, method: "tools/list" })
    send({ id: 4, method: "resources/read", params: { uri: "keepsake://memories" } })
    send({ id: 5, method: "tools/call", params: { name: "list", arguments: {} } })
    child.stdin.end('{"jsonrpc":"2.0","id":6,"method":"tools/ca')
    let rest = ""
    child.stdout.on("data", (part) => (rest += String(part)))
    const [code] = (await once(child, "close")) as [number | null]
    expect(code).toBe(0)
    const answered = rest
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { id: number }).id)
    expect(answered.toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5])
    const listed = await keepsake(folder.path, ["list"])
    expect(listed.out).toContain("The last word")
  })

  it("serves the same over streamable HTTP, to several clients at once", async () => {
    await using memory = await openMemory("memory:")
    const server = await serveHttp(memory.for({ userId: "ana" }), {
      version: "0.0.0",
      port: 0,
      token: "s3cret"
    })
    const open = async () =>
      connect(
        new StreamableHTTPClientTransport(new URL(server.url), {
          requestInit: { headers: { authorization: "Bearer s3cret" } }
        })
      )
    const [first, second] = await Promise.all([open(), open()])
    await useEverything(first)
    await first.callTool({ name: "remember", arguments: { content: "Ana ships on Fridays" } })
    expect(
      readText(await second.callTool({ name: "recall", arguments: { query: "ships Fridays" } }))
    ).toContain("Fridays")
    await Promise.all([first.close(), second.close()])
    await server.close()
  })

  it("refuses other sites, a missing token, another host and an address without a token", async () => {
    await using memory = await openMemory("memory:")
    const scoped = memory.for({ userId: "ana" })
    const server = await serveHttp(scoped, { version: "0.0.0", port: 0, token: "s3cret" })
    const ask = async (headers: Record<string, string>, method = "POST") =>
      (
        await fetch(server.url, {
          method,
          headers: { "content-type": "application/json", ...headers },
          ...(method === "POST" ? { body: "{" } : {})
        })
      ).status
    expect(await ask({})).toBe(401)
    expect(await ask({ authorization: "Bearer wrong" })).toBe(401)
    expect(await ask({ authorization: "Bearer s3cret", origin: "https://evil.example" })).toBe(403)
    expect(await ask({ authorization: "Bearer s3cret" })).toBe(400)
    expect(await ask({ authorization: "Bearer s3cret" }, "GET")).toBe(405)
    await server.close()
    await expect(serveHttp(scoped, { version: "0.0.0", port: 0, host: "0.0.0.0" })).rejects.toThrow(
      /KEEPSAKE_MCP_TOKEN/u
    )
  })
})

describe("what a model reads", () => {
  const connectTo = async (memory: PromiseMemory) => {
    const [ours, theirs] = InMemoryTransport.createLinkedPair()
    await createMcpServer(memory, { version: "1" }).connect(theirs)
    return connect(ours)
  }

  it("begins with the newest memory, of any number, and is bounded by tokens", async () => {
    await using store = await openMemory("memory:")
    const memory = store.for({ userId: "ana" })
    const start = Date.UTC(2026, 0, 1)
    for (let day = 0; day < 608; day++)
      await memory.remember({ content: `Parcel ${day}`, saidAt: start + day * 60_000 })
    const client = await connectTo(memory)
    const read = async (uri: string) =>
      String(((await client.readResource({ uri })).contents[0] as { readonly text?: unknown }).text)
    const text = await read("keepsake://memories")
    const rows = text.split("\n")
    expect(rows[0]).toContain('"Parcel 607"')
    expect(rows[1]).toContain('"Parcel 606"')
    expect(rows.at(-1)).toContain("the tool list pages through them")
    expect(rows.length).toBeGreaterThan(100)
    expect(estimateTokens(text)).toBeLessThan(10_500)
    const { id } = await memory.remember(`Ledger: ${"entry of the ledger. ".repeat(40_000)}`)
    const long = await read(`keepsake://memories/${id}`)
    expect(JSON.parse(long)).toMatchObject({ id, cut: true })
    expect(estimateTokens(long)).toBeLessThan(10_500)
  })

  it("pages through a list of any length, newest first, each page bounded", async () => {
    await using store = await openMemory("memory:")
    const memory = store.for({ userId: "ana" })
    const start = Date.UTC(2026, 0, 1)
    for (let i = 0; i < 150; i++) {
      await memory.remember({
        content: `Crate ${i} ${"holds spare parts of the crane. ".repeat(i % 3 === 0 ? 400 : 1)}`,
        saidAt: start + i * 60_000,
        type: i % 2 === 0 ? "semantic" : "episodic"
      })
    }
    const client = await connectTo(memory)
    const seen: Array<number> = []
    let after: string | undefined
    do {
      const result = await client.callTool({
        name: "list",
        arguments: { limit: 100, ...(after === undefined ? {} : { after }) }
      })
      expect(estimateTokens(readText(result))).toBeLessThan(4_400)
      const page = result.structuredContent as {
        readonly memories: ReadonlyArray<{ readonly content: string }>
        readonly next?: string
      }
      seen.push(...page.memories.map(({ content }) => Number(/\d+/u.exec(content)?.[0])))
      after = page.next
    } while (after !== undefined)
    expect(seen).toEqual(Array.from({ length: 150 }, (_, i) => 149 - i))
    const listed = async (input: Record<string, unknown>) =>
      readText(await client.callTool({ name: "list", arguments: input }))
    const narrow = await listed({
      type: "semantic",
      since: "2026-01-01T00:10:00Z",
      until: "2026-01-01T00:13:00Z"
    })
    expect(narrow.match(/Crate \d+/gu)).toEqual(["Crate 12", "Crate 10"])
    expect(await listed({ since: "yesterday" })).toMatch(/since.*ISO text/su)
    expect(await listed({ after: "x" })).toMatch(/after: give next/u)
  })

  it("says when, for how long and whose, as the model gave it", async () => {
    await using store = await openMemory("memory:")
    const memory = store.for({ userId: "ana" })
    const client = await connectTo(memory)
    const call = async (name: string, input: Record<string, unknown>) => {
      const result = await client.callTool({ name, arguments: input })
      return { text: readText(result), data: result.structuredContent as Record<string, unknown> }
    }
    const { data } = await call("remember", {
      content: "The gate code is 4711",
      saidBy: "assistant",
      saidAt: "2026-01-31T12:00:00Z",
      ttlDays: 7
    })
    expect(data).toMatchObject({ outcome: "remembered" })
    const id = String(data["id"])
    const kept = await memory.get(id)
    expect(kept).toMatchObject({ source: "assistant", saidAt: Date.UTC(2026, 0, 31, 12) })
    expect((kept?.expiresAt ?? 0) - Date.now()).toBeGreaterThan(6.9 * 86_400_000)
    expect((await call("get", { id })).data["memory"]).toMatchObject({
      id,
      on: "2026-01-31",
      saidBy: "assistant"
    })
    await call("update", { id, ttlDays: 30 })
    expect(((await memory.get(id))?.expiresAt ?? 0) - Date.now()).toBeGreaterThan(29.9 * 86_400_000)
    await call("update", { id, content: "The gate code is 4712" })
    expect((await call("recall", { query: "gate code" })).text).toContain("4712")
    expect((await call("recall", { query: "gate code", asOf: "2026-02-01T00:00:00Z" })).text).toContain(
      "4711"
    )
    expect((await call("get", { id })).data["memory"]).toMatchObject({
      endedOn: expect.any(String) as string
    })
    expect((await call("get", { id: "00000000-0000-5000-8000-000000000000" })).data).toEqual({ memory: null })
  })

  it("holds nothing hidden, in tools and resources as in the context", async () => {
    await using store = await openMemory("memory:")
    const memory = store.for({ userId: "ana" })
    const hidden = "\u{e0041}\u{e0101}\u00ad\u202e\u200f\ufffa\u200b"
    const { id } = await memory.remember({
      content: `Freight${hidden} leaves`,
      speaker: `Eve${hidden}`,
      metadata: { [`k${hidden}`]: hidden }
    })
    const client = await connectTo(memory)
    const call = async (name: string, input: Record<string, unknown>) =>
      readText(await client.callTool({ name, arguments: input }))
    const texts = [
      await call("recall", { query: "Freight leaves" }),
      await call("list", {}),
      await call("context", { message: "Freight leaves" }),
      JSON.stringify(await client.readResource({ uri: "keepsake://memories" })),
      JSON.stringify(await client.readResource({ uri: `keepsake://memories/${id}` }))
    ]
    for (const text of texts) {
      expect(text).toContain("Freight leaves")
      expect(text).not.toMatch(/[\u00ad\u200b-\u200f\u202a-\u202e\ufff9-\ufffb\u{e0000}-\u{e0fff}]/u)
      expect(text).not.toMatch(/\\u(?:00ad|200[b-f]|202|fffa|db40)/iu)
    }
  })
})
