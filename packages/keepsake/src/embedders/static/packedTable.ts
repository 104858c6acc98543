/**
 * The form of the table that comes with the package: four bits a number, and a factor a piece. It is text in base64,
 * read in place: a piece is found by its hash, and a row is decoded when a text first has its piece.
 */
import { lowerBound } from "@keepsake/core/driver"
import type { PieceRows } from "./StaticTable.ts"
import type { WordPieces } from "./wordPiece.ts"

/** Numbers from −7 to 7. */
export const LEVEL_MAX = 7
const NIBBLE = 4
const HEADER_INTS = 3
/** Bytes that four characters of base64 stand for. */
const GROUP = 3

/** What a table is made of, by piece. */
export interface TableParts {
  readonly dimensions: number
  readonly texts: ReadonlyArray<string>
  readonly factors: Float32Array
  /** Two numbers a byte, the first in the low bits, each above zero by `LEVEL_MAX`. */
  readonly packed: Uint8Array
}

export interface PackedTable {
  readonly ids: WordPieces["ids"]
  /** With the rows of `pieces`; others may be missing. */
  readonly rowsOf: (pieces: ReadonlyArray<number>) => PieceRows
}

/** FNV-1a over UTF-16 code units. */
const hash = (text: string): number => {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}

/** Pieces by their hash: header, hashes, ends of texts in UTF-16 code units, factors, texts; rows from a whole group on. */
export const writePacked = ({ dimensions, factors, packed, texts }: TableParts): string => {
  const order = texts
    .map((text, piece) => ({ text, piece, hash: hash(text) }))
    .sort((a, b) => a.hash - b.hash)
  let end = 0
  const ends = order.map(({ text }) => (end += text.length))
  const joined = new TextEncoder().encode(order.map(({ text }) => text).join(""))
  const head = [
    Uint32Array.of(texts.length, dimensions, joined.length),
    Uint32Array.from(order, (piece) => piece.hash),
    Uint32Array.from(ends),
    Float32Array.from(order, ({ piece }) => factors[piece] ?? 0)
  ].map(({ buffer }) => Buffer.from(buffer))
  const length = head.reduce((sum, part) => sum + part.length, joined.length)
  const padding = Buffer.alloc((GROUP - (length % GROUP)) % GROUP)
  const size = dimensions / 2
  const rows = order.map(({ piece }) => packed.subarray(piece * size, (piece + 1) * size))
  return Buffer.concat([...head, joined, padding, ...rows]).toString("base64")
}

const makeIds = (hashes: Uint32Array, ends: Uint32Array, texts: string): PackedTable["ids"] => ({
  get: (text) => {
    const wanted = hash(text)
    for (let piece = lowerBound(hashes, wanted); hashes[piece] === wanted; piece++) {
      const start = piece === 0 ? 0 : (ends[piece - 1] ?? 0)
      if (ends[piece] === start + text.length && texts.startsWith(text, start)) return piece
    }
    return undefined
  }
})

/** @param base64 the text that `writePacked` returns, one byte a character */
export const readPacked = (base64: Buffer): PackedTable => {
  /** A copy, which is aligned; `from` and `to` in bytes. */
  const decode = (from: number, to: number): Uint8Array => {
    const group = Math.floor(from / GROUP)
    const text = base64.toString("latin1", group * 4, Math.ceil(to / GROUP) * 4)
    return Uint8Array.from(Buffer.from(text, "base64").subarray(from - group * GROUP, to - group * GROUP))
  }
  const headTo = HEADER_INTS * 4
  const [count = 0, dimensions = 0, textLength = 0] = new Uint32Array(decode(0, headTo).buffer)
  const textsFrom = headTo + count * 3 * 4
  const { buffer } = decode(headTo, textsFrom)
  const rowsFrom = Math.ceil((textsFrom + textLength) / GROUP) * GROUP
  const size = dimensions / 2
  const values = new Int8Array(count * dimensions)
  const isRead = new Uint8Array(count)
  const rows: PieceRows = {
    dimensions,
    values,
    factors: new Float32Array(buffer, 2 * count * 4, count),
    rows: null
  }
  const readRow = (piece: number): void => {
    isRead[piece] = 1
    const row = decode(rowsFrom + piece * size, rowsFrom + (piece + 1) * size)
    for (let i = 0, at = piece * dimensions; i < size; i++) {
      const byte = row[i] ?? 0
      values[at++] = (byte & 15) - LEVEL_MAX
      values[at++] = (byte >> NIBBLE) - LEVEL_MAX
    }
  }
  return {
    ids: makeIds(
      new Uint32Array(buffer, 0, count),
      new Uint32Array(buffer, count * 4, count),
      new TextDecoder().decode(decode(textsFrom, textsFrom + textLength))
    ),
    rowsOf: (pieces) => {
      for (const piece of pieces) if (isRead[piece] === 0) readRow(piece)
      return rows
    }
  }
}

/** Rows in as many steps as four bits have; `factors` are each row's weight, and take in the size of its step. */
export const packRows = (
  rows: Float32Array,
  dimensions: number,
  weights: ArrayLike<number>
): Pick<TableParts, "factors" | "packed"> => {
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
