import type { Memory, RowFacts, Scope } from "@keepsake/core/driver"
import { decodePlainContent, decodeTexts } from "../../codec/bodyBlob.ts"
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

/** Room for the text of a record at first, in bytes. */
const FIRST_TEXT = 192

/** What an index knows of a row by itself. */
export type KnownFacts = Pick<RowFacts, "id" | "speaker" | "sessionId">

const toNullable = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value

/** Memories as the file has them, by their numbers from 0 on, outside of JavaScript's heap. */
export class PackedRecords {
  #numbers: Float64Array<ArrayBuffer>
  /** The end of each record's texts. */
  #ends: Uint32Array<ArrayBuffer>
  #texts: Uint8Array<ArrayBuffer>
  #count = 0

  /** @param expected records */
  constructor(expected: number) {
    this.#numbers = new Float64Array(COLUMNS * expected)
    this.#ends = new Uint32Array(expected)
    this.#texts = new Uint8Array(FIRST_TEXT * expected)
  }

  get bytes(): number {
    return this.#numbers.byteLength + this.#ends.byteLength + this.#texts.byteLength
  }

  get count(): number {
    return this.#count
  }

  /** @param texts as a body has them @returns the record's number */
  add(row: MemoryColumns, texts: Uint8Array): number {
    const at = this.#push(texts)
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
    return this.#count - 1
  }

  /** A copy of another's record, whose memory may be freed. @returns its number */
  copy(other: PackedRecords, record: number): number {
    const at = this.#push(other.#texts.subarray(other.#start(record), other.#ends[record]))
    for (let column = 0; column < COLUMNS; column++)
      this.#numbers[at + column] = other.#numbers[COLUMNS * record + column] ?? 0
    return this.#count - 1
  }

  /** @returns where its numbers are */
  #push(texts: Uint8Array): number {
    const record = this.#count++
    const start = this.#start(record)
    this.#texts = growArray(this.#texts, start + texts.length)
    this.#texts.set(texts, start)
    this.#ends = growArray(this.#ends, this.#count)
    this.#ends[record] = start + texts.length
    this.#numbers = growArray(this.#numbers, COLUMNS * this.#count)
    return COLUMNS * record
  }

  #start(record: number): number {
    return record === 0 ? 0 : (this.#ends[record - 1] ?? 0)
  }

  get(scope: Scope, record: number, { id, sessionId, speaker }: KnownFacts): Memory {
    const at = COLUMNS * record
    const numbers = this.#numbers
    const row = {
      id,
      flags: numbers[at + Column.flags] ?? 0,
      turn: toNullable(numbers[at + Column.turn]),
      said_at: numbers[at + Column.saidAt] ?? 0,
      importance: numbers[at + Column.importance] ?? 0,
      created_at: numbers[at + Column.createdAt] ?? 0,
      updated_at: numbers[at + Column.updatedAt] ?? 0,
      expires_at: toNullable(numbers[at + Column.expiresAt]),
      valid_from: numbers[at + Column.validFrom] ?? 0,
      valid_to: toNullable(numbers[at + Column.validTo]),
      history: null,
      superseded_by: null,
      access_count: numbers[at + Column.accessCount] ?? 0,
      accessed_at: toNullable(numbers[at + Column.accessedAt])
    }
    const [start, end] = [this.#start(record), this.#ends[record] ?? 0]
    const content = decodePlainContent(this.#texts, start, end)
    const texts =
      content === null
        ? decodeTexts(this.#texts, start, end)
        : { content, speaker, sessionId, metadata: {}, key: null }
    return toMemory(scope, row, texts)
  }

  /** Counts an access. */
  touch(record: number, now: number): void {
    const at = COLUMNS * record
    this.#numbers[at + Column.accessCount] = (this.#numbers[at + Column.accessCount] ?? 0) + 1
    this.#numbers[at + Column.accessedAt] = now
  }

  /** They must not be used afterwards. */
  free(): void {
    for (const array of [this.#numbers, this.#ends, this.#texts]) freeArray(array)
  }
}
