import { messagesServer } from "@keepsake/agent/testing"
import { openMemory } from "@keepsake/keepsake"
import { expect, it } from "vitest"
import { research } from "./main.ts"
import { script } from "./script.ts"

it("researches once and answers from memory the second time", async () => {
  await using server = await messagesServer(script)
  await using memory = await openMemory("memory:")
  const scoped = memory.for({ userId: "ana", agentId: "researcher" })
  expect(await research(server.client(), scoped, "Rail?")).toBe("(scripted) Researched and remembered.")
  expect((await scoped.list()).rows).toMatchObject([{ source: "assistant", type: "semantic" }])
  expect(await research(server.client(), scoped, "What was that about rail?")).toContain(
    "Rail from Rotterdam to Duisburg takes nine hours"
  )
})
