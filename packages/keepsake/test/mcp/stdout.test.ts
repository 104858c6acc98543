import { spawn } from "node:child_process"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { createInterface } from "node:readline"
import { assert, it } from "vitest"
import { openMemory } from "../../src/index.ts"
import { cleanEnv, MAIN, temporaryFolder } from "../support/runKeepsake.ts"

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } }
}

it("every line of keepsake mcp is JSON while a purge meets a lock", async () => {
  await using home = await temporaryFolder()
  const path = join(home.path, "memory.db")
  const memory = await openMemory(`file:${path}`)
  await memory.for({ userId: "ana" }).remember({ content: "The permit is in the glove box", ttlDays: 1 })
  await memory.close()
  const locker = new DatabaseSync(path)
  locker.exec("UPDATE memory SET expires_at = 1")
  locker.exec("BEGIN IMMEDIATE")
  const child = spawn(process.execPath, [MAIN, "mcp", "--store", `file:${path}`], {
    cwd: home.path,
    env: cleanEnv(home.path)
  })
  const lines: Array<string> = []
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line))
  child.stdin.write(`${JSON.stringify(INITIALIZE)}\n`)
  // The memory has expired; its purge waits for the lock for ten seconds.
  let errors = ""
  for await (const part of child.stderr) {
    errors += String(part)
    if (errors.includes("Expired memories could not be removed")) break
  }
  child.stdin.end()
  assert.include(errors, "Expired memories could not be removed")
  locker.close()
  assert.isAtLeast(lines.length, 1)
  for (const line of lines) assert.doesNotThrow(() => JSON.parse(line), undefined, line)
})
