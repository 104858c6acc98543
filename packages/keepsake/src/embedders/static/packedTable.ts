/** The form of the table that comes with the package: four bits a number, and a factor a piece. */
import type { PieceRows } from "./StaticTable.ts"

/** Numbers from −7 to 7. */
export const LEVEL_MAX = 7
const NIBBLE = 4
const HEADER_INTS = 3

export interface PackedTable {
  readonly dimensions: number
  /** The piece's number by its text. */
  readonly ids: ReadonlyMap<string, number>
  readonly factors: Float32Array
  /** Two numbers a byte, the first in the low bits, each above zero by `LEVEL_MAX`. */
  readonly packed: Uint8Array
}

/** The table's bytes: its pieces, dimensions and length of the pieces' texts; texts, factors, rows. */
export const writePacked = ({ dimensions, factors, ids, packed }: PackedTable): Uint8Array => {
  const texts = new TextEncoder().encode([...ids.keys()].join("\n"))
  const head = Uint32Array.of(ids.size, dimensions, texts.length)
  return Buffer.concat([Buffer.from(head.buffer), texts, Buffer.from(factors.buffer), packed])
}

export const readPacked = (bytes: Uint8Array): PackedTable => {
  // Copies are aligned.
  const at = (from: number, length: number) => new Uint8Array(bytes.subarray(from, from + length))
  const [count = 0, dimensions = 0, textLength = 0] = new Uint32Array(at(0, HEADER_INTS * 4).buffer)
  const textsFrom = HEADER_INTS * 4
  const factorsFrom = textsFrom + textLength
  const rowsFrom = factorsFrom + count * 4
  const texts = new TextDecoder().decode(at(textsFrom, textLength)).split("\n")
  return {
    dimensions,
    ids: new Map(texts.map((text, i) => [text, i])),
    factors: new Float32Array(at(factorsFrom, count * 4).buffer),
    packed: at(rowsFrom, (count * dimensions) / 2)
  }
}

export const makePieceRows = ({ dimensions, factors, packed }: PackedTable): PieceRows => {
  const values = new Int8Array(packed.length * 2)
  // An iterator takes seven times as long.
  for (let i = 0; i < packed.length; i++) {
    const byte = packed[i] ?? 0
    values[2 * i] = (byte & 15) - LEVEL_MAX
    values[2 * i + 1] = (byte >> NIBBLE) - LEVEL_MAX
  }
  return { dimensions, values, factors, rows: null }
}

/** Rows in as many steps as four bits have; `factors` are each row's weight, and take in the size of its step. */
export const packRows = (
  rows: Float32Array,
  dimensions: number,
  weights: ArrayLike<number>
): Pick<PackedTable, "factors" | "packed"> => {
  const count = rows.length / dimensions
  const factors = new Float32Array(count)
  const packed = new Uint8Array(rows.length / 2)
  for (let piece = 0; piece < count; piece++) {
    const row = rows.subarray(piece * dimensions, (piece + 1) * dimensions)
    const step = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / LEVEL_MAX || 1
    factors[piece] = step * (weights[piece] ?? 1)
    for (let k = 0; k < dimensions; k++) {
      const level = Math.round((row[k] ?? 0) / step) + LEVEL_MAX
      const at = (piece * dimensions + k) >> 1
      packed[at] = (packed[at] ?? 0) | (level << (k & 1 ? NIBBLE : 0))
    }
  }
  return { factors, packed }
}
