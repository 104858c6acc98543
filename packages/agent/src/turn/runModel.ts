import type Anthropic from "@anthropic-ai/sdk"
import type { BetaRunnableTool } from "@anthropic-ai/sdk/lib/tools/BetaRunnableTool"
import type { StopReason, TurnEvent, Usage } from "../events.ts"
import { type HistoryEntry, type MessageParam, settled } from "../conversation/history.ts"

type BetaMessage = Anthropic.Beta.Messages.BetaMessage
type ToolUnion = Anthropic.Beta.Messages.BetaToolUnion

/** Whatever has the shape of the Messages API: `Anthropic` itself, or its kin for Bedrock, Vertex and proxies. */
export interface ModelClient {
  readonly beta: { readonly messages: Pick<Anthropic["beta"]["messages"], "create" | "toolRunner"> }
}

/** Anything else the Messages API takes, such as `thinking` or `output_config`. */
export type RequestParams = Partial<
  Omit<
    Anthropic.Beta.Messages.MessageCreateParamsNonStreaming,
    "messages" | "model" | "max_tokens" | "system" | "tools" | "stream" | "thread" | "compaction"
  >
>

export interface TurnRequest {
  readonly model: string
  readonly maxTokens: number
  readonly maxTurns: number
  readonly system: ReadonlyArray<Anthropic.Beta.Messages.BetaTextBlockParam>
  readonly messages: ReadonlyArray<MessageParam>
  readonly tools: Array<ToolUnion | BetaRunnableTool>
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

const textOf = (message: BetaMessage): string =>
  message.content.map((block) => (block.type === "text" ? block.text : "")).join("")

const plus = (usage: Usage, { usage: more }: BetaMessage): Usage => ({
  inputTokens: usage.inputTokens + more.input_tokens,
  outputTokens: usage.outputTokens + more.output_tokens,
  cacheReadTokens: usage.cacheReadTokens + (more.cache_read_input_tokens ?? 0),
  cacheWriteTokens: usage.cacheWriteTokens + (more.cache_creation_input_tokens ?? 0),
  requests: usage.requests + 1
})

const isTalk = (
  message: Anthropic.Beta.Messages.BetaMessageParam
): message is typeof message & MessageParam => message.role !== "system"

/** Runs the model and its tools to the end, on the SDK's tool runner. `emit` absent: the reply is not streamed. */
export const runModel = async (
  client: ModelClient,
  request: TurnRequest,
  signal: AbortSignal,
  emit?: (event: TurnEvent<never>) => void
): Promise<TurnReply> => {
  const { maxTokens, maxTurns, messages, model, params, system, tools } = request
  const stream = emit !== undefined || maxTokens > UNSTREAMED_TOKENS_MAX
  const runner = client.beta.messages.toolRunner(
    {
      ...params,
      model,
      max_tokens: maxTokens,
      max_iterations: maxTurns,
      ...(system.length === 0 ? {} : { system: Array.from(system) }),
      messages: Array.from(messages),
      tools,
      stream,
      // A thread held by the server would keep the memory block in its history, and most proxies have none.
      thread: false
    },
    { signal }
  )
  let usage: Usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, requests: 0 }
  let text = ""
  let last: BetaMessage | undefined
  for await (const item of runner) {
    if ("finalMessage" in item) {
      item.on("text", (delta) => emit?.({ type: "text", text: delta }))
      last = await item.finalMessage()
    } else {
      last = item
    }
    usage = plus(usage, last)
    text += textOf(last)
    if (last.stop_reason === "tool_use" && usage.requests < maxTurns) text = ""
  }
  if (last === undefined) throw new Error("the model gave no reply")
  return {
    text,
    message: last,
    stopReason: last.stop_reason === "tool_use" ? "max_turns" : last.stop_reason,
    usage,
    added: settled(runner.params.messages.slice(messages.length).filter(isTalk))
  }
}
