import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import type { ServerCommand } from "./serverCommand.ts"

export interface Tools {
  readonly names: ReadonlyArray<string>
  readonly call: (name: string, input: Record<string, unknown>) => Promise<string>
}

/** Starts the server and calls its tools, as any MCP client does. */
export const withTools = async (
  server: ServerCommand,
  use: (tools: Tools) => Promise<void>
): Promise<void> => {
  const client = new Client({ name: "example", version: "1.0.0" })
  await client.connect(new StdioClientTransport({ ...server, stderr: "inherit" }))
  try {
    const { tools } = await client.listTools()
    await use({
      names: tools.map(({ name }) => name),
      call: async (name, input) => {
        const { content } = await client.callTool({ name, arguments: input })
        return (content as ReadonlyArray<{ text?: string }>).map(({ text }) => text ?? "").join("\n")
      }
    })
  } finally {
    await client.close()
  }
}
