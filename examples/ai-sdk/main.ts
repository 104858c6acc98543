import { type AnthropicProvider, createAnthropic } from "@ai-sdk/anthropic"
import { aiSdkTools, memoryTools } from "@keepsake/agent"
import { modelClient } from "@keepsake/agent/testing"
import { openMemory, type PromiseMemory } from "@keepsake/keepsake"
import { generateText, isStepCount } from "ai"
import { script } from "./script.ts"

/** One turn with the Vercel AI SDK: recalls the context, offers memory tools, remembers the exchange. */
export const answer = async (
  anthropic: AnthropicProvider,
  memory: PromiseMemory,
  sessionId: string,
  message: string
): Promise<string> => {
  const { text: context } = await memory.context(message)
  const { text } = await generateText({
    model: anthropic("claude-sonnet-5-5"),
    maxOutputTokens: 1_024,
    system: "You are a helpful assistant with a memory of this user.",
    messages: [
      {
        role: "user",
        content: [message, context]
          .filter((part) => part !== "")
          .map((part) => ({ type: "text" as const, text: part }))
      }
    ],
    tools: aiSdkTools(memoryTools(memory)),
    stopWhen: isStepCount(8)
  })
  await memory.rememberExchange({ user: message, assistant: text, sessionId })
  return text
}

if (import.meta.main) {
  await using memory = await openMemory(process.env["KEEPSAKE_STORE"] ?? "file:./memory.db")
  await using model = await modelClient(script)
  const anthropic = createAnthropic({
    apiKey: model.client.apiKey ?? "",
    baseURL: `${model.client.baseURL}/v1`
  })
  const ana = memory.for({ userId: "ana" })
  console.log(await answer(anthropic, ana, "monday", "My truck is called Bertha."))
  console.log(await answer(anthropic, ana, "tuesday", "What is my truck called?"))
}
