import { firstIndex } from "@keepsake/core/driver"
import { NARROW, NarrowColumn, WIDE, WideColumn } from "../../codec/blockBlob.ts"
import { CLOSED, REMOVED } from "../../codec/memoryRow.ts"
import { appendBytes } from "../arrays/appendBytes.ts"
import { freeArray } from "../arrays/freeArray.ts"
import { growArray } from "../arrays/growArray.ts"
import { readUuid, writeUuid } from "./uuid.ts"

/**
 * Columns are interleaved in two arrays, as in blocks of the file: every typed array costs 200 bytes, and most of the
 * many scopes are small.
 */
const { expiresAt: EXPIRES_AT, importance: IMPORTANCE, saidAt: SAID_AT, turn: TURN } = WideColumn
const { bytes: BYTES, extras: EXTRAS, flags: FLAGS, id: ID, local: LOCAL } = NarrowColumn
const { previous: PREVIOUS, session: SESSION, speaker: SPEAKER } = NarrowColumn

/** In indexes only, a bit of the flags: a passage of the row has no vector. */
const NO_VECTOR = 256

/** The first version kept no bytes; no text is empty. */
const NO_BYTES = 0

/** Real turns are not negative. */
const NO_TURN = -1

/** What a row's change may change. */
export interface RowLifetime {
  readonly flags: number
  /** Infinity for never. */
  readonly expiresAt: number
  readonly importance: number
  /** Null where they are not known. */
  readonly bytes: number | null
}

export interface RowNumbers extends RowLifetime {
  /** A UUID. */
  readonly id: string
  /** The row's number within the scope (`makeRid`). */
  readonly local: number
  readonly saidAt: number
  /** Interned names; -1 for none. */
  readonly session: number
  readonly speaker: number
  readonly turn: number | null
  readonly hasVector: boolean
  /** The slot of the session's previous row that has a turn; -1 for none. */
  readonly previous: number
}

/** The numbers of an index for the names of rows that were appended, by the numbers that these have; -1 for none. */
export interface AppendedNames {
  session(number: number): number
  speaker(number: number): number
}

/** Takes the next row of a session; the one before it, or -1. */
export interface AppendedChains {
  append(session: number, slot: number): number
}

/** The numbers of a scope's rows, by slot: a slot per row in order of `local`, never reused. */
export class RowColumns {
  #wide: Float64Array<ArrayBuffer>
  #narrow: Int32Array<ArrayBuffer>
  #count = 0
  #removed = 0
  #currentWithoutVector = 0
  #currentPassages = 0
  #removedPassages = 0

  constructor(expectedRows: number) {
    this.#wide = new Float64Array(WIDE * expectedRows)
    this.#narrow = new Int32Array(NARROW * expectedRows)
  }

  get bytes(): number {
    return this.#wide.byteLength + this.#narrow.byteLength
  }

