import { messagesServer } from "@keepsake/agent/testing"
import { openMemory } from "@keepsake/keepsake"
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, it, onTestFinished } from "vitest"
import { converse } from "./converse.ts"
import { script } from "./script.ts"
import { type AgentSdk, loadSdk } from "./sdk.ts"

const makeFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "keepsake-example-"))
  onTestFinished(() => rm(folder, { recursive: true, maxRetries: 5 }))
  return folder
}

/** Calls the hooks as the SDK does, and answers with the block. */
const hooksAlone: AgentSdk = {
  query: async function* ({ options: { hooks }, prompt }) {
    const place = { session_id: prompt, prompt_id: prompt, transcript_path: "/nowhere.jsonl" }
    const { signal } = new AbortController()
    const output = await hooks.UserPromptSubmit[0]?.hooks[0]?.({ ...place, prompt }, undefined, { signal })
    const result = output?.hookSpecificOutput?.additionalContext ?? "nothing"
    await hooks.Stop[0]?.hooks[0]?.({ ...place, last_assistant_message: "Noted." }, undefined, { signal })
    yield { type: "result", result }
  }
}

const PROMPTS = ["My truck is called Bertha.", "What is my truck called?"]

it("takes a memory from one conversation to the next, and to no other user", async () => {
  await using memory = await openMemory(`file:${join(await makeFolder(), "memory.db")}`)
  const [first, second] = await converse(hooksAlone, memory.for({ userId: "ana" }), PROMPTS)
  expect(first).toBe("nothing")
  expect(second).toContain("Bertha")
  expect(await converse(hooksAlone, memory.for({ userId: "bob" }), PROMPTS.slice(1))).toEqual(["nothing"])
})

it("says how to install a missing SDK", async () => {
  const main = fileURLToPath(new URL("main.ts", import.meta.url))
  const env = { ...process.env, KEEPSAKE_CLAUDE_AGENT_SDK: "/nowhere" }
  const { stdout } = await promisify(execFile)(process.execPath, [main], { cwd: await makeFolder(), env })
  expect(stdout).toContain("pnpm add @anthropic-ai/claude-agent-sdk")
})

const sdk = process.env["KEEPSAKE_CLAUDE_AGENT_SDK"] === undefined ? undefined : await loadSdk()

it.skipIf(sdk === undefined)("runs with the SDK (pnpm test:claude-agent-sdk)", async () => {
  const home = await makeFolder()
  await using server = await messagesServer(script)
  await using memory = await openMemory(`file:${join(home, "memory.db")}`)
  const env = {
    PATH: process.env["PATH"],
    HOME: home,
    CLAUDE_CONFIG_DIR: join(home, "config"),
    ANTHROPIC_BASE_URL: server.url,
    ANTHROPIC_API_KEY: "none"
  }
  const answers = await converse(sdk as AgentSdk, memory.for({ userId: "ana" }), PROMPTS, env)
  expect(answers).toEqual([
    "(scripted) Nothing is remembered about a truck yet.",
    "(scripted) The memory says: the truck is called Bertha."
  ])
})
