import type Anthropic from "@anthropic-ai/sdk"
import type { BetaRunnableTool, BetaToolRunContext } from "@anthropic-ai/sdk/lib/tools/BetaRunnableTool"
import { ToolError } from "@anthropic-ai/sdk/lib/tools/ToolError"
import { anthropicTools } from "./anthropic.ts"
import { type AgentTool, checkTools, toolErrorText } from "./AgentTool.ts"
import type { ToolCall, TurnEvent } from "../events.ts"

type ToolUnion = Anthropic.Beta.Messages.BetaToolUnion
type ResultContent = Awaited<ReturnType<BetaRunnableTool["run"]>>

/** A neutral tool, one made with the SDK's helpers (`betaTool`, `betaZodTool`), or one that runs at Anthropic (web search). */
export type SessionTool = AgentTool | BetaRunnableTool | ToolUnion

const isNeutral = (tool: SessionTool): tool is AgentTool => "execute" in tool
const isRunnable = (tool: ToolUnion | BetaRunnableTool): tool is BetaRunnableTool => "run" in tool

/** Checked, and in the form of the SDK's tool runner. Throws `InvalidInput`. */
export const runnerTools = (
  tools: ReadonlyArray<SessionTool>
): ReadonlyArray<ToolUnion | BetaRunnableTool> => {
  checkTools(
    tools.flatMap((tool): ReadonlyArray<Parameters<typeof checkTools>[0][number]> => {
      if (isNeutral(tool)) return [tool]
      if (!("name" in tool)) return []
      return [{ name: tool.name, inputSchema: "input_schema" in tool ? tool.input_schema : undefined }]
    })
  )
  return tools.flatMap((tool) => (isNeutral(tool) ? anthropicTools([tool]) : [tool]))
}

const textOf = (content: ResultContent): string =>
  typeof content === "string"
    ? content
    : content.map((block) => (block.type === "text" ? block.text : `[${block.type}]`)).join("\n")

/** Rejects with the signal's reason; the tool itself may go on if it does not listen. */
const untilAborted = <A>(work: Promise<A>, signal: AbortSignal): Promise<A> =>
  new Promise((resolve, reject) => {
    const stop = () =>
      reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)))
    if (signal.aborted) return stop()
    signal.addEventListener("abort", stop, { once: true })
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop))
  })

const runBounded = async (
  tool: BetaRunnableTool,
  input: unknown,
  context: BetaToolRunContext,
  timeoutMs: number
): Promise<ResultContent> => {
  const limit = new AbortController()
  const timer = setTimeout(
    () => limit.abort(new Error(`the tool ${tool.name} gave no answer within ${timeoutMs} ms`)),
    timeoutMs
  )
  const signal = context.signal ? AbortSignal.any([context.signal, limit.signal]) : limit.signal
  try {
    return await untilAborted(Promise.resolve(tool.run(input, { ...context, signal })), signal)
  } finally {
    clearTimeout(timer)
  }
}

/** The tools of one turn: each call is announced, bounded in time, and noted in `calls`; failures go to the model as text. */
export const observed = (
  tools: ReadonlyArray<ToolUnion | BetaRunnableTool>,
  turn: {
    readonly timeoutMs: number
    readonly calls: Array<ToolCall>
    readonly emit: (event: TurnEvent<never>) => void
  }
): Array<ToolUnion | BetaRunnableTool> =>
  tools.map((tool) => {
    if (!isRunnable(tool)) return tool
    const run: BetaRunnableTool["run"] = async (input: unknown, context) => {
      const { id, name } = context?.toolUse ?? { id: "", name: tool.name }
      turn.emit({ type: "toolStart", id, name, input })
      const ended = (output: string, isError: boolean) => {
        const call = { id, name, input, output, isError }
        turn.calls.push(call)
        turn.emit({ type: "toolEnd", ...call })
      }
      try {
        const content = await runBounded(tool, input, context ?? ({} as BetaToolRunContext), turn.timeoutMs)
        ended(textOf(content), false)
        return content
      } catch (error) {
        const shown = error instanceof ToolError ? error : new ToolError(toolErrorText(error))
        ended(textOf(shown.content), true)
        throw shown
      }
    }
    return { ...tool, run }
  })
