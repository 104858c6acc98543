/** Scopes that nothing was fitted to, and messages for them. */
import type { EmbedderProvider, MemoryClient } from "@keepsake/keepsake"
import { type Dialogue, toContent, toStatements } from "../EvaluationSet.ts"

export type Embedder = string | EmbedderProvider | null

export interface HeldScope {
  readonly dialogue: Dialogue
  readonly language: string
  /** Document ids by memory id. */
  readonly docs: ReadonlyMap<string, string>
}

const BATCH = 256
const agentId = "bench-bars"

export const scopeOf = (memory: MemoryClient, userId: string) => memory.for({ agentId, userId })

/** Remembers conversations, each as a user. */
export const rememberAll = async (
  memory: MemoryClient,
  dialogues: ReadonlyArray<Dialogue & { readonly language?: string }>
): Promise<ReadonlyArray<HeldScope>> => {
  const scopes: Array<HeldScope> = []
  for (const dialogue of dialogues) {
    const statements = toStatements(dialogue.docs)
    const docs = new Map<string, string>()
    for (let at = 0; at < statements.length; at += BATCH) {
      const batch = await scopeOf(memory, dialogue.scope).rememberMany(statements.slice(at, at + BATCH))
      batch.forEach(({ id }, i) => {
        if (id !== null) docs.set(id, dialogue.docs[at + i]?.id ?? "")
      })
    }
    scopes.push({ dialogue, language: dialogue.language ?? "en", docs })
  }
  return scopes
}

const countWords = (text: string): number => text.split(/\s+/u).length

/** About `words` words of a conversation, from a turn on; `null` where it has not so many. */
export const excerptOf = ({ docs }: Dialogue, words: number, from: number): string | null => {
  const parts: Array<string> = []
  let left = words
  for (let i = from; i < docs.length && left > 0; i++) {
    const doc = docs[i]
    if (doc === undefined) break
    const text = toContent(doc)
      .split(/(?<=\s)/u)
      .slice(0, left)
      .join("")
      .trim()
    parts.push(text)
    left -= countWords(text)
  }
  return left > words / 10 ? null : parts.join("\n\n")
}
