import type { Excerpt, Memory } from "@keepsake/core/driver"

/** Approximate size: the fields, and two bytes per character of content. */
const estimateBytes = (memory: Memory): number => 1_000 + 2 * memory.content.length

/** A memory as it was decoded, and the excerpt that is the whole of it, once one is made. */
export interface Decoded {
  readonly memory: Memory
  excerpt: Excerpt | null
}

/** A scope's memories as decoded for a search, by slot: the next search often finds the same ones. */
export class DecodedMemories {
  /** Created with the first memory: most scopes are searched once. */
  #memories: Map<number, Decoded> | null = null
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get(slot: number): Decoded | undefined {
    return this.#memories?.get(slot)
  }

  set(slot: number, decoded: Decoded): void {
    this.delete(slot)
    this.#memories ??= new Map()
    this.#memories.set(slot, decoded)
    this.#bytes += estimateBytes(decoded.memory)
  }

  delete(slot: number): void {
    const decoded = this.#memories?.get(slot)
    if (decoded === undefined) return
    this.#memories?.delete(slot)
    this.#bytes -= estimateBytes(decoded.memory)
  }

  /** Counts an access of the memories that are here. */
  touch(ids: ReadonlySet<string>, now: number): void {
    if (this.#memories === null) return
    for (const [slot, { memory }] of this.#memories) {
      if (!ids.has(memory.id)) continue
      const counted = { ...memory, accessCount: memory.accessCount + 1, lastAccessedAt: now }
      this.#memories.set(slot, { memory: counted, excerpt: null })
    }
  }

  clear(): void {
    this.#memories = null
    this.#bytes = 0
  }
}
