import { spawnSync } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { openMemory } from "@keepsake/keepsake"
import { afterAll, beforeAll, expect, it } from "vitest"

const HOOK = fileURLToPath(new URL("hook.mjs", import.meta.url))
const PATH = [
  dirname(process.execPath),
  fileURLToPath(new URL("node_modules/.bin", import.meta.url)),
  process.env["PATH"]
].join(delimiter)

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "keepsake-hook-"))
  const memory = await openMemory(`file:${join(home, ".keepsake/memory.db")}`)
  await memory.for({ userId: "me" }).remember("I use pnpm in every project.")
  await memory.close()
})
afterAll(() => rm(home, { recursive: true, force: true }))

/** Runs the hook as Claude Code does. */
const submit = (prompt: string, env: NodeJS.ProcessEnv = {}) => {
  const input = JSON.stringify({ session_id: "1", hook_event_name: "UserPromptSubmit", prompt })
  return spawnSync(process.execPath, [HOOK], {
    input,
    encoding: "utf8",
    cwd: home,
    env: { ...process.env, PATH, HOME: home, USERPROFILE: home, ...env }
  })
}

it("prints the block of a prompt", () => {
  const { status, stdout } = submit("Which package manager does my project use?")
  expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining("I use pnpm") })
})

it("lets the prompt go on where memory fails", () => {
  const { status, stderr, stdout } = submit("Hello", { KEEPSAKE_STORE: "file:/dev/null/memory.db" })
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" })
  expect(stderr).toContain("a file where a folder is needed")
})
