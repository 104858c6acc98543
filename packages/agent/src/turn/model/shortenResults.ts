import { type ContentBlock, type MessageParam, toBlocks } from "../../conversation/history.ts"

/** What stays of a long tool result, in characters. */
const REST_CHARACTERS = 2_000
const CUT = "\n[Cut here: the conversation became too long for the model.]"

const shorten = (block: ContentBlock): ContentBlock => {
  if (block.type !== "tool_result" || block.content === undefined) return block
  const { content } = block
  const text =
    typeof content === "string"
      ? content
      : content.map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join("\n")
  const isShort =
    text.length <= REST_CHARACTERS + CUT.length && JSON.stringify(content).length <= text.length * 2
  return isShort ? block : { ...block, content: text.slice(0, REST_CHARACTERS).toWellFormed() + CUT }
}

/** Shortens the long tool results of a turn in place; false if there are none. */
export const shortenResults = (added: Array<MessageParam>): boolean => {
  let isShortened = false
  for (const [i, message] of added.entries()) {
    if (message.role !== "user") continue
    const blocks = toBlocks(message)
    const content = blocks.map(shorten)
    if (content.every((block, j) => block === blocks[j])) continue
    isShortened = true
    added[i] = { ...message, content }
  }
  return isShortened
}
