import type Anthropic from "@anthropic-ai/sdk"
import { cleanText } from "../cleanText.ts"

export type ContentBlock = Anthropic.Beta.Messages.BetaContentBlockParam

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

export const toBlocks = (message: MessageParam): ReadonlyArray<ContentBlock> =>
  typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content

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

const isThinking = ({ type }: ContentBlock): boolean => type === "thinking" || type === "redacted_thinking"

const withoutMark = <A extends object>(block: A): A => {
  if (!("cache_control" in block)) return block
  const { cache_control: _, ...rest } = block
  return rest as A
}

/** Blocks as the API accepts them back: cleaned texts, none of them blank. Breakpoints are set for each request. */
export const cleanBlocks = (blocks: ReadonlyArray<ContentBlock>): Array<ContentBlock> =>
  blocks.flatMap((block): ReadonlyArray<ContentBlock> => {
    if (block.type === "text") {
      const text = cleanText(block.text)
      return text.trim() === "" ? [] : [{ ...withoutMark(block), text }]
    }
    if (block.type !== "tool_result") return [withoutMark(block)]
    const { content, ...result } = withoutMark(block)
    if (content === undefined) return [result]
    return [
      { ...result, content: typeof content === "string" ? cleanText(content) : content.map(withoutMark) }
    ]
  })

/** Calls that the next message answers. */
const isClientCall = ({ type }: ContentBlock): boolean => type === "tool_use"
/** Calls that the same or a later reply answers. */
const isServerCall = ({ type }: ContentBlock): boolean =>
  type === "server_tool_use" || type === "mcp_tool_use"

const listResultIds = (messages: ReadonlyArray<MessageParam>): ReadonlySet<string> =>
  new Set(messages.flatMap(toBlocks).flatMap((block) => ("tool_use_id" in block ? [block.tool_use_id] : [])))

/** The API refuses a reply that ends in thinking. */
const withoutLastThinking = (blocks: ReadonlyArray<ContentBlock>): ReadonlyArray<ContentBlock> =>
  blocks.slice(0, blocks.findLastIndex((block) => !isThinking(block)) + 1)

/**
 * Removes what the API would refuse: blank text, tool calls that were cut off before they got a result, and
 * replies that hold nothing else.
 */
export const cleanExchange = (messages: ReadonlyArray<MessageParam>): HistoryEntry =>
  messages.flatMap((message, i): ReadonlyArray<MessageParam> => {
    const isReply = message.role === "assistant"
    const next = isReply ? listResultIds(messages.slice(i + 1, i + 2)) : new Set()
    const later = isReply ? listResultIds(messages.slice(i)) : new Set()
    const isUnanswered = (block: ContentBlock) =>
      isReply &&
      "id" in block &&
      ((isClientCall(block) && !next.has(block.id)) || (isServerCall(block) && !later.has(block.id)))
    const answered = cleanBlocks(toBlocks(message)).filter((block) => !isUnanswered(block))
    const content = isReply ? withoutLastThinking(answered) : answered
    return content.length === 0 ? [] : [{ ...message, content: Array.from(content) }]
  })

const findExchangeProblem = (messages: HistoryEntry): string | undefined => {
  if (messages[0]?.role !== "user") return "does not begin with the user"
  for (const [i, message] of messages.entries()) {
    const blocks = toBlocks(message)
    if (blocks.length === 0) return `has a message (${i}) without content`
    if (blocks.some((block) => block.type === "text" && block.text.trim() === ""))
      return `has a message (${i}) with blank text`
    const previous = messages[i - 1]
    const calls = new Set(
      previous?.role === "assistant"
        ? toBlocks(previous).flatMap((block) => (block.type === "tool_use" ? [block.id] : []))
        : []
    )
    const orphan = blocks.find((block) => block.type === "tool_result" && !calls.has(block.tool_use_id))
    if (orphan !== undefined) return `has a message (${i}) with a tool result without its call`
  }
  const callCount = (entry: HistoryEntry) =>
    entry.flatMap(toBlocks).filter((block) => isClientCall(block) || isServerCall(block)).length
  return callCount(cleanExchange(messages)) < callCount(messages)
    ? "has a tool call without its result"
    : undefined
}

/** The problem of an imported history, or `undefined`. */
export const findHistoryProblem = (entries: unknown): string | undefined => {
  if (!Array.isArray(entries)) return "is not a list of exchanges"
  for (const [i, entry] of (entries as ReadonlyArray<unknown>).entries()) {
    if (!Array.isArray(entry) || entry.length === 0) return `exchange ${i} is not a list of messages`
    const messages = entry as ReadonlyArray<Partial<MessageParam> | null>
    const isBlock = (block: unknown) =>
      typeof block === "object" && block !== null && "type" in block && typeof block.type === "string"
    const areMessages = messages.every(
      (message) =>
        (message?.role === "user" || message?.role === "assistant") &&
        (typeof message.content === "string" ||
          (Array.isArray(message.content) && message.content.every(isBlock)))
    )
    if (!areMessages) return `exchange ${i} holds something that is not a message`
    const problem = findExchangeProblem(messages as HistoryEntry)
    if (problem !== undefined) return `exchange ${i} ${problem}`
  }
  return undefined
}
