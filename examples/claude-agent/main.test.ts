import { createAgent } from "@keepsake/agent"
import { messagesServer, type Respond } from "@keepsake/agent/testing"
import { openMemory } from "@keepsake/keepsake"
import { expect, it } from "vitest"
import { chat } from "./chat.ts"
import { script } from "./script.ts"

const talk = async (
  respond: Respond,
  lines: ReadonlyArray<string>,
  memory: Awaited<ReturnType<typeof openMemory>>
): Promise<string> => {
  await using server = await messagesServer(respond)
  await using agent = createAgent({
    memory,
    client: server.client(),
    model: "claude-sonnet-5-5",
    memoryTools: true
  })
  let printed = ""
  async function* typed() {
    yield* lines
  }
  await chat(agent.session({ userId: "ana" }), { lines: typed(), print: (text) => (printed += text) })
  return printed
}

it("streams replies, shows tools, and remembers in the next session", async () => {
  await using memory = await openMemory("memory:")
  expect(await talk(script, ["My truck is called Bertha.", "", "/quit", "never read"], memory)).toContain(
    "(scripted) You said: My truck is called Bertha."
  )
  const later = await talk(script, ["What is my truck called?"], memory)
  expect(later).toContain("[recalled ")
  expect(later).toContain('[recall {"query":"What is my truck called?"}]')
  expect(later).toContain("Bertha")
})

it("prints an error and continues", async () => {
  await using memory = await openMemory("memory:")
  let calls = 0
  const busy: Respond = (request) =>
    calls++ === 0 ? { failure: { status: 529, type: "overloaded_error", message: "busy" } } : script(request)
  const printed = await talk(busy, ["Hello", "Hello again"], memory)
  expect(printed).toContain("[The model is overloaded")
  expect(printed).toContain("You said: Hello again")
})
