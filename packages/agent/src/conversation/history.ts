import type Anthropic from "@anthropic-ai/sdk"
import { fourCharactersPerToken } from "@keepsake/core/driver"

type ContentBlock = Anthropic.Beta.Messages.BetaContentBlockParam

/** A message of the user or the model; no system messages are kept in a history. */
export interface MessageParam {
  readonly role: "user" | "assistant"
  readonly content: string | Array<ContentBlock>
}

/**
 * What one call of `send` added to the conversation: the user's text first, then replies and tool results.
 * A tool call and its result are always of one exchange, so that trimming by exchanges cannot part them.
 */
export type HistoryEntry = ReadonlyArray<MessageParam>

/** Trimming goes below the budget by this share, so that the cached prefix moves seldom. */
const TRIM_TO = 0.7

const blocksOf = (message: MessageParam): ReadonlyArray<ContentBlock> =>
  typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content

const estimateTokens = (entry: HistoryEntry): number => fourCharactersPerToken(JSON.stringify(entry))

/** The newest exchanges that fit; the same list when nothing has to go. */
export const trimmed = (
  entries: ReadonlyArray<HistoryEntry>,
  budgetTokens: number
): ReadonlyArray<HistoryEntry> => {
  const sizes = entries.map(estimateTokens)
  if (sizes.reduce((sum, size) => sum + size, 0) <= budgetTokens) return entries
  let left = budgetTokens * TRIM_TO
  let first = entries.length
  while (first > 0 && left >= (sizes[first - 1] ?? 0)) left -= sizes[--first] ?? 0
  return entries.slice(first)
}

/** One list, without two messages of one role in a row. */
export const flattened = (entries: ReadonlyArray<HistoryEntry>): Array<MessageParam> => {
  const messages: Array<MessageParam> = []
  for (const message of entries.flat()) {
    const last = messages.at(-1)
    if (last?.role === message.role)
      messages[messages.length - 1] = { ...last, content: [...blocksOf(last), ...blocksOf(message)] }
    else messages.push(message)
  }
  return messages
}

const CALLS: ReadonlySet<string> = new Set(["tool_use", "server_tool_use", "mcp_tool_use"])

const resultsIn = (message: MessageParam | undefined): ReadonlySet<string> =>
  new Set(
    message === undefined
      ? []
      : blocksOf(message).flatMap((block) => ("tool_use_id" in block ? [block.tool_use_id] : []))
  )

const isSubstance = (block: ContentBlock): boolean =>
  block.type !== "thinking" && block.type !== "redacted_thinking"

/**
 * The messages of an exchange as the API takes them back: tool calls that were cut off before they got a
 * result are left out, and with them a reply that has nothing else.
 */
export const settled = (messages: ReadonlyArray<MessageParam>): HistoryEntry =>
  messages.flatMap((message, i): ReadonlyArray<MessageParam> => {
    if (message.role !== "assistant") return [message]
    const blocks = blocksOf(message)
    const answered = new Set([...resultsIn(message), ...resultsIn(messages[i + 1])])
    const kept = blocks.filter(
      (block) => !(CALLS.has(block.type) && "id" in block && !answered.has(block.id))
    )
    if (kept.length === blocks.length) return [message]
    return kept.some(isSubstance) ? [{ ...message, content: kept }] : []
  })

/** What is wrong with messages that come from outside, or `undefined`. */
export const historyProblem = (entries: unknown): string | undefined => {
  if (!Array.isArray(entries)) return "is not a list of exchanges"
  for (const [i, entry] of (entries as ReadonlyArray<unknown>).entries()) {
    if (!Array.isArray(entry) || entry.length === 0) return `exchange ${i} is not a list of messages`
    const messages = entry as ReadonlyArray<Partial<MessageParam> | null>
    const known = messages.every(
      (message) =>
        (message?.role === "user" || message?.role === "assistant") &&
        (typeof message.content === "string" || Array.isArray(message.content))
    )
    if (!known) return `exchange ${i} holds something that is not a message`
    if (messages[0]?.role !== "user") return `exchange ${i} does not begin with the user`
    if (JSON.stringify(settled(messages as HistoryEntry)) !== JSON.stringify(messages)) {
      return `exchange ${i} has a tool call without its result`
    }
  }
  return undefined
}
