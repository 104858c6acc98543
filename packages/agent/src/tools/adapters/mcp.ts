import { type AgentTool, checkTools, toolErrorText, type ToolRun, type ToolSchema } from "../AgentTool.ts"

export interface McpToolDefinition {
  name: string
  description: string
  inputSchema: ToolSchema
}

export interface McpToolResult {
  [key: string]: unknown
  content: Array<{ type: "text"; text: string }>
  isError?: boolean
}

/** The answers of an MCP server to `tools/list` and `tools/call`. */
export interface McpHandlers {
  listTools(): { tools: Array<McpToolDefinition> }
  callTool(
    call: { readonly name: string; readonly arguments?: unknown },
    run?: ToolRun
  ): Promise<McpToolResult>
}

const toResult = (text: string): McpToolResult => ({ content: [{ type: "text", text }] })

/** Tools for an MCP server: `server.setRequestHandler(ListToolsRequestSchema, handlers.listTools)`, and likewise for calls. */
export const mcpHandlers = (tools: ReadonlyArray<AgentTool>): McpHandlers => {
  checkTools(tools)
  const byName = new Map(tools.map((tool) => [tool.name, tool]))
  return {
    listTools: () => ({
      tools: tools.map(({ description, inputSchema, name }) => ({ name, description, inputSchema }))
    }),
    callTool: async (call, run = {}) => {
      const tool = byName.get(call.name)
      if (tool === undefined)
        return { ...toResult(`Error: there is no tool ${JSON.stringify(call.name)}`), isError: true }
      try {
        return toResult(await tool.execute(call.arguments ?? {}, run))
      } catch (error) {
        return { ...toResult(toolErrorText(error)), isError: true }
      }
    }
  }
}
