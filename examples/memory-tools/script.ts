import type { Respond } from "@keepsake/agent/testing"

/** The model without a key: recalls, searches the notes if nothing is found, remembers the finding, answers. */
export const script: Respond = ({ body }) => {
  const content = body.messages.at(-1)?.content
  const results = Array.isArray(content)
    ? content.flatMap((block) => (block.type === "tool_result" ? [block.content] : []))
    : []
  const steps = body.messages.filter(({ role }) => role === "assistant").length
  const output = typeof results[0] === "string" ? results[0] : ""
  if (steps === 0) return { tools: [{ name: "recall", input: { query: "rail from Rotterdam to Duisburg" } }] }
  if (steps === 1)
    return output.startsWith("Nothing")
      ? { tools: [{ name: "search_notes", input: { word: "rail" } }] }
      : `(scripted) From memory: ${output}`
  if (steps === 2)
    return {
      tools: [{ name: "remember", input: { content: output, type: "semantic", saidBy: "assistant" } }]
    }
  return "(scripted) Researched and remembered."
}
