/** A process that is killed while it answers: asks once, and tells its parent when text is shown. */
import { createAgent } from "@keepsake/agent"
import { openMemory } from "@keepsake/keepsake"

const [store = "", baseURL = "", sessionId = "", message = ""] = process.argv.slice(2)
// The agent's own client reads them.
process.env["ANTHROPIC_BASE_URL"] = baseURL
process.env["ANTHROPIC_API_KEY"] = "local"
const memory = await openMemory(store)
const agent = createAgent({
  memory,
  model: "claude-sonnet-5-5"
})
for await (const event of agent.session({ userId: "ana", sessionId }).stream(message))
  if (event.type === "text") process.send?.("shown")
