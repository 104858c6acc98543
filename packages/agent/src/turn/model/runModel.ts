import type Anthropic from "@anthropic-ai/sdk"
import {
  cleanBlocks,
  cleanExchange,
  type ContentBlock,
  type HistoryEntry
} from "../../conversation/history.ts"
import type { Prompt } from "../../conversation/prompt.ts"
import type { Emit, StopReason, Usage } from "../../events.ts"
import type { ModelClient, RequestParams } from "../../ModelClient.ts"
import { isRunnable, type RunnerTool } from "../../tools/sessionTools.ts"
import { askModel } from "./askModel.ts"
import { chooseContainer, type ContainerHolder, keepContainer } from "./container.ts"
import { type PromptLimit, readPromptLimit } from "./promptLimit.ts"
import { runTools } from "./runTools.ts"
import type { TurnProgress } from "./TurnProgress.ts"

type BetaMessage = Anthropic.Beta.Messages.BetaMessage
type Params = Anthropic.Beta.Messages.MessageCreateParamsNonStreaming

export interface TurnRequest {
  readonly model: string
  readonly maxTokens: number
  readonly maxTurns: number
  readonly silenceTimeoutMs: number
  readonly tools: ReadonlyArray<RunnerTool>
  readonly params: RequestParams
  /** The prompt with the replies and tool results of the turn so far. */
  readonly buildPrompt: (added: HistoryEntry) => Prompt<RunnerTool>
  /** Makes the prompt shorter after the API refused it; false if that cannot be. */
  readonly shorten: (limit: PromptLimit) => boolean
  /** Called with the tokens that the API counted of the latest prompt. */
  readonly onCounted: (tokens: number) => void
  readonly container: ContainerHolder
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

/** Refusals of one request as too long, after each of which it is shortened. */
const SHORTENINGS_MAX = 4

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

const countPromptTokens = ({ usage }: BetaMessage): number =>
  usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0)

/** The definition without the functions that run it. */
const toDefinition = (tool: RunnerTool): Anthropic.Beta.Messages.BetaToolUnion => {
  if (!isRunnable(tool)) return tool
  const { close: _close, parse: _parse, run: _run, ...definition } = tool
  return definition
}

const toParams = (request: TurnRequest, { messages, system, tools }: Prompt<RunnerTool>): Params => ({
  ...request.params,
  ...chooseContainer(request.params.container, request.container),
  model: request.model,
  max_tokens: request.maxTokens,
  ...(system.length === 0 ? {} : { system: Array.from(system) }),
  ...(tools.length === 0 ? {} : { tools: tools.map(toDefinition) }),
  messages: Array.from(messages)
})

/** Sends the next request of the turn, shortened as often as the API refuses it as too long. */
const sendRequest = async (
  client: ModelClient,
  request: TurnRequest,
  progress: TurnProgress,
  options: { readonly signal: AbortSignal; readonly emit: Emit | undefined }
): Promise<BetaMessage> => {
  const { emit, signal } = options
  for (let refusals = 0; ; refusals++) {
    const prompt = request.buildPrompt(progress.added)
    progress.partialText = ""
    try {
      const message = await askModel(client, toParams(request, prompt), {
        signal,
        isStreamed: emit !== undefined || request.maxTokens > UNSTREAMED_TOKENS_MAX,
        silenceTimeoutMs: request.silenceTimeoutMs,
        onText: (text) => {
          progress.partialText += text
          emit?.({ type: "text", text })
        }
      })
      request.onCounted(countPromptTokens(message))
      return message
    } catch (error) {
      const limit = readPromptLimit(error)
      const canRepeat = limit !== undefined && refusals < SHORTENINGS_MAX && request.shorten(limit)
      if (!canRepeat) throw error
    }
  }
}

/** The reply is resumed by sending it back. */
const isUnfinished = ({ stop_reason: reason }: BetaMessage): boolean =>
  reason === "pause_turn" || reason === "compaction"

/** Asks the model and runs its tools until it answers. Streams the reply if `emit` is given. */
export const runModel = async (
  client: ModelClient,
  request: TurnRequest,
  progress: TurnProgress,
  options: { readonly signal: AbortSignal; readonly emit: Emit | undefined }
): Promise<TurnReply> => {
  const { signal } = options
  let usage = NO_USAGE
  let text = ""
  for (;;) {
    const message = await sendRequest(client, request, progress, options)
    progress.partialText = ""
    usage = addUsage(usage, message)
    text += readText(message)
    keepContainer(request.container, message)
    const content = cleanBlocks(message.content as unknown as ReadonlyArray<ContentBlock>)
    if (content.length > 0) progress.added.push({ role: "assistant", content })
    const isLast = usage.requests >= request.maxTurns
    const results =
      message.stop_reason === "tool_use" ? await runTools(message, request.tools, signal) : undefined
    if (results !== undefined) progress.added.push(results)
    const isDone = isLast || (results === undefined && !isUnfinished(message))
    if (isDone) {
      return {
        text,
        message,
        stopReason: results === undefined ? message.stop_reason : "max_turns",
        usage,
        added: cleanExchange(progress.added)
      }
    }
    if (results !== undefined) text = ""
    signal.throwIfAborted()
  }
}