  /** They must not be used afterwards. */
  free(): void {
    freeArray(this.#wide)
    freeArray(this.#narrow)
  }

  /** Slots, including those of removed rows. */
  get count(): number {
    return this.#count
  }

  get removed(): number {
    return this.#removed
  }

  /** Passages of rows that are neither closed nor removed. */
  get currentPassages(): number {
    return this.#currentPassages
  }

  get removedPassages(): number {
    return this.#removedPassages
  }

  /** Rows that are neither closed nor removed, of which a passage has no vector. */
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
    this.#wide[WIDE * slot + IMPORTANCE] = row.importance
    this.#narrow[NARROW * slot + LOCAL] = row.local
    this.#narrow[NARROW * slot + FLAGS] = row.hasVector ? row.flags : row.flags | NO_VECTOR
    this.#narrow[NARROW * slot + SESSION] = row.session
    this.#narrow[NARROW * slot + SPEAKER] = row.speaker
    this.#narrow[NARROW * slot + PREVIOUS] = row.previous
    this.#narrow[NARROW * slot + BYTES] = row.bytes ?? NO_BYTES
    writeUuid(row.id, this.#narrow, NARROW * slot + ID)
    this.#countCurrent(slot, 1)
  }

  /** Adds rows as `columns` has them, without their passages beyond the first. Link each of them. */
  append(wide: Uint8Array, narrow: Uint8Array): void {
    this.#wide = appendBytes(this.#wide, WIDE * this.#count, wide)
    this.#narrow = appendBytes(this.#narrow, NARROW * this.#count, narrow)
    this.#count += narrow.length / (this.#narrow.BYTES_PER_ELEMENT * NARROW)
  }

  /** Completes the rows that were appended from `first` on: the names they have, and their sessions' chains. */
  link(first: number, names: AppendedNames, chains: AppendedChains): void {
    const [narrow, wide] = [this.#narrow, this.#wide]
    for (let slot = first, at = NARROW * first; slot < this.#count; slot++, at += NARROW) {
      const session = names.session(narrow[at + SESSION] ?? -1)
      const hasTurn = session >= 0 && (wide[WIDE * slot + TURN] ?? NO_TURN) >= 0
      narrow[at + SESSION] = session
      narrow[at + SPEAKER] = names.speaker(narrow[at + SPEAKER] ?? -1)
      narrow[at + PREVIOUS] = hasTurn ? chains.append(session, slot) : -1
      this.#countCurrent(slot, 1)
    }
  }

  /** Of all rows; views. */
  get columns(): { readonly wide: Float64Array; readonly narrow: Int32Array } {
    return {
      wide: this.#wide.subarray(0, WIDE * this.#count),
      narrow: this.#narrow.subarray(0, NARROW * this.#count)
    }
  }

  /** Counts a passage of the row beyond the first. */
  addExtra(slot: number, hasVector: boolean): void {
    this.#countCurrent(slot, -1)
    this.#narrow[NARROW * slot + EXTRAS] = this.extras(slot) + 1
    if (!hasVector) this.#narrow[NARROW * slot + FLAGS] = this.flags(slot) | NO_VECTOR
    this.#countCurrent(slot, 1)
  }

  /** Whether every passage of the row has a vector. */
  setHasVectors(slot: number, hasVectors: boolean): void {
    this.#countCurrent(slot, -1)
    this.#narrow[NARROW * slot + FLAGS] = hasVectors
      ? this.flags(slot) & ~NO_VECTOR
      : this.flags(slot) | NO_VECTOR
    this.#countCurrent(slot, 1)
  }

  setLifetime(slot: number, { bytes, expiresAt, flags, importance }: RowLifetime): void {
    this.#countCurrent(slot, -1)
    this.#narrow[NARROW * slot + FLAGS] = flags | (this.flags(slot) & NO_VECTOR)
    this.#countCurrent(slot, 1)
    this.#wide[WIDE * slot + EXPIRES_AT] = expiresAt
    this.#wide[WIDE * slot + IMPORTANCE] = importance
    this.setBytes(slot, bytes ?? NO_BYTES)
  }

  setBytes(slot: number, bytes: number): void {
    this.#narrow[NARROW * slot + BYTES] = bytes
  }

  #countCurrent(slot: number, by: number): void {
    if (!this.isCurrent(slot)) return
    this.#currentPassages += by * (1 + this.extras(slot))
    if (this.lacksVector(slot)) this.#currentWithoutVector += by
  }

  remove(slot: number): void {
    this.setLifetime(slot, { flags: REMOVED | CLOSED, expiresAt: 0, importance: 0, bytes: null })
    this.#removed++
    this.#removedPassages += 1 + this.extras(slot)
  }

  /** Whether a passage of the row has no vector. */
  lacksVector(slot: number): boolean {
    return (this.flags(slot) & NO_VECTOR) !== 0
  }

  isRemoved(slot: number): boolean {
    return (this.flags(slot) & REMOVED) !== 0
  }

  isCurrent(slot: number): boolean {
    return (this.flags(slot) & CLOSED) === 0
  }

  /** The first slot whose row number is greater than `local`. */
  slotAfter(local: number): number {
    return firstIndex(0, this.#count, (at) => this.local(at) > local)
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

  importance(slot: number): number {
    return this.#wide[WIDE * slot + IMPORTANCE] ?? 0
  }

  id(slot: number): string {
    return readUuid(this.#narrow, NARROW * slot + ID)
  }

  /** Passages beyond the first. */
  extras(slot: number): number {
    return this.#narrow[NARROW * slot + EXTRAS] ?? 0
  }

  /** What the row counts for; null where it is not known. */
  bytesOf(slot: number): number | null {
    const bytes = this.#narrow[NARROW * slot + BYTES] ?? NO_BYTES
    return bytes === NO_BYTES ? null : bytes
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
