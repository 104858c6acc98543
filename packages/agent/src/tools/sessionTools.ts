import type Anthropic from "@anthropic-ai/sdk"
import type { BetaRunnableTool, BetaToolRunContext } from "@anthropic-ai/sdk/lib/tools/BetaRunnableTool"
import { ToolError } from "@anthropic-ai/sdk/lib/tools/ToolError"
import type { PromiseMemory } from "@keepsake/core"
import { invalidInput } from "../AgentError.ts"
import type { ToolCall, TurnEvent } from "../events.ts"
import { type AgentTool, checkTools, toolErrorText } from "./AgentTool.ts"
import { anthropicTools } from "./anthropic.ts"

type ToolUnion = Anthropic.Beta.Messages.BetaToolUnion
type ResultContent = Awaited<ReturnType<BetaRunnableTool["run"]>>

/** A tool for any framework, one of the SDK's helpers (`betaTool`, `betaZodTool`), or one that runs at Anthropic (web search). */
export type SessionTool = AgentTool | BetaRunnableTool | ToolUnion

/** The session that a tool is made for. The model cannot change it. */
export interface ToolOwner {
  readonly userId: string
  readonly sessionId: string
  readonly memory: PromiseMemory
}

/** Tools for all sessions, or a function that makes them for each. */
export type SessionTools = ReadonlyArray<SessionTool> | ((owner: ToolOwner) => ReadonlyArray<SessionTool>)

/** A tool in the form of the SDK. */
export type RunnerTool = ToolUnion | BetaRunnableTool

const isAgentTool = (tool: SessionTool): tool is AgentTool => "execute" in tool
export const isRunnable = (tool: RunnerTool): tool is BetaRunnableTool => "run" in tool

/** Tools that the API expects the client to run, by the beginning of their type. */
const CLIENT_TYPES = ["custom", "bash_", "text_editor_", "computer_", "memory_", "browser_"]

const findClientSideTool = (tools: ReadonlyArray<SessionTool>): SessionTool | undefined =>
  tools.find((tool) => {
    if (isAgentTool(tool) || isRunnable(tool)) return false
    const type = tool.type ?? "custom"
    return CLIENT_TYPES.some((clientType) => type.startsWith(clientType))
  })

/** Checks the tools and adapts them to the loop. Throws `InvalidInput`. */
export const toRunnerTools = (tools: ReadonlyArray<SessionTool>): ReadonlyArray<RunnerTool> => {
  const clientSide = findClientSideTool(tools)
  if (clientSide !== undefined) {
    const name = "name" in clientSide ? clientSide.name : clientSide.type
    throw invalidInput(
      "tools",
      `${JSON.stringify(name)} has nothing that runs it; give it execute (defineTool) or run (betaTool)`
    )
  }
  checkTools(
    tools.flatMap((tool): ReadonlyArray<Parameters<typeof checkTools>[0][number]> => {
      if (isAgentTool(tool)) return [tool]
      if (!("name" in tool)) return []
      return [{ name: tool.name, inputSchema: "input_schema" in tool ? tool.input_schema : undefined }]
    })
  )
  return tools.flatMap((tool) => (isAgentTool(tool) ? anthropicTools([tool]) : [tool]))
}

const toText = (content: ResultContent): string =>
  typeof content === "string"
    ? content
    : content.map((block) => (block.type === "text" ? block.text : `[${block.type}]`)).join("\n")

const NO_OUTPUT = "(no output)"

/** What the API accepts as a tool's result. A tool may return nothing, or something that is no text. */
const toResultContent = (output: unknown): ResultContent => {
  if (typeof output === "string") return output === "" ? NO_OUTPUT : output
  if (output === undefined || output === null) return NO_OUTPUT
  if (!Array.isArray(output)) return JSON.stringify(output) ?? NO_OUTPUT
  const blocks = (output as Exclude<ResultContent, string>).filter(
    (block) => block.type !== "text" || block.text.trim() !== ""
  )
  return blocks.length === 0 ? NO_OUTPUT : blocks
}

/** Rejects with the signal's reason; a tool that ignores the signal goes on. */
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
  { onTimeout, timeoutMs }: ToolDeadline
): Promise<ResultContent> => {
  const timeout = new AbortController()
  const timer = setTimeout(() => {
    onTimeout?.()
    timeout.abort(new Error(`the tool ${tool.name} did not answer within ${timeoutMs} ms`))
  }, timeoutMs)
  const signal = context.signal ? AbortSignal.any([context.signal, timeout.signal]) : timeout.signal
  try {
    const work = Promise.resolve(tool.run(input, { ...context, signal }))
    return toResultContent(await untilAborted(work, signal))
  } finally {
    clearTimeout(timer)
  }
}

/** How long a tool may take. */
export interface ToolDeadline {
  readonly timeoutMs: number
  readonly onTimeout?: (() => void) | undefined
}

/** What a turn does around its tool calls. */
export interface ToolObserver {
  /** Asked at each call. */
  readonly deadlineOf: (name: string) => ToolDeadline
  /** Each call is added when it ends. */
  readonly calls: Array<ToolCall>
  readonly emit: (event: TurnEvent<never>) => void
}

/** Emits, times out and records each call; failures go to the model as text. */
export const observeTools = (
  tools: ReadonlyArray<RunnerTool>,
  { calls, deadlineOf, emit }: ToolObserver
): Array<RunnerTool> =>
  tools.map((tool) => {
    if (!isRunnable(tool)) return tool
    const run: BetaRunnableTool["run"] = async (input: unknown, context) => {
      const { id, name } = context?.toolUse ?? { id: "", name: tool.name }
      emit({ type: "toolStart", id, name, input })
      const end = (output: string, isError: boolean) => {
        const call = { id, name, input, output, isError }
        calls.push(call)
        emit({ type: "toolEnd", ...call })
      }
      try {
        const content = await runBounded(
          tool,
          input,
          context ?? ({} as BetaToolRunContext),
          deadlineOf(tool.name)
        )
        end(toText(content), false)
        return content
      } catch (error) {
        const toolError = error instanceof ToolError ? error : new ToolError(toolErrorText(error))
        end(toText(toolError.content), true)
        throw toolError
      }
    }
    return { ...tool, run }
  })
