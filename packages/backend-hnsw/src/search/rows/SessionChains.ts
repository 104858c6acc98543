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
    if (session >= oldLength) {
      this.#last = growArray(this.#last, session + 1)
      this.#last.fill(-1, oldLength)
    }
    const previous = this.#last[session] ?? -1
    this.#last[session] = slot
    return previous
  }

  /** Adds the session's slots within `radius` turns of one of `turns` to `slots`, ascending. */
  addSlots(
    session: number,
    turns: ReadonlyArray<number>,
    radius: number,
    rows: RowColumns,
    slots: Array<number>
  ): void {
    const from = Math.min(...turns) - radius
    const to = Math.max(...turns) + radius
    const start = slots.length
    for (let slot = this.#last[session] ?? -1; slot >= 0; slot = rows.previous(slot)) {
      const turn = rows.turn(slot)
      if (turn < from || turn > to) continue
      for (const near of turns) {
        if (Math.abs(near - turn) > radius) continue
        slots.push(slot)
        break
      }
    }
    reverseFrom(slots, start)
  }
}

const reverseFrom = (slots: Array<number>, start: number): void => {
  for (let low = start, high = slots.length - 1; low < high; low++, high--) {
    const slot = slots[low] ?? 0
    slots[low] = slots[high] ?? 0
    slots[high] = slot
  }
}
