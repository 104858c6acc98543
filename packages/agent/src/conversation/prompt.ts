import type Anthropic from "@anthropic-ai/sdk"
import { flattened, type HistoryEntry, type MessageParam } from "./history.ts"

type CacheControl = Anthropic.Beta.Messages.BetaCacheControlEphemeral
type TextBlock = Anthropic.Beta.Messages.BetaTextBlockParam
type ToolDefinition = Anthropic.Beta.Messages.BetaToolUnion

/** `tail`: after the user's text, outside the cached prefix. `system`: after the base system prompt, as in the article. */
export type Placement = "tail" | "system"

/** How long the prompt's fixed part stays cached; `false` sets no breakpoints. */
export type CacheSetting = "5m" | "1h" | false

export interface Prompt {
  readonly system: ReadonlyArray<TextBlock>
  readonly messages: ReadonlyArray<MessageParam>
}

const breakpoint = (cache: "5m" | "1h"): CacheControl =>
  cache === "1h" ? { type: "ephemeral", ttl: "1h" } : { type: "ephemeral" }

/** The last one of a list carries the breakpoint. One that already has its own keeps it. */
const marked = <A extends object>(items: ReadonlyArray<A>, cache: CacheSetting): ReadonlyArray<A> =>
  items.map((item, i) =>
    cache === false || i < items.length - 1 || "cache_control" in item
      ? item
      : { ...item, cache_control: breakpoint(cache) }
  )

export const systemBlocks = (
  system: string | ReadonlyArray<TextBlock> | undefined
): ReadonlyArray<TextBlock> => {
  if (system === undefined || system === "") return []
  return typeof system === "string" ? [{ type: "text", text: system }] : system
}

/** Marks the last text of the last message that is the user's own words. */
const withBreakpoint = (
  messages: ReadonlyArray<MessageParam>,
  cache: CacheSetting
): ReadonlyArray<MessageParam> => {
  const isText = (block: { readonly type: string }) => block.type === "text"
  const at = messages.findLastIndex(
    ({ content, role }) => role === "user" && Array.isArray(content) && content.some(isText)
  )
  return messages.map((message, i) => {
    if (i !== at || typeof message.content === "string") return message
    const last = message.content.findLastIndex(isText)
    return {
      ...message,
      content: [
        ...message.content.slice(0, last),
        ...marked(message.content.slice(last, last + 1), cache),
        ...message.content.slice(last + 1)
      ]
    }
  })
}

/** What the user said, as it is kept in the history. */
export const userMessage = (text: string): MessageParam => ({
  role: "user",
  content: [{ type: "text", text }]
})

/**
 * The prompt of one turn. The breakpoint sits on the user's text and the memory block comes after it: what
 * changes from turn to turn is never part of what is cached. The breakpoint of the turn before is set
 * again, since the API looks back only 20 blocks and a turn with tools may be longer.
 */
export const promptOf = (request: {
  readonly system: ReadonlyArray<TextBlock>
  readonly history: ReadonlyArray<HistoryEntry>
  readonly text: string
  readonly memory: string
  readonly placement: Placement
  readonly cache: CacheSetting
}): Prompt => {
  const { cache, history, memory, placement, text } = request
  const block: ReadonlyArray<TextBlock> = memory === "" ? [] : [{ type: "text", text: memory }]
  const atTail = placement === "tail" ? block : []
  const own = marked([{ type: "text" as const, text }], cache)
  const before = withBreakpoint(flattened(history), cache)
  return {
    system: [...marked(request.system, cache), ...(placement === "system" ? block : [])],
    messages: flattened([before, [{ role: "user", content: [...own, ...atTail] }]])
  }
}

export const toolsWithBreakpoint = <T extends ToolDefinition>(
  tools: ReadonlyArray<T>,
  cache: CacheSetting
): Array<T> => Array.from(marked(tools, cache))
