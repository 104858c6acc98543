import { messagesServer } from "@keepsake/agent/testing"
import { openMemory } from "@keepsake/keepsake"
import { readFile } from "node:fs/promises"
import { expect, it } from "vitest"
import { reply } from "./main.ts"
import { script } from "./script.ts"

it("remembers across sessions, with two calls around the model", async () => {
  await using server = await messagesServer(script)
  await using memory = await openMemory("memory:")
  const ana = memory.for({ userId: "ana" })
  await reply(server.client(), ana, "monday", "I'm building a SaaS for freight logistics.")
  expect(await reply(server.client(), ana, "tuesday", "What was my project again?")).toContain(
    "SaaS for freight logistics"
  )
  expect(
    await reply(server.client(), memory.for({ userId: "bob" }), "tuesday", "What was my project again?")
  ).not.toContain("freight")
})

it("has up to 30 lines", async () => {
  const source = await readFile(new URL("main.ts", import.meta.url), "utf8")
  expect(source.trimEnd().split("\n").length).toBeLessThanOrEqual(30)
})
