/**
 * Parameters as PostgreSQL reads them. Vectors, term ids and weights are sent in binary: as text, which the
 * `pgvector` package writes, a batch of 100 rows takes five times as long.
 */
import { endianness } from "node:os"

const INT4 = 23
const FLOAT4 = 700

/** `{a,"b c",NULL}`. */
export const encodeTextArray = (values: ReadonlyArray<string | number | boolean | null>): string =>
  `{${values
    .map((value) => {
      if (value === null) return "NULL"
      return typeof value === "string"
        ? `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`
        : String(value)
    })
    .join(",")}}`

/** Writes the header of a one-dimensional binary array: dimensions, whether it holds NULLs, element type, length, lower bound. */
const writeArrayHeader = (buffer: Buffer, type: number, length: number, hasNulls: boolean): number => {
  let offset = buffer.writeInt32BE(length === 0 ? 0 : 1, 0)
  offset = buffer.writeInt32BE(hasNulls ? 1 : 0, offset)
  offset = buffer.writeUInt32BE(type, offset)
  if (length === 0) return offset
  offset = buffer.writeInt32BE(length, offset)
  return buffer.writeInt32BE(1, offset)
}

const HEADER_BYTES = 20
const EMPTY_HEADER_BYTES = 12

const flatArray = (
  type: number,
  length: number,
  write: (buffer: Buffer, index: number, offset: number) => number
): Buffer => {
  const buffer = Buffer.allocUnsafe(length === 0 ? EMPTY_HEADER_BYTES : HEADER_BYTES + 8 * length)
  let offset = writeArrayHeader(buffer, type, length, false)
  for (let i = 0; i < length; i++) {
    offset = buffer.writeInt32BE(4, offset)
    offset = write(buffer, i, offset)
  }
  return buffer
}

/** `int4[]`; unsigned term ids keep their 32 bits and are read as signed. */
export const encodeInt4Array = (ids: ArrayLike<number>): Buffer =>
  flatArray(INT4, ids.length, (buffer, i, offset) => buffer.writeInt32BE((ids[i] ?? 0) | 0, offset))

export const encodeFloat4Array = (values: ArrayLike<number>): Buffer =>
  flatArray(FLOAT4, values.length, (buffer, i, offset) => buffer.writeFloatBE(values[i] ?? 0, offset))

const VECTOR_HEADER_BYTES = 4
const LITTLE_ENDIAN = endianness() === "LE"

const writeVector = (buffer: Buffer, vector: Float32Array, start: number): number => {
  let offset = buffer.writeInt16BE(vector.length, start)
  offset = buffer.writeInt16BE(0, offset)
  const floats = buffer.subarray(offset, offset + 4 * vector.length)
  floats.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength))
  if (LITTLE_ENDIAN) floats.swap32()
  return offset + floats.length
}

/** One `vector`: int16 dimensions, int16 zero, then big-endian floats. */
export const encodeVector = (vector: Float32Array): Buffer => {
  const buffer = Buffer.allocUnsafe(VECTOR_HEADER_BYTES + 4 * vector.length)
  writeVector(buffer, vector, 0)
  return buffer
}

/** `vector[]`; `type` is the oid of `vector` in this database. */
export const encodeVectorArray = (vectors: ReadonlyArray<Float32Array | null>, type: number): Buffer => {
  let size = vectors.length === 0 ? EMPTY_HEADER_BYTES : HEADER_BYTES
  for (const vector of vectors) size += 4 + (vector === null ? 0 : VECTOR_HEADER_BYTES + 4 * vector.length)
  const buffer = Buffer.allocUnsafe(size)
  let offset = writeArrayHeader(
    buffer,
    type,
    vectors.length,
    vectors.some((vector) => vector === null)
  )
  for (const vector of vectors) {
    offset = buffer.writeInt32BE(vector === null ? -1 : VECTOR_HEADER_BYTES + 4 * vector.length, offset)
    if (vector !== null) offset = writeVector(buffer, vector, offset)
  }
  return buffer
}

/** `{1,2,3}` as numbers; our number arrays hold no NULL. */
export const parseNumberArray = (text: string): ReadonlyArray<number> =>
  text === "{}" ? [] : text.slice(1, -1).split(",").map(Number)
