import type Anthropic from "@anthropic-ai/sdk"
import { anthropicTools, defineTool, memoryTools } from "@keepsake/agent"
import { modelClient } from "@keepsake/agent/testing"
import { openMemory, type PromiseMemory } from "@keepsake/keepsake"
import { Schema } from "effect"
import { NOTES } from "./corpus.ts"
import { script } from "./script.ts"

const search = defineTool({
  name: "search_notes",
  description: "Search the freight notes for a word.",
  input: Schema.Struct({ word: Schema.String }),
  execute: ({ word }) => {
    const matches = NOTES.filter(({ text, title }) =>
      `${title} ${text}`.toLowerCase().includes(word.toLowerCase())
    )
    return matches.length === 0
      ? "Nothing found."
      : matches.map(({ text, title }) => `${title}: ${text}`).join("\n")
  }
})

/** Researches a question with the SDK's tool runner, and remembers the findings through the memory tools. */
export const research = async (
  claude: Anthropic,
  memory: PromiseMemory,
  question: string
): Promise<string> => {
  const final = await claude.beta.messages.toolRunner({
    model: "claude-sonnet-5-5",
    max_tokens: 2_048,
    max_iterations: 12,
    system:
      "You research questions. First recall known facts, then search the notes for missing ones, then remember each finding as one self-contained statement, then answer.",
    messages: [{ role: "user", content: question }],
    tools: anthropicTools([search, ...memoryTools(memory)]),
    thread: false
  })
  return final.content.map((block) => (block.type === "text" ? block.text : "")).join("")
}

if (import.meta.main) {
  await using memory = await openMemory(process.env["KEEPSAKE_STORE"] ?? "file:./memory.db")
  await using claude = await modelClient(script)
  const scoped = memory.for({ userId: "ana", agentId: "researcher" })
  console.log(await research(claude.client, scoped, "How do I get 30 containers from Rotterdam to Duisburg?"))
  console.log(await research(claude.client, scoped, "What was that about rail?"))
}
