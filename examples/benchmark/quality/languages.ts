import { readFile } from "node:fs/promises"
import type { MemoryClient } from "@keepsake/keepsake"
import { withMemory } from "./opened.ts"

interface Fact {
  readonly memory: string
  readonly question: string
}

/** Share of the facts of a language that are among the first five, and that are first. */
export interface LanguageResult {
  readonly language: string
  readonly facts: number
  readonly r5: number
  readonly r1: number
}

export interface Pair extends Fact {
  readonly kind: string
}

export interface IdentifierResult {
  readonly pairs: number
  /** Not among the first five of 31 memories. */
  readonly missed: ReadonlyArray<Pair>
}

const LIMIT = 5
/** Memories beside that of a pair. */
const OTHERS = 30
const agentId = "bench-languages"

const readJson = async (file: string): Promise<unknown> => JSON.parse(await readFile(file, "utf8"))

/** The rank of a memory for its question, from 0; -1 if it is not recalled. */
const findRank = async (memory: MemoryClient, userId: string, { memory: content, question }: Fact) => {
  const recalled = await memory.for({ agentId, userId }).recall(question, { limit: LIMIT })
  return recalled.findIndex((recollection) => recollection.memory.content === content)
}

/** One scope a language. */
export const evaluateLanguages = async (
  embedder: string | null,
  file: string
): Promise<ReadonlyArray<LanguageResult>> => {
  const { languages } = (await readJson(file)) as {
    readonly languages: ReadonlyArray<{ readonly language: string; readonly facts: ReadonlyArray<Fact> }>
  }
  return withMemory("memory", embedder, async (memory) => {
    const results: Array<LanguageResult> = []
    for (const { facts, language } of languages) {
      await memory
        .for({ agentId, userId: language })
        .rememberMany(facts.map((fact) => ({ content: fact.memory })))
      const ranks: Array<number> = []
      for (const fact of facts) ranks.push(await findRank(memory, language, fact))
      const share = (holds: (rank: number) => boolean) => ranks.filter(holds).length / facts.length
      results.push({
        language,
        facts: facts.length,
        r5: share((rank) => rank >= 0),
        r1: share((rank) => rank === 0)
      })
    }
    return results
  })
}

/** Each memory among those of the pairs that follow it. */
export const evaluateIdentifiers = async (
  embedder: string | null,
  file: string
): Promise<IdentifierResult> => {
  const { pairs } = (await readJson(file)) as { readonly pairs: ReadonlyArray<Pair> }
  const contents = Array.from(new Set(pairs.map((pair) => pair.memory)))
  return withMemory("memory", embedder, async (memory) => {
    const missed: Array<Pair> = []
    for (const [i, pair] of pairs.entries()) {
      const others = contents.filter((content) => content !== pair.memory)
      const beside = Array.from({ length: OTHERS }, (_, at) => others[(i + at) % others.length] ?? "")
      const userId = `pair-${i}`
      await memory
        .for({ agentId, userId })
        .rememberMany([pair.memory, ...beside].map((content) => ({ content })))
      if ((await findRank(memory, userId, pair)) < 0) missed.push(pair)
    }
    return { pairs: pairs.length, missed }
  })
}
