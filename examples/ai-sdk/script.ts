import type { Respond } from "@keepsake/agent/testing"

/** Stands in for a model where there is no key: looks things up when asked "what", else repeats what it heard. */
export const script: Respond = ({ body }) => {
  const content = body.messages.at(-1)?.content
  const blocks = Array.isArray(content) ? content : []
  const result = blocks.find((block) => block.type === "tool_result")
  if (result !== undefined) return `(scripted) The recall tool said: ${JSON.stringify(result.content)}`
  const [said = ""] = blocks.flatMap((block) => (block.type === "text" ? [block.text] : []))
  if (/^what/i.test(said)) return { tools: [{ name: "recall", input: { query: said } }] }
  return `(scripted) You said: ${said}`
}
