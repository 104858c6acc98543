/** Uses the memory over MCP, as an assistant's client does: it starts the server itself. */
import { fileURLToPath } from "node:url"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"

/** Outside this workspace: `npx -y -p @keepsake/keepsake -p @keepsake/mcp keepsake mcp …`. */
const KEEPSAKE = fileURLToPath(new URL("node_modules/@keepsake/keepsake/src/cli/main.ts", import.meta.url))

/** Starts the server, makes the calls, and stops it. Memories persist in the store. */
export const callTools = async (
  store: string,
  userId: string,
  calls: ReadonlyArray<readonly [tool: string, input: Record<string, unknown>]>
): Promise<ReadonlyArray<string>> => {
  const client = new Client({ name: "mcp-example", version: "1.0.0" })
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [KEEPSAKE, "mcp", "--store", store, "--user", userId]
    })
  )
  try {
    const answers: Array<string> = []
    for (const [name, input] of calls) {
      const { content } = (await client.callTool({ name, arguments: input })) as {
        content: ReadonlyArray<{ text?: string }>
      }
      answers.push(content.map(({ text }) => text ?? "").join("\n"))
    }
    return answers
  } finally {
    await client.close()
  }
}

if (import.meta.main) {
  const store = "file:./memory.db"
  const [remembered] = await callTools(store, "ines", [
    ["remember", { content: "Ines is building a SaaS for freight logistics" }]
  ])
  console.log(remembered)
  const [context] = await callTools(store, "ines", [["context", { message: "What was my project again?" }]])
  console.log(context)
}
