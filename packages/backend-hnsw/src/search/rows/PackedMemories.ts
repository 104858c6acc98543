import type { Memory, Scope } from "@keepsake/core/driver"
import { decodeTexts } from "../../codec/bodyBlob.ts"
import { type MemoryColumns, toMemory } from "../../codec/memoryRow.ts"
import { freeArray } from "../arrays/freeArray.ts"
import { growArray } from "../arrays/growArray.ts"

/** Of a row in `#numbers`; null is NaN. */
const Column = {
  flags: 0,
  turn: 1,
  saidAt: 2,
  importance: 3,
  createdAt: 4,
  updatedAt: 5,
  expiresAt: 6,
  validFrom: 7,
  validTo: 8,
  accessCount: 9,
  accessedAt: 10
} as const
const COLUMNS = 11

/** Memory is taken at once for so many records, and for bytes of text of each: those of a small scope. */
const FIRST_RECORDS = 128
const FIRST_TEXT = 192

/** Longer texts, in bytes, are kept only where they were asked for. */
const UNASKED_MAX = 2_048

/** Records that may be out of date, beside as many as are not. */
const STALE_MIN = 64

const toNullable = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value

/**
 * A scope's memories as the file has them, by slot, outside of JavaScript's heap: a third of the size of decoded ones,
 * and no work for its garbage collector. A row that has changed hands (`history`, `supersededBy`) is not kept.
 */
export class PackedMemories {
  /** By slot: the record's number from 1 on; 0 without one. */
  #records = new Uint32Array(0)
  #numbers = new Float64Array(0)
  /** The end of each record's texts. */
  #ends = new Uint32Array(0)
  #texts = new Uint8Array(0)
  #count = 0
  #live = 0
  readonly #expected: number

  /** @param expected rows of the scope */
  constructor(expected: number) {
    this.#expected = expected
  }

  get bytes(): number {
    return (
      this.#records.byteLength + this.#numbers.byteLength + this.#ends.byteLength + this.#texts.byteLength
    )
  }

  /** @param texts as a body has them */
  set(slot: number, row: MemoryColumns, texts: Uint8Array): void {
    if (row.history !== null || row.superseded_by !== null) return
    if (this.#count >= 2 * this.#live + STALE_MIN) this.clear()
    if (this.#numbers.length === 0) this.#reserve()
    this.delete(slot)
    const record = this.#count++
    const start = this.#ends[record - 1] ?? 0
    this.#live++
    this.#records = growArray(this.#records, slot + 1)
    this.#records[slot] = this.#count
    this.#texts = growArray(this.#texts, start + texts.length)
    this.#texts.set(texts, start)
    this.#ends = growArray(this.#ends, this.#count)
    this.#ends[record] = start + texts.length
    this.#numbers = growArray(this.#numbers, COLUMNS * this.#count)
    const at = COLUMNS * record
    this.#numbers[at + Column.flags] = row.flags
    this.#numbers[at + Column.turn] = row.turn ?? Number.NaN
    this.#numbers[at + Column.saidAt] = row.said_at
    this.#numbers[at + Column.importance] = row.importance
    this.#numbers[at + Column.createdAt] = row.created_at
    this.#numbers[at + Column.updatedAt] = row.updated_at
    this.#numbers[at + Column.expiresAt] = row.expires_at ?? Number.NaN
    this.#numbers[at + Column.validFrom] = row.valid_from
    this.#numbers[at + Column.validTo] = row.valid_to ?? Number.NaN
    this.#numbers[at + Column.accessCount] = row.access_count
    this.#numbers[at + Column.accessedAt] = row.accessed_at ?? Number.NaN
  }

  /** As `set`, for a row that was not asked for: one with a long text is not kept. */
  offer(slot: number, row: MemoryColumns, texts: Uint8Array): void {
    if (texts.length <= UNASKED_MAX && (this.#records[slot] ?? 0) === 0) this.set(slot, row, texts)
  }

  #reserve(): void {
    const records = Math.min(FIRST_RECORDS, this.#expected)
    this.#records = new Uint32Array(records)
    this.#numbers = new Float64Array(COLUMNS * records)
    this.#ends = new Uint32Array(records)
    this.#texts = new Uint8Array(FIRST_TEXT * records)
  }

  /** Null for a row that is not kept. @param id the row's */
  get(scope: Scope, slot: number, id: string): Memory | null {
    const record = (this.#records[slot] ?? 0) - 1
    if (record < 0) return null
    const at = COLUMNS * record
    const number = (column: number): number => this.#numbers[at + column] ?? 0
    const nullable = (column: number): number | null => toNullable(this.#numbers[at + column])
    const row = {
      id,
      flags: number(Column.flags),
      turn: nullable(Column.turn),
      said_at: number(Column.saidAt),
      importance: number(Column.importance),
      created_at: number(Column.createdAt),
      updated_at: number(Column.updatedAt),
      expires_at: nullable(Column.expiresAt),
      valid_from: number(Column.validFrom),
      valid_to: nullable(Column.validTo),
      history: null,
      superseded_by: null,
      access_count: number(Column.accessCount),
      accessed_at: nullable(Column.accessedAt)
    }
    return toMemory(
      scope,
      row,
      decodeTexts(this.#texts, this.#ends[record - 1] ?? 0, this.#ends[record] ?? 0)
    )
  }

  /** Counts an access. */
  touch(slot: number, now: number): void {
    const at = COLUMNS * ((this.#records[slot] ?? 0) - 1)
    if (at < 0) return
    this.#numbers[at + Column.accessCount] = (this.#numbers[at + Column.accessCount] ?? 0) + 1
    this.#numbers[at + Column.accessedAt] = now
  }

  delete(slot: number): void {
    if ((this.#records[slot] ?? 0) === 0) return
    this.#records[slot] = 0
    this.#live--
  }

  clear(): void {
    for (const array of [this.#records, this.#numbers, this.#ends, this.#texts]) freeArray(array)
    this.#records = new Uint32Array(0)
    this.#numbers = new Float64Array(0)
    this.#ends = new Uint32Array(0)
    this.#texts = new Uint8Array(0)
    this.#count = 0
    this.#live = 0
  }
}
