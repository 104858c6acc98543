import { serve } from "@hono/node-server"
import { createAgent } from "@keepsake/agent"
import { modelClient } from "@keepsake/agent/testing"
import { openMemory } from "@keepsake/keepsake"
import { makeApp } from "./app.ts"
import { script } from "./script.ts"

const memory = await openMemory(process.env["KEEPSAKE_STORE"] ?? "file:./memory.db")
const model = await modelClient(script)
const agent = createAgent({
  memory,
  client: model.client,
  model: "claude-sonnet-5-5",
  system: "You are a helpful assistant."
})

// In this example the token is the user's name. Replace it with your own check of signed-in users.
const findUser = (token: string): string | undefined => (/^[a-z]+$/.test(token) ? token : undefined)

const server = serve(
  {
    fetch: makeApp({ agent, memory, findUser }).fetch,
    hostname: "127.0.0.1",
    port: Number(process.env["PORT"] ?? 3000)
  },
  ({ port }) => {
    console.log(
      `curl -N -H 'authorization: Bearer ana' -d '{"message":"My truck is called Bertha."}' http://127.0.0.1:${port}/chat/monday`
    )
  }
)

process.once("SIGINT", () => {
  server.close()
  void (async () => {
    await agent.close()
    await memory.close()
    await model.close()
  })()
})
