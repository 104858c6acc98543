import type Anthropic from "@anthropic-ai/sdk"
import { type CacheSetting, isDeferred, planMarks, putMarks } from "./cacheMarks.ts"
import { type ContentBlock, type HistoryEntry, joinMessages, type MessageParam, toBlocks } from "./history.ts"

type TextBlock = Anthropic.Beta.Messages.BetaTextBlockParam

/** A text, or blocks that may carry breakpoints of their own. */
export type SystemPrompt = string | ReadonlyArray<TextBlock>

/** `tail`: after the user's text, outside the cached prefix. `system`: after the base system prompt. */
export type Placement = "tail" | "system"

export interface Prompt<Tool extends object> {
  readonly system: ReadonlyArray<TextBlock>
  readonly messages: ReadonlyArray<MessageParam>
  readonly tools: Array<Tool>
}

/** What a request of a turn is made of. */
export interface PromptParts<Tool extends object> {
  readonly tools: ReadonlyArray<Tool>
  readonly system: ReadonlyArray<TextBlock>
  readonly history: ReadonlyArray<HistoryEntry>
  /** The user's message. */
  readonly user: ReadonlyArray<ContentBlock>
  /** Replies and tool results of the turn so far. */
  readonly added: HistoryEntry
  /** The memory block; may be empty. */
  readonly memory: string
  readonly placement: Placement
  readonly cache: CacheSetting
  /** The caller's `cache_control` of the whole request. */
  readonly automatic: Anthropic.Beta.Messages.BetaCacheControlEphemeral | null | undefined
}

export const toSystemBlocks = (system: SystemPrompt | undefined): ReadonlyArray<TextBlock> => {
  if (system === undefined) return []
  const blocks = typeof system === "string" ? [{ type: "text" as const, text: system }] : system
  // The API refuses blank ones.
  return blocks.filter(({ text }) => text.trim() !== "")
}

const MARKABLE: ReadonlySet<string> = new Set(["text", "image", "document", "search_result", "tool_result"])

const findLastMarkable = (blocks: ReadonlyArray<ContentBlock>): ReadonlyArray<ContentBlock> => {
  const last = blocks.findLast(({ type }) => MARKABLE.has(type))
  return last === undefined ? [] : [last]
}

/** The last block of what a user wrote, the newest first. Results of tools are no such blocks. */
const listWritten = (messages: HistoryEntry): ReadonlyArray<ContentBlock> =>
  messages.toReversed().flatMap((message) => {
    if (message.role !== "user") return []
    return findLastMarkable(toBlocks(message).filter(({ type }) => type !== "tool_result"))
  })

const listResults = (added: HistoryEntry): ReadonlyArray<ContentBlock> =>
  added
    .toReversed()
    .flatMap((message) => (message.role === "user" ? findLastMarkable(toBlocks(message)) : []))

/**
 * A request of a turn. The first has its breakpoint on the user's text, which the memory block follows, so the
 * cached prefix holds nothing that changes from turn to turn; later ones have it on the newest tool result. The
 * breakpoint before it is set again, because the API looks back only 20 blocks.
 */
export const buildPrompt = <Tool extends object>(parts: PromptParts<Tool>): Prompt<Tool> => {
  const { added, automatic, cache, memory, placement, tools, user } = parts
  const block: ReadonlyArray<TextBlock> = memory === "" ? [] : [{ type: "text", text: memory }]
  const tail = placement === "tail" ? block : []
  const system = [...parts.system, ...(placement === "system" ? block : [])]
  const previous = joinMessages(parts.history).map((message) => ({
    ...message,
    content: Array.from(toBlocks(message))
  }))
  const messages = joinMessages([previous, [{ role: "user", content: [...user, ...tail] }], added]).map(
    (message) => ({ ...message, content: Array.from(toBlocks(message)) })
  )
  const newest = [...listResults(added), ...findLastMarkable(user), ...listWritten(previous)].slice(0, 2)
  const marks = planMarks({
    items: [...tools, ...system, ...messages.flatMap(({ content }) => content)],
    wanted: [...newest, ...parts.system.slice(-1), ...findLastTool(tools)],
    automatic,
    cache
  })
  return {
    tools: putMarks(tools, marks),
    system: putMarks(system, marks),
    messages: messages.map((message) => ({ ...message, content: putMarks(message.content, marks) }))
  }
}

const findLastTool = <Tool extends object>(tools: ReadonlyArray<Tool>): ReadonlyArray<Tool> => {
  const last = tools.findLast((tool) => !isDeferred(tool))
  return last === undefined ? [] : [last]
}
