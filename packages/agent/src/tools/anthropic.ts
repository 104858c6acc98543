import type Anthropic from "@anthropic-ai/sdk"
import { ToolError } from "@anthropic-ai/sdk/lib/tools/ToolError"
import type { BetaRunnableTool } from "@anthropic-ai/sdk/lib/tools/BetaRunnableTool"
import { type AgentTool, checkTools, toolErrorText } from "./AgentTool.ts"

/** Tools for `client.beta.messages.toolRunner`. */
export const anthropicTools = (tools: ReadonlyArray<AgentTool>): Array<BetaRunnableTool<unknown>> => {
  checkTools(tools)
  return tools.map((tool) => ({
    type: "custom",
    name: tool.name,
    description: tool.description,
    input_schema: tool.inputSchema as Anthropic.Beta.Messages.BetaTool.InputSchema,
    parse: (input: unknown) => input,
    run: async (input: unknown, context) => {
      try {
        return await tool.execute(input, { signal: context?.signal ?? undefined })
      } catch (error) {
        throw new ToolError(toolErrorText(error))
      }
    }
  }))
}
