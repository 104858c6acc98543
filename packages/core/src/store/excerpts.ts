/** What a search hands out of a memory: its facts, and one passage of its text. */
import type { Memory } from "../memory/Memory.ts"
import { STORE_LIMITS } from "./MemoryStore.ts"
import type { Excerpt, RowFacts } from "./searching.ts"

/** A passage of a memory: which, of how many, and where it stands in the text. */
export type PassagePlace = Pick<Excerpt, "passage" | "passages" | "start" | "end">

/** Cuts a memory to one of its passages. */
export const toExcerpt = (memory: Memory, place: PassagePlace, vector: Float32Array | null): Excerpt => {
  const { end, passage, passages, start } = place
  const hasMetadata = JSON.stringify(memory.metadata).length <= STORE_LIMITS.excerptMetadata
  const isWhole = hasMetadata && passages === 1
  const cut = (): Memory => ({
    ...memory,
    content: memory.content.slice(start, end),
    metadata: hasMetadata ? memory.metadata : {}
  })
  return { memory: isWhole ? memory : cut(), passage, passages, start, end, isWhole, vector }
}

/** The facts of a memory that a score reads. */
export const toFacts = (memory: Memory): RowFacts => ({
  id: memory.id,
  type: memory.type,
  source: memory.source,
  speaker: memory.speaker,
  sessionId: memory.sessionId,
  turn: memory.turn,
  saidAt: memory.saidAt,
  importance: memory.importance,
  pinned: memory.pinned
})
