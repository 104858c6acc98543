import { cleanExchange, type HistoryEntry, type MessageParam, toBlocks } from "../../conversation/history.ts"

const BROKEN_OFF = "[The reply was broken off here.]"
const NOT_ANSWERED = "The turn was broken off before this tool answered; it may have run."

/** An exchange without a whole reply, marked as such. */
export const breakOff = (messages: HistoryEntry, text = ""): HistoryEntry => {
  const last = messages.at(-1)
  const open = last?.role === "assistant" ? toBlocks(last) : []
  const results = open.flatMap((block) =>
    block.type === "tool_use"
      ? [{ type: "tool_result" as const, tool_use_id: block.id, content: NOT_ANSWERED, is_error: true }]
      : []
  )
  const ending = text.trim() === "" ? BROKEN_OFF : `${text}\n\n${BROKEN_OFF}`
  return cleanExchange([
    ...messages,
    ...(results.length === 0 ? [] : [{ role: "user" as const, content: results }]),
    { role: "assistant", content: [{ type: "text", text: ending }] }
  ])
}

/** What a turn has so far, for when it is broken off. */
export class TurnProgress {
  /** Replies and tool results, without the user's message. */
  readonly added: Array<MessageParam> = []
  /** Text of the reply that is being streamed. */
  partialText = ""

  /** Whether the reader has seen text. */
  get hasText(): boolean {
    return this.partialText !== "" || this.added.length > 0
  }

  /** The exchange as the history keeps it: what was shown, marked as broken off. */
  breakOff(user: MessageParam): HistoryEntry {
    return breakOff([user, ...this.added], this.partialText)
  }
}
