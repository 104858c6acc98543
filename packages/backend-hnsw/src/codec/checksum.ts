/**
 * Sums that tell a damaged row from an intact one. Each begins with the row's number, which has its scope's number in
 * it: bytes of another row or user do not fit. Part of the file format.
 */
import { crc32 } from "node:zlib"

/** A row whose bytes contradict their sum. */
export class DamagedRow extends Error {
  readonly rid: number

  constructor(rid: number) {
    super(`Row ${rid} is damaged`)
    this.rid = rid
  }
}

/** An index of the file that misses rows. */
export class DamagedIndex extends Error {
  constructor() {
    super("An index of the file misses rows")
  }
}

/** Where the sum of what has this number begins. */
export const sumSeed = (rid: number): number =>
  ((rid % 2 ** 32) ^ Math.imul(Math.floor(rid / 2 ** 32), 0x9e_37_79_b1)) >>> 0

/** One step of FNV-1a: from each state, each value leads to another. */
const mix = (state: number, value: number): number => Math.imul(state ^ value, 0x01_00_01_93)

/** Of vectors and terms. Unsigned, 32 bits. */
export const sumLong = (bytes: Uint8Array, rid: number): number => crc32(bytes, sumSeed(rid))

/** Of a text. Unsigned, 32 bits: most are short, and the call of `crc32` costs more than a loop over them. */
export const sumBytes = (bytes: Uint8Array, start: number, end: number, rid: number): number => {
  let state = sumSeed(rid)
  for (let i = start; i < end; i++) state = mix(state, bytes[i] ?? 0)
  return state >>> 0
}

const mixText = (state: number, text: string): number => {
  let mixed = mix(state, text.length)
  for (let i = 0; i < text.length; i++) mixed = mix(mixed, text.charCodeAt(i))
  return mixed
}

const numbers = new Float64Array(9)
const words = new Int32Array(numbers.buffer)

/** What of a `memory` row is summed: not its accesses, which are counted in place, and not what is derived. */
export interface SummedRow {
  readonly rid: number
  readonly id: string
  readonly flags: number
  readonly turn: number | null
  readonly said_at: number
  readonly importance: number
  readonly created_at: number
  readonly updated_at: number
  readonly expires_at: number | null
  readonly valid_from: number
  readonly valid_to: number | null
  readonly history: string | null
  readonly superseded_by: string | null
}

/** Signed, 32 bits: four bytes in the file. */
export const sumRow = (row: SummedRow): number => {
  numbers[0] = row.flags
  numbers[1] = row.turn ?? Number.NaN
  numbers[2] = row.said_at
  numbers[3] = row.importance
  numbers[4] = row.created_at
  numbers[5] = row.updated_at
  numbers[6] = row.expires_at ?? Number.NaN
  numbers[7] = row.valid_from
  numbers[8] = row.valid_to ?? Number.NaN
  let state = mixText(sumSeed(row.rid), row.id)
  for (const word of words) state = mix(state, word)
  if (row.history !== null) state = mixText(state, row.history)
  if (row.superseded_by !== null) state = mixText(state, row.superseded_by)
  return state
}

/** Throws `DamagedRow`. The first version kept no sum. */
export const checkRow = (row: SummedRow & { readonly sum: number | null }): void => {
  if (row.sum !== null && row.sum !== sumRow(row)) throw new DamagedRow(row.rid)
}
