/**
 * Parameters as PostgreSQL reads them. Vectors and the flat arrays beside them go in binary: as text, a batch
 * of 100 rows costs five times as much (the `pgvector` package writes text, and reads what we select).
 */
import { endianness } from "node:os"

const INT4 = 23
const FLOAT4 = 700

/** `{a,"b c",NULL}`. */
export const textArray = (values: ReadonlyArray<string | number | boolean | null>): string =>
  `{${values
    .map((value) => {
      if (value === null) return "NULL"
      return typeof value === "string"
        ? `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`
        : String(value)
    })
    .join(",")}}`

/** The head of a one-dimensional binary array: dimensions, whether it holds NULLs, element type, length, lower bound. */
const arrayHead = (buffer: Buffer, type: number, length: number, nulls: boolean): number => {
  let at = buffer.writeInt32BE(length === 0 ? 0 : 1, 0)
  at = buffer.writeInt32BE(nulls ? 1 : 0, at)
  at = buffer.writeUInt32BE(type, at)
  if (length === 0) return at
  at = buffer.writeInt32BE(length, at)
  return buffer.writeInt32BE(1, at)
}

const HEAD_BYTES = 20
const EMPTY_HEAD_BYTES = 12

const flatArray = (
  type: number,
  length: number,
  write: (buffer: Buffer, index: number, at: number) => number
): Buffer => {
  const buffer = Buffer.allocUnsafe(length === 0 ? EMPTY_HEAD_BYTES : HEAD_BYTES + 8 * length)
  let at = arrayHead(buffer, type, length, false)
  for (let i = 0; i < length; i++) {
    at = buffer.writeInt32BE(4, at)
    at = write(buffer, i, at)
  }
  return buffer
}

/** `int4[]`; of an unsigned term id the same 32 bits, read as signed. */
export const int4Array = (ids: ArrayLike<number>): Buffer =>
  flatArray(INT4, ids.length, (buffer, i, at) => buffer.writeInt32BE((ids[i] ?? 0) | 0, at))

export const float4Array = (values: ArrayLike<number>): Buffer =>
  flatArray(FLOAT4, values.length, (buffer, i, at) => buffer.writeFloatBE(values[i] ?? 0, at))

const VECTOR_HEAD_BYTES = 4
const LITTLE_ENDIAN = endianness() === "LE"

const writeVector = (buffer: Buffer, vector: Float32Array, start: number): number => {
  let at = buffer.writeInt16BE(vector.length, start)
  at = buffer.writeInt16BE(0, at)
  const floats = buffer.subarray(at, at + 4 * vector.length)
  floats.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength))
  if (LITTLE_ENDIAN) floats.swap32()
  return at + floats.length
}

/** One `vector`: int16 dimensions, int16 zero, then big-endian floats. */
export const vectorParameter = (vector: Float32Array): Buffer => {
  const buffer = Buffer.allocUnsafe(VECTOR_HEAD_BYTES + 4 * vector.length)
  writeVector(buffer, vector, 0)
  return buffer
}

/** `vector[]`; `type` is the oid of `vector` in this database. */
export const vectorArray = (vectors: ReadonlyArray<Float32Array | null>, type: number): Buffer => {
  let size = vectors.length === 0 ? EMPTY_HEAD_BYTES : HEAD_BYTES
  for (const vector of vectors) size += 4 + (vector === null ? 0 : VECTOR_HEAD_BYTES + 4 * vector.length)
  const buffer = Buffer.allocUnsafe(size)
  let at = arrayHead(
    buffer,
    type,
    vectors.length,
    vectors.some((vector) => vector === null)
  )
  for (const vector of vectors) {
    at = buffer.writeInt32BE(vector === null ? -1 : VECTOR_HEAD_BYTES + 4 * vector.length, at)
    if (vector !== null) at = writeVector(buffer, vector, at)
  }
  return buffer
}

/** `{1,2,NULL}` back to numbers; our number arrays hold no NULL. */
export const parseNumberArray = (text: string): ReadonlyArray<number> =>
  text === "{}" ? [] : text.slice(1, -1).split(",").map(Number)
