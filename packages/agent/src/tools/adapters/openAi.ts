import { type AgentTool, checkTools, toolErrorText, type ToolRun } from "../AgentTool.ts"

export interface OpenAiFunctionTool {
  readonly type: "function"
  readonly function: {
    readonly name: string
    readonly description: string
    readonly parameters: Record<string, unknown>
  }
}

/** The part of a chat completion's tool call that is read here. */
export interface OpenAiToolCall {
  readonly id: string
  readonly type: string
  readonly function?: { readonly name: string; readonly arguments: string } | undefined
}

export interface OpenAiToolMessage {
  readonly role: "tool"
  readonly tool_call_id: string
  readonly content: string
}

/** The tools for OpenAI's function calling, and a function that runs calls. */
export interface OpenAiTools {
  /** For `tools` of a chat completion. */
  readonly tools: Array<OpenAiFunctionTool>
  /** Runs the calls of a reply concurrently; one message per call, in order. */
  readonly run: (calls: ReadonlyArray<OpenAiToolCall>, run?: ToolRun) => Promise<Array<OpenAiToolMessage>>
}

/** Tools for OpenAI's function calling and services with the same format. */
export const openAiTools = (tools: ReadonlyArray<AgentTool>): OpenAiTools => {
  checkTools(tools)
  const byName = new Map(tools.map((tool) => [tool.name, tool]))
  const answer = async (call: OpenAiToolCall, run: ToolRun): Promise<string> => {
    const tool = byName.get(call.function?.name ?? "")
    if (tool === undefined)
      return `Error: there is no tool ${JSON.stringify(call.function?.name ?? call.type)}`
    try {
      return await tool.execute(JSON.parse(call.function?.arguments || "{}"), run)
    } catch (error) {
      return error instanceof SyntaxError ? "Error: the arguments are not valid JSON" : toolErrorText(error)
    }
  }
  return {
    tools: tools.map(({ description, inputSchema, name }) => ({
      type: "function",
      function: { name, description, parameters: { ...inputSchema } }
    })),
    run: (calls, run = {}) =>
      Promise.all(
        calls.map(async (call) => ({
          role: "tool" as const,
          tool_call_id: call.id,
          content: await answer(call, run)
        }))
      )
  }
}
