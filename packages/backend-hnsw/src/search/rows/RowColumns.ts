import { CLOSED, REMOVED } from "../../codec/memoryRow.ts"
import { growArray } from "../arrays/growArray.ts"

/** Columns are interleaved in two arrays: every typed array costs 200 bytes, and most of the many scopes are small. */
const WIDE = 3
const [EXPIRES_AT, SAID_AT, TURN] = [0, 1, 2]
const NARROW = 5
const [LOCAL, FLAGS, SESSION, SPEAKER, PREVIOUS] = [0, 1, 2, 3, 4]

/** In indexes only, a bit of the flags: the row has no vector. */
const NO_VECTOR = 256

/** Real turns are not negative. */
const NO_TURN = -1

export interface RowNumbers {
  /** The row's number within the scope (`makeRid`). */
  readonly local: number
  readonly flags: number
  /** Infinity for never. */
  readonly expiresAt: number
  readonly saidAt: number
  /** Interned names; -1 for none. */
  readonly session: number
  readonly speaker: number
  readonly turn: number | null
  readonly hasVector: boolean
  /** The slot of the session's previous row that has a turn; -1 for none. */
  readonly previous: number
}

/** The numbers of a scope's rows, by slot: a slot per row in order of `local`, never reused. */
export class RowColumns {
  #wide: Float64Array
  #narrow: Int32Array
  #count = 0
  #removed = 0
  #current = 0
  #currentWithoutVector = 0

  constructor(expectedRows: number) {
    this.#wide = new Float64Array(WIDE * expectedRows)
    this.#narrow = new Int32Array(NARROW * expectedRows)
  }

  get bytes(): number {
    return this.#wide.byteLength + this.#narrow.byteLength
  }

  /** Slots, including those of removed rows. */
  get count(): number {
    return this.#count
  }

  get removed(): number {
    return this.#removed
  }

  /** Rows that are neither closed nor removed. */
  get current(): number {
    return this.#current
  }

  /** Rows counted in `current` that have no vector. */
  get currentWithoutVector(): number {
    return this.#currentWithoutVector
  }

  /** The greatest row number, or -1. */
  get lastLocal(): number {
    return this.#count === 0 ? -1 : this.local(this.#count - 1)
  }

  push(row: RowNumbers): void {
    const slot = this.#count++
    this.#wide = growArray(this.#wide, WIDE * this.#count)
    this.#narrow = growArray(this.#narrow, NARROW * this.#count)
    this.#wide[WIDE * slot + EXPIRES_AT] = row.expiresAt
    this.#wide[WIDE * slot + SAID_AT] = row.saidAt
    this.#wide[WIDE * slot + TURN] = row.turn ?? NO_TURN
    this.#narrow[NARROW * slot + LOCAL] = row.local
    this.#narrow[NARROW * slot + FLAGS] = row.hasVector ? row.flags : row.flags | NO_VECTOR
    this.#narrow[NARROW * slot + SESSION] = row.session
    this.#narrow[NARROW * slot + SPEAKER] = row.speaker
    this.#narrow[NARROW * slot + PREVIOUS] = row.previous
    this.#countCurrent(slot, 1)
  }

  setLifetime(slot: number, flags: number, expiresAt: number): void {
    this.#countCurrent(slot, -1)
    this.#narrow[NARROW * slot + FLAGS] = flags | (this.flags(slot) & NO_VECTOR)
    this.#countCurrent(slot, 1)
    this.#wide[WIDE * slot + EXPIRES_AT] = expiresAt
  }

  #countCurrent(slot: number, by: number): void {
    if (!this.isCurrent(slot)) return
    this.#current += by
    if ((this.flags(slot) & NO_VECTOR) !== 0) this.#currentWithoutVector += by
  }

  remove(slot: number): void {
    this.setLifetime(slot, REMOVED | CLOSED, 0)
    this.#removed++
  }

  isRemoved(slot: number): boolean {
    return (this.flags(slot) & REMOVED) !== 0
  }

  isCurrent(slot: number): boolean {
    return (this.flags(slot) & CLOSED) === 0
  }

  /** The first slot whose row number is greater than `local`. */
  slotAfter(local: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.local(middle) <= local) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The row's slot, or -1. */
  findSlot(local: number): number {
    const slot = this.slotAfter(local) - 1
    return slot >= 0 && this.local(slot) === local ? slot : -1
  }

  expiresAt(slot: number): number {
    return this.#wide[WIDE * slot + EXPIRES_AT] ?? 0
  }

  saidAt(slot: number): number {
    return this.#wide[WIDE * slot + SAID_AT] ?? 0
  }

  /** -1 for none. */
  turn(slot: number): number {
    return this.#wide[WIDE * slot + TURN] ?? NO_TURN
  }

  local(slot: number): number {
    return this.#narrow[NARROW * slot + LOCAL] ?? 0
  }

  flags(slot: number): number {
    return this.#narrow[NARROW * slot + FLAGS] ?? 0
  }

  session(slot: number): number {
    return this.#narrow[NARROW * slot + SESSION] ?? -1
  }

  speaker(slot: number): number {
    return this.#narrow[NARROW * slot + SPEAKER] ?? -1
  }

  previous(slot: number): number {
    return this.#narrow[NARROW * slot + PREVIOUS] ?? -1
  }
}
