import type { Excerpt, Memory } from "@keepsake/core/driver"

/** Approximate size: the fields, and two bytes per character of content. */
const estimateBytes = (memory: Memory): number => 1_000 + 2 * memory.content.length

/** A scope's memories as decoded for a search, by slot: the next search often finds the same ones. */
export class DecodedMemories {
  /** Created with the first memory: most scopes are searched once. */
  #memories: Map<number, Memory> | null = null
  /** Excerpts that are the whole memory, by slot. */
  readonly #excerpts = new Map<number, Excerpt>()
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get(slot: number): Memory | undefined {
    return this.#memories?.get(slot)
  }

  set(slot: number, memory: Memory): void {
    this.delete(slot)
    this.#memories ??= new Map()
    this.#memories.set(slot, memory)
    this.#bytes += estimateBytes(memory)
  }

  /** The excerpt of a whole memory. */
  excerpt(slot: number): Excerpt | undefined {
    return this.#excerpts.get(slot)
  }

  /** Keeps the excerpt of a whole memory that is here; nothing of another. */
  setExcerpt(slot: number, excerpt: Excerpt): void {
    if (excerpt.isWhole && this.#memories?.get(slot) === excerpt.memory) this.#excerpts.set(slot, excerpt)
  }

  delete(slot: number): void {
    this.#excerpts.delete(slot)
    const memory = this.#memories?.get(slot)
    if (memory === undefined) return
    this.#memories?.delete(slot)
    this.#bytes -= estimateBytes(memory)
  }

  /** Counts an access of the memories that are here. */
  touch(ids: ReadonlySet<string>, now: number): void {
    if (this.#memories === null) return
    for (const [slot, memory] of this.#memories) {
      if (!ids.has(memory.id)) continue
      this.#excerpts.delete(slot)
      this.#memories.set(slot, { ...memory, accessCount: memory.accessCount + 1, lastAccessedAt: now })
    }
  }

  clear(): void {
    this.#memories = null
    this.#excerpts.clear()
    this.#bytes = 0
  }
}
