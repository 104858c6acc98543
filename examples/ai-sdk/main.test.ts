import { createAnthropic } from "@ai-sdk/anthropic"
import { messagesServer } from "@keepsake/agent/testing"
import { openMemory } from "@keepsake/keepsake"
import { expect, it } from "vitest"
import { answer } from "./main.ts"
import { script } from "./script.ts"

it("recalls through the AI SDK and its Anthropic provider", async () => {
  await using server = await messagesServer(script)
  await using memory = await openMemory("memory:")
  const anthropic = createAnthropic({ apiKey: "local", baseURL: `${server.url}/v1` })
  const ana = memory.for({ userId: "ana" })
  expect(await answer(anthropic, ana, "monday", "My truck is called Bertha.")).toBe(
    "(scripted) You said: My truck is called Bertha."
  )
  expect(await answer(anthropic, ana, "tuesday", "What is my truck called?")).toContain(
    "My truck is called Bertha."
  )
})
