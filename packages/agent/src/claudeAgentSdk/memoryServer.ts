import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js"
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import type { AgentTool } from "../tools/AgentTool.ts"
import { mcpHandlers } from "../tools/adapters/mcp.ts"

const INFO = { name: "keepsake", version: "1.0.0" }

/** Keeps the tools in every prompt: the model does not search for a tool to remember with. */
const ALWAYS_LOADED = { "anthropic/alwaysLoad": true }

const makeServer = (tools: ReadonlyArray<AgentTool>): McpServer => {
  const handlers = mcpHandlers(tools)
  const server = new McpServer(INFO, { capabilities: { tools: {} } })
  server.server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: handlers.listTools().tools.map((tool) => ({
      ...tool,
      inputSchema: { ...tool.inputSchema, required: [...(tool.inputSchema.required ?? [])] },
      annotations: { readOnlyHint: tool.name === "recall", destructiveHint: tool.name === "forget" },
      _meta: ALWAYS_LOADED
    }))
  }))
  server.server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal }) =>
    handlers.callTool(params, { signal })
  )
  return server
}

/** An in-process MCP server that any number of queries connect to, one after the other or at once. */
export class MemoryServer extends McpServer {
  readonly #tools: ReadonlyArray<AgentTool>

  constructor(tools: ReadonlyArray<AgentTool>) {
    super(INFO)
    this.#tools = tools
  }

  /** A server of its own for each connection: MCP allows one transport per server. */
  override async connect(transport: Transport): Promise<void> {
    await makeServer(this.#tools).connect(transport)
  }
}
