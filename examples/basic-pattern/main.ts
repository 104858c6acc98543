import type Anthropic from "@anthropic-ai/sdk"
import { modelClient } from "@keepsake/agent/testing"
import { openMemory, type PromiseMemory } from "@keepsake/keepsake"
import { script } from "./script.ts"

export const reply = async (claude: Anthropic, memory: PromiseMemory, sessionId: string, user: string) => {
  const { text: context } = await memory.context(user)
  const blocks = [user, context]
    .filter((text) => text !== "")
    .map((text) => ({ type: "text" as const, text }))
  const { content } = await claude.messages.create({
    model: "claude-sonnet-5-5",
    max_tokens: 1_024,
    system: "You are a helpful assistant with a memory.",
    messages: [{ role: "user", content: blocks }]
  })
  const assistant = content.map((block) => (block.type === "text" ? block.text : "")).join("")
  await memory.rememberExchange({ user, assistant, sessionId })
  return assistant
}

if (import.meta.main) {
  await using memory = await openMemory(process.env["KEEPSAKE_STORE"] ?? "file:./memory.db")
  await using claude = await modelClient(script)
  const ana = memory.for({ userId: "ana" })
  console.log(await reply(claude.client, ana, "monday", "I'm building a SaaS for freight logistics."))
  console.log(await reply(claude.client, ana, "tuesday", "What was my project again?"))
}
