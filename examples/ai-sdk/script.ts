import type { Respond } from "@keepsake/agent/testing"

/** The model without a key: calls the recall tool for a "what" question, else repeats the message. */
export const script: Respond = ({ body }) => {
  const content = body.messages.at(-1)?.content
  const blocks = Array.isArray(content) ? content : []
  const result = blocks.find((block) => block.type === "tool_result")
  if (result !== undefined) return `(scripted) The recall tool said: ${JSON.stringify(result.content)}`
  const [message = ""] = blocks.flatMap((block) => (block.type === "text" ? [block.text] : []))
  if (/^what/i.test(message)) return { tools: [{ name: "recall", input: { query: message } }] }
  return `(scripted) You said: ${message}`
}
