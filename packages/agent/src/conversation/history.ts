import type Anthropic from "@anthropic-ai/sdk"
import { fourCharactersPerToken } from "@keepsake/core/driver"

type ContentBlock = Anthropic.Beta.Messages.BetaContentBlockParam

/** A message of the user or the model; a history has no system messages. */
export interface MessageParam {
  readonly role: "user" | "assistant"
  readonly content: string | Array<ContentBlock>
}

/**
 * One exchange: the user's text, then replies and tool results. A tool call and its result are in the same
 * exchange, so that trimming whole exchanges cannot separate them.
 */
export type HistoryEntry = ReadonlyArray<MessageParam>

/** Trimming goes below the budget, down to this share of it, so that the cached prefix changes rarely. */
const TRIM_SHARE = 0.7

const toBlocks = (message: MessageParam): ReadonlyArray<ContentBlock> =>
  typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content

const estimateTokens = (entry: HistoryEntry): number => fourCharactersPerToken(JSON.stringify(entry))

/** The newest exchanges that fit; the same array when all of them do. */
export const trimHistory = (
  entries: ReadonlyArray<HistoryEntry>,
  budgetTokens: number
): ReadonlyArray<HistoryEntry> => {
  const sizes = entries.map(estimateTokens)
  if (sizes.reduce((sum, size) => sum + size, 0) <= budgetTokens) return entries
  let left = budgetTokens * TRIM_SHARE
  let first = entries.length
  while (first > 0 && left >= (sizes[first - 1] ?? 0)) left -= sizes[--first] ?? 0
  return entries.slice(first)
}

/** Merges consecutive messages of the same role. */
export const joinMessages = (entries: ReadonlyArray<HistoryEntry>): Array<MessageParam> => {
  const messages: Array<MessageParam> = []
  for (const message of entries.flat()) {
    const last = messages.at(-1)
    if (last?.role === message.role)
      messages[messages.length - 1] = { ...last, content: [...toBlocks(last), ...toBlocks(message)] }
    else messages.push(message)
  }
  return messages
}

const CALL_TYPES: ReadonlySet<string> = new Set(["tool_use", "server_tool_use", "mcp_tool_use"])

const listResultIds = (message: MessageParam | undefined): ReadonlySet<string> =>
  new Set(
    message === undefined
      ? []
      : toBlocks(message).flatMap((block) => ("tool_use_id" in block ? [block.tool_use_id] : []))
  )

const isContent = (block: ContentBlock): boolean =>
  block.type !== "thinking" && block.type !== "redacted_thinking"

/**
 * Removes what the API would refuse: tool calls that were cut off before they got a result, and replies that
 * hold nothing else.
 */
export const dropUnansweredCalls = (messages: ReadonlyArray<MessageParam>): HistoryEntry =>
  messages.flatMap((message, i): ReadonlyArray<MessageParam> => {
    if (message.role !== "assistant") return [message]
    const blocks = toBlocks(message)
    const answered = new Set([...listResultIds(message), ...listResultIds(messages[i + 1])])
    const answeredBlocks = blocks.filter(
      (block) => !(CALL_TYPES.has(block.type) && "id" in block && !answered.has(block.id))
    )
    if (answeredBlocks.length === blocks.length) return [message]
    return answeredBlocks.some(isContent) ? [{ ...message, content: answeredBlocks }] : []
  })

/** The problem of an imported history, or `undefined`. */
export const findHistoryProblem = (entries: unknown): string | undefined => {
  if (!Array.isArray(entries)) return "is not a list of exchanges"
  for (const [i, entry] of (entries as ReadonlyArray<unknown>).entries()) {
    if (!Array.isArray(entry) || entry.length === 0) return `exchange ${i} is not a list of messages`
    const messages = entry as ReadonlyArray<Partial<MessageParam> | null>
    const areMessages = messages.every(
      (message) =>
        (message?.role === "user" || message?.role === "assistant") &&
        (typeof message.content === "string" || Array.isArray(message.content))
    )
    if (!areMessages) return `exchange ${i} holds something that is not a message`
    if (messages[0]?.role !== "user") return `exchange ${i} does not begin with the user`
    if (JSON.stringify(dropUnansweredCalls(messages as HistoryEntry)) !== JSON.stringify(messages)) {
      return `exchange ${i} has a tool call without its result`
    }
  }
  return undefined
}
