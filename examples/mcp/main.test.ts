import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { callTools } from "./main.ts"

it("remembers over MCP from one connection to the next, each user apart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "keepsake-mcp-"))
  const store = `file:${join(folder, "memory.db")}`
  try {
    await callTools(store, "ines", [
      ["remember", { content: "Ines is building a SaaS for freight logistics" }]
    ])
    const ask = [["context", { message: "What was my project again?" }]] as const
    expect((await callTools(store, "ines", ask))[0]).toContain("freight logistics")
    expect((await callTools(store, "bo", ask))[0]).not.toContain("freight")
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
