import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { talk } from "./main.ts"

it("remembers over MCP from one connection to the next, each user apart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "keepsake-mcp-"))
  const store = `file:${join(folder, "memory.db")}`
  try {
    await talk(store, "ines", [["remember", { content: "Ines is building a SaaS for freight logistics" }]])
    const ask = [["context", { message: "What was my project again?" }]] as const
    expect((await talk(store, "ines", ask))[0]).toContain("freight logistics")
    expect((await talk(store, "bo", ask))[0]).not.toContain("freight")
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
