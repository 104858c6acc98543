import type { Memory, Scope } from "@keepsake/core/driver"
import type { MemoryColumns } from "../../codec/memoryRow.ts"
import { freeArray } from "../arrays/freeArray.ts"
import { growArray } from "../arrays/growArray.ts"
import { type KnownFacts, PackedRecords } from "./PackedRecords.ts"

/** Memory is taken at once for so many records: those of a small scope. */
const FIRST_RECORDS = 128

/** Longer texts, in bytes, are kept only where they were asked for. */
const UNASKED_MAX = 2_048

/** Records that may be out of date, beside as many as are not. */
const STALE_MIN = 64

/**
 * A scope's memories as the file has them, by slot: a third of the size of decoded ones, and no work for JavaScript's
 * garbage collector. A row that has changed hands (`history`, `supersededBy`) is not kept.
 */
export class PackedMemories {
  /** By slot: the record's number plus 1; 0 without one. */
  #numbers = new Uint32Array(0)
  #records: PackedRecords | null = null
  #live = 0
  readonly #expected: number

  /** @param expected rows of the scope */
  constructor(expected: number) {
    this.#expected = expected
  }

  get bytes(): number {
    return this.#numbers.byteLength + (this.#records?.bytes ?? 0)
  }

  /** @param texts as a body has them */
  set(slot: number, row: MemoryColumns, texts: Uint8Array): void {
    if (row.history !== null || row.superseded_by !== null) return
    if ((this.#records?.count ?? 0) >= 2 * this.#live + STALE_MIN) this.clear()
    this.delete(slot)
    this.#records ??= new PackedRecords(Math.min(FIRST_RECORDS, this.#expected))
    this.#numbers = growArray(this.#numbers, Math.max(slot + 1, Math.min(FIRST_RECORDS, this.#expected)))
    this.#numbers[slot] = this.#records.add(row, texts) + 1
    this.#live++
  }

  /** As `set`, for a row that was not asked for: one with a long text is not kept. */
  offer(slot: number, row: MemoryColumns, texts: Uint8Array): void {
    if (texts.length <= UNASKED_MAX && !this.has(slot)) this.set(slot, row, texts)
  }

  has(slot: number): boolean {
    return (this.#numbers[slot] ?? 0) > 0
  }

  /** Null for a row that is not kept. */
  get(scope: Scope, slot: number, facts: KnownFacts): Memory | null {
    const record = (this.#numbers[slot] ?? 0) - 1
    return record < 0 || this.#records === null ? null : this.#records.get(scope, record, facts)
  }

  /** Copies a row that is kept to records that outlast these. @returns its number there */
  copyTo(records: PackedRecords, slot: number): number {
    if (this.#records === null) throw new RangeError(`Slot ${slot} is not kept`)
    return records.copy(this.#records, (this.#numbers[slot] ?? 0) - 1)
  }

  /** Counts an access. */
  touch(slot: number, now: number): void {
    if (this.has(slot)) this.#records?.touch((this.#numbers[slot] ?? 0) - 1, now)
  }

  delete(slot: number): void {
    if (!this.has(slot)) return
    this.#numbers[slot] = 0
    this.#live--
  }

  clear(): void {
    freeArray(this.#numbers)
    this.#records?.free()
    this.#numbers = new Uint32Array(0)
    this.#records = null
    this.#live = 0
  }
}
