import { claudeAgentOptions } from "@keepsake/agent/claude-agent-sdk"
import type { PromiseMemory } from "@keepsake/keepsake"
import type { AgentSdk } from "./sdk.ts"

/** Asks each prompt in a conversation of its own, so that only the memory joins them. Returns the answers. */
export const converse = async (
  { query }: AgentSdk,
  user: PromiseMemory,
  prompts: ReadonlyArray<string>,
  env: NodeJS.ProcessEnv = process.env
): Promise<ReadonlyArray<string>> => {
  const withMemory = claudeAgentOptions(user, {
    onEvent: (event) => {
      if (event.type === "degraded") console.error(event.degradation.message)
    }
  })
  const answers: Array<string> = []
  for (const prompt of prompts) {
    // No other tools: this agent only talks.
    for await (const message of query({ prompt, options: { ...withMemory, env, tools: [] } })) {
      if (message.type === "result") answers.push(message.result ?? `ended with ${message.subtype}`)
    }
  }
  return answers
}
