import type { Respond } from "@keepsake/agent/testing"

/** Stands in for a model where there is no key: repeats what it was handed, so that the memory can be seen at work. */
export const script: Respond = ({ body }) => {
  const content = body.messages.at(-1)?.content
  const texts = Array.isArray(content)
    ? content.flatMap((block) => (block.type === "text" ? [block.text] : []))
    : []
  const [said = "", memory] = texts
  return memory === undefined
    ? `(scripted) You said: ${said}`
    : `(scripted) You said: ${said}\nMemory handed to me:\n${memory}`
}
