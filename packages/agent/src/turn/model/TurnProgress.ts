import { cleanExchange, type HistoryEntry, type MessageParam, toBlocks } from "../../conversation/history.ts"

const BROKEN_OFF = "[The reply was broken off here.]"
const NOT_ANSWERED = "The turn was broken off before this tool answered; it may have run."

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

  /** The text that was shown. */
  get text(): string {
    const texts = this.added.flatMap((message) =>
      message.role === "assistant"
        ? toBlocks(message).map((block) => (block.type === "text" ? block.text : ""))
        : []
    )
    return [...texts, this.partialText].join("")
  }

  /** The exchange as the history keeps it: what was shown, marked as broken off. */
  breakOff(user: MessageParam): HistoryEntry {
    const last = this.added.at(-1)
    const open = last?.role === "assistant" ? toBlocks(last) : []
    const results = open.flatMap((block) =>
      block.type === "tool_use"
        ? [{ type: "tool_result" as const, tool_use_id: block.id, content: NOT_ANSWERED, is_error: true }]
        : []
    )
    const text = this.partialText.trim() === "" ? BROKEN_OFF : `${this.partialText}\n\n${BROKEN_OFF}`
    return cleanExchange([
      user,
      ...this.added,
      ...(results.length === 0 ? [] : [{ role: "user" as const, content: results }]),
      { role: "assistant", content: [{ type: "text", text }] }
    ])
  }
}
