import type Anthropic from "@anthropic-ai/sdk"
import { runRunnableTool } from "@anthropic-ai/sdk/lib/tools/BetaRunnableTool"
import type { MessageParam } from "../../conversation/history.ts"
import { isRunnable, type RunnerTool } from "../../tools/sessionTools.ts"

type ToolUse = Anthropic.Beta.Messages.BetaToolUseBlock

/** Runs the calls of a reply concurrently, and returns their results in order; `undefined` if there are no calls. */
export const runTools = async (
  reply: Anthropic.Beta.Messages.BetaMessage,
  tools: ReadonlyArray<RunnerTool>,
  signal: AbortSignal
): Promise<MessageParam | undefined> => {
  const calls = reply.content.filter((block) => block.type === "tool_use")
  if (calls.length === 0) return undefined
  const run = async (toolUse: ToolUse) => {
    const tool = tools.filter(isRunnable).find(({ name }) => name === toolUse.name)
    const { content, isError } =
      tool === undefined
        ? { content: `Error: Tool '${toolUse.name}' not found`, isError: true }
        : await runRunnableTool(tool, toolUse.input, { toolUse, toolUseBlock: toolUse, signal })
    return {
      type: "tool_result" as const,
      tool_use_id: toolUse.id,
      content,
      ...(isError ? { is_error: true } : {})
    }
  }
  return { role: "user", content: await Promise.all(calls.map(run)) }
}
