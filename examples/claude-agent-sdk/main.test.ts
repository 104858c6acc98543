import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { askThroughSdk } from "./askThroughSdk.ts"
import { serverCommand } from "./serverCommand.ts"
import { withTools } from "./withTools.ts"

const storeInFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "keepsake-example-"))
  onTestFinished(() => rm(folder, { recursive: true }))
  return `file:${join(folder, "memory.db")}`
}

it("remembers over MCP, from one process to the next, each user apart", async () => {
  const store = await storeInFolder()
  await withTools(serverCommand(store, "ana"), async ({ call, names }) => {
    expect(names).toEqual(expect.arrayContaining(["remember", "recall", "forget", "update"]))
    expect(await call("remember", { content: "Ana's truck is called Bertha." })).toMatch(/^Remembered/)
  })
  await withTools(serverCommand(store, "ana"), async ({ call }) => {
    expect(await call("recall", { query: "What is Ana's truck called?" })).toContain("Bertha")
  })
  await withTools(serverCommand(store, "bob"), async ({ call }) => {
    expect(await call("recall", { query: "What is Ana's truck called?" })).not.toContain("Bertha")
  })
})

it("says how to install a missing SDK", async () => {
  await expect(askThroughSdk(serverCommand("memory:", "ana"), "hello")).rejects.toThrow(
    "pnpm add @anthropic-ai/claude-agent-sdk"
  )
})
