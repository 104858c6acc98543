import type { Respond } from "@keepsake/agent/testing"

/** The model without a key: repeats the message and the memory block, to show the memory at work. */
export const script: Respond = ({ body }) => {
  const content = body.messages.at(-1)?.content
  const texts = Array.isArray(content)
    ? content.flatMap((block) => (block.type === "text" ? [block.text] : []))
    : []
  const [message = "", context] = texts
  return context === undefined
    ? `(scripted) You said: ${message}`
    : `(scripted) You said: ${message}\nThe memory gave me:\n${context}`
}
