import { growArray } from "../arrays/growArray.ts"
import type { RowColumns } from "./RowColumns.ts"

/** Linked lists of each session's rows that have a turn: the last slot; `RowColumns.previous` leads to the others. */
export class SessionChains {
  #last = new Int32Array(0)

  get bytes(): number {
    return this.#last.byteLength
  }

  /** Appends a slot to the session; returns the previous one, or -1. */
  append(session: number, slot: number): number {
    const oldLength = this.#last.length
    this.#last = growArray(this.#last, session + 1)
    this.#last.fill(-1, oldLength)
    const previous = this.#last[session] ?? -1
    this.#last[session] = slot
    return previous
  }

  /** The session's slots whose turn is in `turns`, ascending. */
  findSlots(session: number, turns: ReadonlySet<number>, rows: RowColumns): ReadonlyArray<number> {
    const slots: Array<number> = []
    for (let slot = this.#last[session] ?? -1; slot >= 0; slot = rows.previous(slot)) {
      if (turns.has(rows.turn(slot))) slots.push(slot)
    }
    return slots.reverse()
  }
}
