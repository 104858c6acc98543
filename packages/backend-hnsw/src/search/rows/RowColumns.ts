import { growArray } from "../arrays/growArray.ts"

/** Numbers of rows, by slot, in two blocks of memory: most scopes are small, there are many, and every array costs 200 bytes. */
const WIDE = 3
const [EXPIRES, SAID, TURN] = [0, 1, 2]
const NARROW = 5
const [LOCAL, FLAGS, SESSION, SPEAKER, BEFORE] = [0, 1, 2, 3, 4]

/** Turns are not negative. */
const NO_TURN = -1

export interface ColumnsOfRow {
  readonly local: number
  readonly flags: number
  /** Infinity for never. */
  readonly expires: number
  readonly said: number
  /** Names as numbers; -1 for none. */
  readonly session: number
  readonly speaker: number
  readonly turn: number | null
  /** The slot before in the same session, of those that have a turn; -1 for none. */
  readonly before: number
}

export class RowColumns {
  #wide: Float64Array
  #narrow: Int32Array

  /** @param rows as many as are expected */
  constructor(rows: number) {
    this.#wide = new Float64Array(WIDE * rows)
    this.#narrow = new Int32Array(NARROW * rows)
  }

  get bytes(): number {
    return this.#wide.byteLength + this.#narrow.byteLength
  }

  set(slot: number, row: ColumnsOfRow): void {
    this.#wide = growArray(this.#wide, WIDE * (slot + 1))
    this.#narrow = growArray(this.#narrow, NARROW * (slot + 1))
    this.#wide[WIDE * slot + EXPIRES] = row.expires
    this.#wide[WIDE * slot + SAID] = row.said
    this.#wide[WIDE * slot + TURN] = row.turn ?? NO_TURN
    this.#narrow[NARROW * slot + LOCAL] = row.local
    this.#narrow[NARROW * slot + FLAGS] = row.flags
    this.#narrow[NARROW * slot + SESSION] = row.session
    this.#narrow[NARROW * slot + SPEAKER] = row.speaker
    this.#narrow[NARROW * slot + BEFORE] = row.before
  }

  setLifetime(slot: number, flags: number, expires: number): void {
    this.#narrow[NARROW * slot + FLAGS] = flags
    this.#wide[WIDE * slot + EXPIRES] = expires
  }

  expires(slot: number): number {
    return this.#wide[WIDE * slot + EXPIRES] ?? 0
  }

  said(slot: number): number {
    return this.#wide[WIDE * slot + SAID] ?? 0
  }

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

  before(slot: number): number {
    return this.#narrow[NARROW * slot + BEFORE] ?? -1
  }
}
