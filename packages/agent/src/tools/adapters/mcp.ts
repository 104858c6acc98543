import { type AgentTool, checkTools, toolErrorText, type ToolRun, type ToolSchema } from "../AgentTool.ts"

export interface McpToolDefinition {
  name: string
  title?: string
  description: string
  inputSchema: ToolSchema
  outputSchema?: ToolSchema
}

export interface McpToolResult {
  [key: string]: unknown
  content: Array<{ type: "text"; text: string }>
  structuredContent?: { readonly [name: string]: unknown }
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
      tools: tools.map(({ description, inputSchema, name, outputSchema, title }) => ({
        name,
        ...(title === undefined ? {} : { title }),
        description,
        inputSchema,
        ...(outputSchema === undefined ? {} : { outputSchema })
      }))
    }),
    callTool: async (call, run = {}) => {
      const tool = byName.get(call.name)
      if (tool === undefined)
        return { ...toResult(`Error: there is no tool ${JSON.stringify(call.name)}`), isError: true }
      try {
        if (tool.answer === undefined) return toResult(await tool.execute(call.arguments ?? {}, run))
        const { data, text } = await tool.answer(call.arguments ?? {}, run)
        return { ...toResult(text), structuredContent: data }
      } catch (error) {
        return { ...toResult(toolErrorText(error)), isError: true }
      }
    }
  }
}
