/** Calls that take a while, and what else goes over the line meanwhile. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import type { EmbedderProvider } from "@keepsake/core"
import { expect, it } from "vitest"
import { openMemory } from "../../src/index.ts"
import { createMcpServer } from "../../src/mcp/index.ts"
import { cleanEnv, MAIN, temporaryFolder } from "../support/runKeepsake.ts"

/** Answers a question when `gate` opens, unless it is aborted; `asked` opens when it is asked. */
const slowEmbedder = () => {
  const [asked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const aborted: Array<string> = []
  const embedder: EmbedderProvider = {
    model: "slow",
    dimensions: 2,
    embed: async (texts, purpose, signal) => {
      const vectors = texts.map(() => [1, 0])
      // The store measures the model by texts of its own.
      if (purpose !== "query" || !texts.includes("freight")) return vectors
      asked.resolve()
      const abort = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted.push(texts.join())
          reject(signal.reason as Error)
        })
      })
      await Promise.race([gate.promise, abort])
      return vectors
    }
  }
  return { embedder, asked, gate, aborted }
}

const connect = async (embedder: EmbedderProvider) => {
  const store = await openMemory({ store: "memory:", embedder })
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const server = createMcpServer(store.for({ userId: "ana" }), { version: "1" })
  await server.connect(theirs)
  const client = new Client({ name: "test", version: "1" })
  await client.connect(ours)
  return { client, store }
}

it("a client that asks for progress hears of it each second", async () => {
  const { embedder, gate } = slowEmbedder()
  const { client, store } = await connect(embedder)
  await store.for({ userId: "ana" }).remember("Freight leaves on Friday")
  const heard: Array<number> = []
  await client.callTool({ name: "recall", arguments: { query: "freight" } }, undefined, {
    onprogress: ({ progress }) => {
      if (heard.push(progress) === 3) gate.resolve()
    }
  })
  expect(heard.length).toBeGreaterThanOrEqual(3)
  expect(heard).toEqual(heard.toSorted((a, b) => a - b))
  await client.close()
  await store.close()
})

it("a cancelled call stops at the embedder", async () => {
  const { aborted, asked, embedder } = slowEmbedder()
  const { client, store } = await connect(embedder)
  await store.for({ userId: "ana" }).remember("Freight leaves on Friday")
  const cancel = new AbortController()
  const call = client.callTool({ name: "recall", arguments: { query: "freight" } }, undefined, {
    signal: cancel.signal
  })
  await asked.promise
  cancel.abort(new Error("never mind"))
  await expect(call).rejects.toThrow(/never mind/u)
  await expect.poll(() => aborted, { timeout: 60_000 }).toEqual(["freight"])
  await client.close()
  await store.close()
})

const INITIALIZE = {
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } }
}

/** What a library may do: it prints, at once and later. */
const NOISE = `data:text/javascript,${encodeURIComponent(
  `setInterval(() => { console.log("loading…"); console.info("50 %"); process.stdout.write("done") }, 20).unref()`
)}`

it("a line that is no message is answered, and those after it", async () => {
  await using folder = await temporaryFolder()
  const child = spawn(process.execPath, [MAIN, "mcp"], {
    cwd: folder.path,
    env: cleanEnv(folder.path)
  })
  child.stdin.end(
    ["nonsense", '{"jsonrpc":"2.0"}', "", JSON.stringify({ jsonrpc: "2.0", ...INITIALIZE })].join("\n") + "\n"
  )
  let out = ""
  child.stdout.on("data", (part) => (out += String(part)))
  expect(await once(child, "close")).toEqual([0, null])
  const answers = out
    .trim()
    .split("\n")
    .map(
      (line) => JSON.parse(line) as { readonly id: number | null; readonly error?: { readonly code: number } }
    )
  expect(answers.map(({ error, id }) => [id, error?.code])).toEqual([
    [null, -32_700],
    [null, -32_600],
    [1, undefined]
  ])
})

it("what a library prints goes to standard error", async () => {
  await using folder = await temporaryFolder()
  const child = spawn(process.execPath, ["--import", NOISE, MAIN, "mcp"], {
    cwd: folder.path,
    env: cleanEnv(folder.path)
  })
  let out = ""
  let errors = ""
  child.stdout.on("data", (part) => (out += String(part)))
  child.stderr.on("data", (part) => (errors += String(part)))
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...INITIALIZE })}\n`)
  await expect.poll(() => out, { timeout: 100_000 }).toContain('"id":1')
  // What is printed before the command has begun is not the server's.
  const before = out.length
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(out.length).toBe(before)
  expect(errors).toContain("loading…")
  child.stdin.end()
  await once(child, "close")
})
