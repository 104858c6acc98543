import { readFile } from "node:fs/promises"
import type { EmbedderProvider } from "@keepsake/keepsake"
import { withMemory } from "./opened.ts"

interface Case {
  readonly id: string
  readonly items: ReadonlyArray<{
    readonly session: number
    readonly speaker: "user" | "assistant"
    readonly text: string
    readonly type?: "semantic" | "episodic" | "procedural"
    readonly pinned?: true
  }>
  readonly question: string
  /** The block must contain at least one text of each inner list. */
  readonly needs: ReadonlyArray<ReadonlyArray<string>>
}

export interface ColdStart {
  readonly cases: number
  readonly missed: ReadonlyArray<{
    readonly id: string
    readonly needs: ReadonlyArray<ReadonlyArray<string>>
  }>
  readonly tokens: number
}

/** Tests on young memories whether the default context block has what the next question needs. */
export const coldStart = async (
  embedder: string | EmbedderProvider | null,
  files: ReadonlyArray<string>
): Promise<ColdStart> => {
  const texts = await Promise.all(files.map(async (file) => readFile(file, "utf8")))
  const cases = texts.flatMap((text) => (JSON.parse(text) as { readonly cases: ReadonlyArray<Case> }).cases)
  return withMemory("memory", embedder, async (memory) => {
    const missed: Array<ColdStart["missed"][number]> = []
    let tokens = 0
    for (const { id, items, needs, question } of cases) {
      const scoped = memory.for({ agentId: "bench-cold-start", userId: id })
      await scoped.rememberMany(
        items.map(({ session, speaker, text, ...rest }) => ({
          content: text,
          source: speaker,
          sessionId: String(session),
          ...rest
        }))
      )
      const block = await scoped.context(question, { sessionId: "the next one" })
      tokens += block.tokens
      const unmet = needs.filter((alternatives) => !alternatives.some((text) => block.text.includes(text)))
      if (unmet.length > 0) missed.push({ id, needs: unmet })
    }
    return { cases: cases.length, missed, tokens: tokens / cases.length }
  })
}
