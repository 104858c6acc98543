import { mcpHandlers, memoryTools, readingTools } from "@keepsake/agent"
import type { PromiseMemory } from "@keepsake/core"
import {
  type CallToolResult,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type Tool
} from "@modelcontextprotocol/server"
import { withProgress } from "./progress.ts"
import { PROMPT, PROMPT_TEXT } from "./prompt.ts"
import { addResources } from "./resources.ts"

/** Hints by which a client may ask its user before a call. Nothing reaches beyond the memory's store. */
const hints = (kind: "reads" | "adds" | "changes" | "removes") => ({
  readOnlyHint: kind === "reads",
  destructiveHint: kind === "removes",
  // A statement that is repeated is kept once; a change counts its days from now.
  idempotentHint: kind !== "changes",
  openWorldHint: false
})

const ANNOTATIONS: Readonly<Record<string, ReturnType<typeof hints>>> = {
  context: hints("reads"),
  recall: hints("reads"),
  get: hints("reads"),
  list: hints("reads"),
  remember: hints("adds"),
  update: hints("changes"),
  forget: hints("removes")
}

const addTools = ({ server }: McpServer, memory: PromiseMemory): void => {
  const handlers = mcpHandlers([...readingTools(memory), ...memoryTools(memory)])
  const tools = handlers.listTools().tools.map((tool) => ({
    ...tool,
    // An unknown argument is refused; the schema says so beforehand.
    inputSchema: { ...tool.inputSchema, additionalProperties: false },
    annotations: ANNOTATIONS[tool.name]
  }))
  server.setRequestHandler("tools/list", () => ({ tools: tools as Array<Tool> }))
  server.setRequestHandler("tools/call", async ({ params }, context) =>
    withProgress(
      context,
      params.name,
      async () => handlers.callTool(params, { signal: context.mcpReq.signal }) as Promise<CallToolResult>
    )
  )
}

const addPrompt = ({ server }: McpServer): void => {
  server.setRequestHandler("prompts/list", () => ({ prompts: [PROMPT] }))
  server.setRequestHandler("prompts/get", ({ params: { name } }) => {
    if (name !== PROMPT.name)
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `There is no prompt "${name}"; the only one is "${PROMPT.name}"`
      )
    return {
      description: PROMPT.description,
      messages: [{ role: "user", content: { type: "text", text: PROMPT_TEXT } }]
    }
  })
}

/**
 * An MCP server over one user's memory: tools, a resource and a prompt. The handle fixes the scope; no
 * request can name another.
 */
export const createMcpServer = (memory: PromiseMemory, options: { readonly version: string }): McpServer => {
  const server = new McpServer(
    { name: "keepsake", title: "Keepsake memory", version: options.version },
    {
      capabilities: {
        tools: { listChanged: false },
        resources: { listChanged: false },
        prompts: { listChanged: false }
      },
      instructions:
        "A lasting memory of this user. Call context first; remember what will matter in later conversations."
    }
  )
  addTools(server, memory)
  addResources(server, memory)
  addPrompt(server)
  return server
}
