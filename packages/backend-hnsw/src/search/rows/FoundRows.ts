import type { RowFacts } from "@keepsake/core/driver"
import { decodeSource, decodeType, PINNED } from "../../codec/memoryRow.ts"
import type { RowColumns } from "./RowColumns.ts"
import type { RowNames } from "./RowNames.ts"

/** Approximate size of a row's facts. */
const FACTS_BYTES = 400
/** Rows that are kept: those of some tens of searches. */
const ROWS_MAX = 4_096

/** What an index has of a row. Of a literal that outlives a search V8 puts every later object among the old ones. */
export class IndexedFacts implements RowFacts {
  readonly id: string
  readonly type: RowFacts["type"]
  readonly source: RowFacts["source"]
  readonly speaker: string | null
  readonly sessionId: string | null
  readonly turn: number | null
  readonly saidAt: number
  readonly importance: number
  readonly pinned: boolean

  constructor(rows: RowColumns, names: RowNames, slot: number) {
    const flags = rows.flags(slot)
    const turn = rows.turn(slot)
    this.id = rows.id(slot)
    this.type = decodeType(flags)
    this.source = decodeSource(flags)
    this.speaker = names.speakers.name(rows.speaker(slot))
    this.sessionId = names.sessions.name(rows.session(slot))
    this.turn = turn < 0 ? null : turn
    this.saidAt = rows.saidAt(slot)
    this.importance = rows.importance(slot)
    this.pinned = (flags & PINNED) !== 0
  }
}

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
