import { createAgent } from "@keepsake/agent"
import { messagesServer } from "@keepsake/agent/testing"
import { openMemory } from "@keepsake/keepsake"
import { expect, it } from "vitest"
import { makeApp } from "./app.ts"
import { script } from "./script.ts"

it("serves many users: each has a separate memory and can erase it", async () => {
  await using server = await messagesServer(script)
  await using memory = await openMemory("memory:")
  await using agent = createAgent({ memory, client: server.client(), model: "claude-sonnet-5-5" })
  const app = makeApp({ agent, memory, findUser: (token) => (token === "" ? undefined : token) })
  const as = (userId: string) => ({ authorization: `Bearer ${userId}` })
  const say = async (userId: string, session: string, message: string): Promise<string> => {
    const response = await app.request(`/chat/${session}`, {
      method: "POST",
      headers: as(userId),
      body: JSON.stringify({ message })
    })
    const events = (await response.text()).split("\n\n").filter((event) => event.startsWith("event: text"))
    return events.map((event) => JSON.parse(event.split("\ndata: ")[1] ?? '""') as string).join("")
  }

  await Promise.all([
    say("ana", "monday", "My truck is called Bertha."),
    say("bob", "monday", "My truck is called Otto.")
  ])
  const [ana, bob] = await Promise.all([
    say("ana", "tuesday", "What is my truck called?"),
    say("bob", "tuesday", "What is my truck called?")
  ])
  expect(ana).toContain("Bertha")
  expect(ana).not.toContain("Otto")
  expect(bob).toContain("Otto")
  expect(bob).not.toContain("Bertha")

  expect((await app.request("/memories")).status).toBe(401)
  const receipt = (await (
    await app.request("/memories", { method: "DELETE", headers: as("ana") })
  ).json()) as { removed: number }
  expect(receipt.removed).toBeGreaterThan(0)
  expect(await (await app.request("/memories", { headers: as("ana") })).json()).toMatchObject({ rows: [] })
  expect(await say("ana", "tuesday", "What is my truck called?")).not.toContain("Bertha")
  expect(await say("bob", "wednesday", "What is my truck called?")).toContain("Otto")
})
