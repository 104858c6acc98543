/** A short fact among short facts of one session. */
import { readFile } from "node:fs/promises"
import type { MemoryClient } from "@keepsake/keepsake"
import { mean } from "../metrics.ts"
import { scopeOf } from "./held.ts"

interface ShortFacts {
  readonly sessions: ReadonlyArray<{
    readonly facts: ReadonlyArray<string>
    readonly question: string
    readonly right: number
  }>
}

/** Share of the sessions whose right fact is first. */
export const measureShortFacts = async (
  memory: MemoryClient,
  file: string
): Promise<{ readonly sessions: number; readonly first: number }> => {
  const { sessions } = JSON.parse(await readFile(file, "utf8")) as ShortFacts
  const right: Array<number> = []
  for (const [i, session] of sessions.entries()) {
    const scoped = scopeOf(memory, `short-${i}`)
    await scoped.rememberMany(
      session.facts.map((content, turn) => ({ content, source: "user" as const, sessionId: "s", turn }))
    )
    const [first] = await scoped.recall(session.question, { limit: 1, minScore: 0 })
    right.push(first?.memory.content === session.facts[session.right] ? 1 : 0)
  }
  return { sessions: sessions.length, first: mean(right) }
}
