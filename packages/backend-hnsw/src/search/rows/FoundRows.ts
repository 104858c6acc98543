import type { RowFacts } from "@keepsake/core/driver"

/** Approximate size of a row's facts. */
const FACTS_BYTES = 400
/** Rows that are kept: those of some tens of searches. */
const ROWS_MAX = 4_096

/** Facts of rows that searches found, by slot and by id: the next search often finds the same, and excerpts follow it. */
export class FoundRows {
  /** Created with the first row: many scopes are searched once. */
  #facts: Map<number, RowFacts> | null = null
  #slots: Map<string, number> | null = null

  get bytes(): number {
    return (this.#facts?.size ?? 0) * FACTS_BYTES
  }

  get(slot: number): RowFacts | undefined {
    return this.#facts?.get(slot)
  }

  set(slot: number, facts: RowFacts): void {
    if (this.#facts === null || this.#facts.size >= ROWS_MAX) {
      this.#facts = new Map()
      this.#slots = new Map()
    }
    this.#facts.set(slot, facts)
    this.#slots?.set(facts.id, slot)
  }

  slot(id: string): number | undefined {
    return this.#slots?.get(id)
  }

  delete(slot: number): void {
    const facts = this.#facts?.get(slot)
    if (facts === undefined) return
    this.#facts?.delete(slot)
    this.#slots?.delete(facts.id)
  }

  clear(): void {
    this.#facts = null
    this.#slots = null
  }
}
