import { askThroughSdk } from "./askThroughSdk.ts"
import { serverCommand } from "./serverCommand.ts"
import { withTools } from "./withTools.ts"

const store = process.env["KEEPSAKE_STORE"] ?? "file:./memory.db"
const server = serverCommand(store, "ana")

if (process.env["ANTHROPIC_API_KEY"]) {
  for (const prompt of ["Remember that my truck is called Bertha.", "What is my truck called?"]) {
    console.log(await askThroughSdk(server, prompt))
  }
} else {
  console.log(
    "ANTHROPIC_API_KEY is not set, so this runs without a model. These are the MCP calls that an agent would make:"
  )
  await withTools(server, async ({ call, names }) => {
    console.log("tools:", names.join(", "))
    console.log("remember:", await call("remember", { content: "The user's truck is called Bertha." }))
    console.log("recall:", await call("recall", { query: "What is the user's truck called?" }))
  })
}
