import type { Respond } from "@keepsake/agent/testing"

/** Stands in for a model where there is no key: recall, then search where nothing is known, then remember, then answer. */
export const script: Respond = ({ body }) => {
  const content = body.messages.at(-1)?.content
  const results = Array.isArray(content)
    ? content.flatMap((block) => (block.type === "tool_result" ? [block.content] : []))
    : []
  const steps = body.messages.filter(({ role }) => role === "assistant").length
  const shown = typeof results[0] === "string" ? results[0] : ""
  if (steps === 0) return { tools: [{ name: "recall", input: { query: "rail from Rotterdam to Duisburg" } }] }
  if (steps === 1)
    return shown.startsWith("Nothing")
      ? { tools: [{ name: "search_notes", input: { word: "rail" } }] }
      : `(scripted) From memory: ${shown}`
  if (steps === 2) return { tools: [{ name: "remember", input: { content: shown, type: "semantic" } }] }
  return "(scripted) Researched and remembered."
}
