import type Anthropic from "@anthropic-ai/sdk"
import { type HistoryEntry, joinMessages, type MessageParam } from "./history.ts"

type CacheControl = Anthropic.Beta.Messages.BetaCacheControlEphemeral
type TextBlock = Anthropic.Beta.Messages.BetaTextBlockParam
type ToolDefinition = Anthropic.Beta.Messages.BetaToolUnion

/** A text, or blocks that may carry breakpoints of their own. */
export type SystemPrompt = string | ReadonlyArray<TextBlock>

/** `tail`: after the user's text, outside the cached prefix. `system`: after the base system prompt. */
export type Placement = "tail" | "system"

/** How long the fixed part of the prompt is cached; `false` sets no breakpoints. */
export type CacheSetting = "5m" | "1h" | false

export interface Prompt {
  readonly system: ReadonlyArray<TextBlock>
  readonly messages: ReadonlyArray<MessageParam>
}

const makeBreakpoint = (cache: "5m" | "1h"): CacheControl =>
  cache === "1h" ? { type: "ephemeral", ttl: "1h" } : { type: "ephemeral" }

/** Puts a breakpoint on the last item, unless the item already has one. */
const markLast = <A extends object>(items: ReadonlyArray<A>, cache: CacheSetting): ReadonlyArray<A> =>
  items.map((item, i) =>
    cache === false || i < items.length - 1 || "cache_control" in item
      ? item
      : { ...item, cache_control: makeBreakpoint(cache) }
  )

export const toSystemBlocks = (system: SystemPrompt | undefined): ReadonlyArray<TextBlock> => {
  if (system === undefined || system === "") return []
  return typeof system === "string" ? [{ type: "text", text: system }] : system
}

/** Marks the last text of the last message in which the user wrote text. */
const markUserText = (
  messages: ReadonlyArray<MessageParam>,
  cache: CacheSetting
): ReadonlyArray<MessageParam> => {
  const isText = (block: { readonly type: string }) => block.type === "text"
  const lastUserIndex = messages.findLastIndex(
    ({ content, role }) => role === "user" && Array.isArray(content) && content.some(isText)
  )
  return messages.map((message, i) => {
    if (i !== lastUserIndex || typeof message.content === "string") return message
    const textIndex = message.content.findLastIndex(isText)
    return {
      ...message,
      content: [
        ...message.content.slice(0, textIndex),
        ...markLast(message.content.slice(textIndex, textIndex + 1), cache),
        ...message.content.slice(textIndex + 1)
      ]
    }
  })
}

/** The user's text as a message of the history. */
export const toUserMessage = (text: string): MessageParam => ({
  role: "user",
  content: [{ type: "text", text }]
})

/**
 * The prompt of one turn. The breakpoint is on the user's text, and the memory block follows it: the cached
 * prefix holds nothing that changes from turn to turn. The previous turn's breakpoint is set again, because
 * the API looks back only 20 blocks and a turn with tools may be longer.
 */
export const buildPrompt = (request: {
  readonly system: ReadonlyArray<TextBlock>
  readonly history: ReadonlyArray<HistoryEntry>
  readonly text: string
  readonly memory: string
  readonly placement: Placement
  readonly cache: CacheSetting
}): Prompt => {
  const { cache, history, memory, placement, text } = request
  const block: ReadonlyArray<TextBlock> = memory === "" ? [] : [{ type: "text", text: memory }]
  const tail = placement === "tail" ? block : []
  const userText = markLast([{ type: "text" as const, text }], cache)
  const previous = markUserText(joinMessages(history), cache)
  return {
    system: [...markLast(request.system, cache), ...(placement === "system" ? block : [])],
    messages: joinMessages([previous, [{ role: "user", content: [...userText, ...tail] }]])
  }
}

export const markTools = <T extends ToolDefinition>(tools: ReadonlyArray<T>, cache: CacheSetting): Array<T> =>
  Array.from(markLast(tools, cache))
