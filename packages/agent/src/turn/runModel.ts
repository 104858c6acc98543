import type Anthropic from "@anthropic-ai/sdk"
import { dropUnansweredCalls, type HistoryEntry, type MessageParam } from "../conversation/history.ts"
import type { StopReason, Usage } from "../events.ts"
import type { ModelClient, RequestParams } from "../ModelClient.ts"
import type { RunnerTool } from "../tools/sessionTools.ts"
import type { Emit } from "./SessionServices.ts"

type BetaMessage = Anthropic.Beta.Messages.BetaMessage

export interface TurnRequest {
  readonly model: string
  readonly maxTokens: number
  readonly maxTurns: number
  readonly system: ReadonlyArray<Anthropic.Beta.Messages.BetaTextBlockParam>
  readonly messages: ReadonlyArray<MessageParam>
  readonly tools: Array<RunnerTool>
  readonly params: RequestParams
}

export interface TurnReply {
  readonly text: string
  readonly message: BetaMessage
  readonly stopReason: StopReason
  readonly usage: Usage
  /** Replies and tool results, without the user's message. */
  readonly added: HistoryEntry
}

/** The SDK asks for streaming above this: an unstreamed reply could outlast its timeout. */
const UNSTREAMED_TOKENS_MAX = 16_000

const NO_USAGE: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  requests: 0
}

const readText = (message: BetaMessage): string =>
  message.content.map((block) => (block.type === "text" ? block.text : "")).join("")

const addUsage = (total: Usage, { usage }: BetaMessage): Usage => ({
  inputTokens: total.inputTokens + usage.input_tokens,
  outputTokens: total.outputTokens + usage.output_tokens,
  cacheReadTokens: total.cacheReadTokens + (usage.cache_read_input_tokens ?? 0),
  cacheWriteTokens: total.cacheWriteTokens + (usage.cache_creation_input_tokens ?? 0),
  requests: total.requests + 1
})

const isHistoryMessage = (
  message: Anthropic.Beta.Messages.BetaMessageParam
): message is typeof message & MessageParam => message.role !== "system"

const startRunner = (client: ModelClient, request: TurnRequest, signal: AbortSignal, isStreamed: boolean) => {
  const { maxTokens, maxTurns, messages, model, params, system, tools } = request
  return client.beta.messages.toolRunner(
    {
      ...params,
      model,
      max_tokens: maxTokens,
      max_iterations: maxTurns,
      ...(system.length === 0 ? {} : { system: Array.from(system) }),
      messages: Array.from(messages),
      tools,
      stream: isStreamed,
      // A thread on the server would keep the memory block in its history, and most proxies have no threads.
      thread: false
    },
    { signal }
  )
}

/** Runs the model and its tools to the end, on the SDK's tool runner. Streams the reply if `emit` is given. */
export const runModel = async (
  client: ModelClient,
  request: TurnRequest,
  signal: AbortSignal,
  emit?: Emit
): Promise<TurnReply> => {
  const isStreamed = emit !== undefined || request.maxTokens > UNSTREAMED_TOKENS_MAX
  const runner = startRunner(client, request, signal, isStreamed)
  let usage = NO_USAGE
  let text = ""
  let message: BetaMessage | undefined
  for await (const item of runner) {
    if ("finalMessage" in item) {
      item.on("text", (delta) => emit?.({ type: "text", text: delta }))
      message = await item.finalMessage()
    } else {
      message = item
    }
    usage = addUsage(usage, message)
    text += readText(message)
    if (message.stop_reason === "tool_use" && usage.requests < request.maxTurns) text = ""
  }
  if (message === undefined) throw new Error("the model gave no reply")
  return {
    text,
    message,
    stopReason: message.stop_reason === "tool_use" ? "max_turns" : message.stop_reason,
    usage,
    added: dropUnansweredCalls(runner.params.messages.slice(request.messages.length).filter(isHistoryMessage))
  }
}
