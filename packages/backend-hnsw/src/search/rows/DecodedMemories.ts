import type { Memory } from "@keepsake/core/driver"

/** Rough bytes of a decoded memory: its fields, and two per character of content. */
const bytesOf = (memory: Memory): number => 900 + 2 * memory.content.length

/** Memories of one scope as they were decoded for a search, by slot: the next search finds the same ones. */
export class DecodedMemories {
  /** Made with the first: most scopes are searched once. */
  #memories: Map<number, Memory> | null = null
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
    this.#bytes += bytesOf(memory)
  }

  delete(slot: number): void {
    const memory = this.#memories?.get(slot)
    if (memory === undefined) return
    this.#memories?.delete(slot)
    this.#bytes -= bytesOf(memory)
  }

  /** Counts an access, where a memory is here. */
  touch(ids: ReadonlySet<string>, now: number): void {
    if (this.#memories === null) return
    for (const [slot, memory] of this.#memories) {
      if (!ids.has(memory.id)) continue
      this.#memories.set(slot, { ...memory, accessCount: memory.accessCount + 1, lastAccessedAt: now })
    }
  }

  clear(): void {
    this.#memories = null
    this.#bytes = 0
  }
}
