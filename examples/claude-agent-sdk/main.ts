import { messagesServer } from "@keepsake/agent/testing"
import { openMemory } from "@keepsake/keepsake"
import { converse } from "./converse.ts"
import { script } from "./script.ts"
import { loadSdk } from "./sdk.ts"

const PROMPTS = ["My truck is called Bertha.", "What is my truck called?"]

const sdk = await loadSdk()
if (sdk === undefined) {
  console.log("The Claude Agent SDK is not installed: run `pnpm add @anthropic-ai/claude-agent-sdk` here.")
} else {
  await using memory = await openMemory(process.env["KEEPSAKE_STORE"] ?? "file:./memory.db")
  const user = memory.for({ userId: process.env["USER_ID"] ?? "ana" })
  const hasKey = Boolean(process.env["ANTHROPIC_API_KEY"])
  if (!hasKey) console.log("ANTHROPIC_API_KEY is not set: a scripted server answers instead of a model.")
  await using server = await messagesServer(script)
  const env = hasKey
    ? process.env
    : { ...process.env, ANTHROPIC_BASE_URL: server.url, ANTHROPIC_API_KEY: "none" }
  const answers = await converse(sdk, user, PROMPTS, env)
  for (const [i, answer] of answers.entries()) console.log(`> ${PROMPTS[i]}\n${answer}`)
}
