import type Anthropic from "@anthropic-ai/sdk"
import { countTokens } from "./countTokens.ts"
import type { PromptUsage } from "./PromptCache.ts"
import type { RequestBody } from "./RequestBody.ts"

type BetaMessage = Anthropic.Beta.Messages.BetaMessage
type StreamEvent = Anthropic.Beta.Messages.BetaRawMessageStreamEvent
type StopReason = Anthropic.Beta.Messages.BetaStopReason

/** A scripted message. Text comes first, tool calls after it. */
export interface MessageReply {
  readonly text?: string | undefined
  /** The blocks as they are, in place of `text` and `tools`; may be empty. */
  readonly content?: ReadonlyArray<object> | undefined
  /** The container of code execution. */
  readonly container?: { readonly id: string; readonly expires_at: string } | undefined
  readonly tools?:
    | ReadonlyArray<{ readonly name: string; readonly input: unknown; readonly id?: string | undefined }>
    | undefined
  /** `tool_use` if there are tool calls, else `end_turn`. */
  readonly stopReason?: StopReason | undefined
  readonly usage?: Partial<Anthropic.Beta.Messages.BetaUsage> | undefined
  /** Streams this many chunks, then fails as an overloaded server does. */
  readonly overloadedAfter?: number | undefined
  /** Awaited before each streamed event: lets a test hold a stream open. */
  readonly pace?: (() => Promise<void>) | undefined
}

let callCount = 0

const toContent = (reply: MessageReply): ReadonlyArray<object> =>
  reply.content ?? [
    ...(reply.text === undefined || reply.text === ""
      ? []
      : [{ type: "text", text: reply.text, citations: null }]),
    ...(reply.tools ?? []).map(({ id, input, name }) => ({
      type: "tool_use",
      id: id ?? `toolu_local_${++callCount}`,
      name,
      input
    }))
  ]

const isCall = (block: object): boolean => "type" in block && block.type === "tool_use"

/** The message as the API sends it. Token counts are estimates. */
export const scriptedMessage = (
  reply: MessageReply,
  { body, id, usage }: { readonly body: RequestBody; readonly id: string; readonly usage: PromptUsage }
): BetaMessage => {
  const content = toContent(reply)
  const message = {
    id,
    type: "message",
    role: "assistant",
    model: body.model,
    content,
    stop_reason: reply.stopReason ?? (content.some(isCall) ? "tool_use" : "end_turn"),
    stop_sequence: null,
    stop_details: null,
    container: reply.container ?? null,
    context_management: null,
    usage: { ...usage, output_tokens: countTokens(content), ...reply.usage }
  }
  // The SDK's type has fields of features that the API omits when they are not in use.
  return message as BetaMessage
}

const CHUNK_CODE_POINTS = 12

const splitChunks = (text: string): ReadonlyArray<string> => {
  const points = Array.from(text)
  return Array.from({ length: Math.ceil(points.length / CHUNK_CODE_POINTS) }, (_, i) =>
    points.slice(i * CHUNK_CODE_POINTS, (i + 1) * CHUNK_CODE_POINTS).join("")
  )
}

type SentEvent = StreamEvent | { readonly type: "ping" } | { readonly type: "error"; readonly error: object }

/** The events that stream the message, in the API's order. */
export async function* streamMessage(message: BetaMessage, reply: MessageReply): AsyncGenerator<SentEvent> {
  const pace = reply.pace ?? (() => Promise.resolve())
  await pace()
  yield {
    type: "message_start",
    message: { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } }
  }
  yield { type: "ping" }
  let chunkCount = 0
  for (const [index, block] of message.content.entries()) {
    const isText = block.type === "text"
    const start = isText
      ? { ...block, text: "" }
      : block.type === "tool_use"
        ? { ...block, input: {} }
        : block
    yield { type: "content_block_start", index, content_block: start }
    const blockText = isText ? block.text : block.type === "tool_use" ? JSON.stringify(block.input) : ""
    for (const chunk of splitChunks(blockText)) {
      await pace()
      if (reply.overloadedAfter !== undefined && chunkCount++ >= reply.overloadedAfter) {
        yield { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }
        return
      }
      const delta = isText
        ? { type: "text_delta", text: chunk }
        : { type: "input_json_delta", partial_json: chunk }
      yield { type: "content_block_delta", index, delta } as StreamEvent
    }
    yield { type: "content_block_stop", index }
  }
  yield {
    type: "message_delta",
    delta: {
      stop_reason: message.stop_reason,
      stop_sequence: null,
      stop_details: null,
      container: message.container
    },
    usage: { ...message.usage },
    context_management: null
  } as StreamEvent
  yield { type: "message_stop" }
}
