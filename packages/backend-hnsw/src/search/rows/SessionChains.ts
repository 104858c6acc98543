import type { RowColumns } from "./RowColumns.ts"
import { growArray } from "../arrays/growArray.ts"

/** Which rows of a session have a turn: the last of them, from which `Columns.before` leads to the others. */
export class SessionChains {
  #last = new Int32Array(0)

  get bytes(): number {
    return this.#last.byteLength
  }

  /** Makes a slot the session's last; the one before, or -1. */
  place(session: number, slot: number): number {
    const known = this.#last.length
    this.#last = growArray(this.#last, session + 1)
    this.#last.fill(-1, known)
    const before = this.#last[session] ?? -1
    this.#last[session] = slot
    return before
  }

  /** The session's slots whose turn is among these, ascending. */
  slots(session: number, turns: ReadonlySet<number>, columns: RowColumns): ReadonlyArray<number> {
    const found: Array<number> = []
    for (let slot = this.#last[session] ?? -1; slot >= 0; slot = columns.before(slot)) {
      if (turns.has(columns.turn(slot))) found.push(slot)
    }
    return found.reverse()
  }
}
