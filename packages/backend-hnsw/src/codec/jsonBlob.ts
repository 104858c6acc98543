/** A JSON value as an erasable blob: u32 bytes · JSON in UTF-8. Part of the file format. */
import type { JsonValue } from "@keepsake/core/driver"
import { DamagedRow, sumBytes } from "./checksum.ts"
import { allocateErasableBlob, payloadStart } from "./erasableBlob.ts"

const LENGTH_BYTES = 4
const SUM_BYTES = 4

const encode = (json: Buffer, before: number, pageSize: number): Buffer => {
  const blob = allocateErasableBlob(before + json.length, pageSize)
  const byteOffset = payloadStart(blob.length)
  blob.writeUInt32LE(json.length, byteOffset)
  blob.set(json, byteOffset + before)
  return blob
}

const readBlob = (data: unknown): Buffer => {
  if (!(data instanceof Uint8Array)) throw new RangeError("A text is missing")
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

const sliceJson = (blob: Buffer, before: number): Buffer => {
  const byteOffset = payloadStart(blob.length)
  const start = byteOffset + before
  const end = start + blob.readUInt32LE(byteOffset)
  if (end > blob.length) throw new RangeError("A text's length contradicts its size")
  return blob.subarray(start, end)
}

/** @param pageSize the file's page size */
export const encodeJsonBlob = (value: JsonValue, pageSize: number): Uint8Array =>
  encode(Buffer.from(JSON.stringify(value)), LENGTH_BYTES, pageSize)

export const decodeJsonBlob = (data: unknown): JsonValue =>
  JSON.parse(sliceJson(readBlob(data), LENGTH_BYTES).toString("utf8")) as JsonValue

/** With a sum behind the length. @param number of the row that the blob belongs to */
export const encodeSummedJson = (value: JsonValue, number: number, pageSize: number): Uint8Array => {
  const json = Buffer.from(JSON.stringify(value))
  const blob = encode(json, LENGTH_BYTES + SUM_BYTES, pageSize)
  blob.writeUInt32LE(sumBytes(json, 0, json.length, number), payloadStart(blob.length) + LENGTH_BYTES)
  return blob
}

/** Throws `DamagedRow` for a blob that contradicts its sum. */
export const decodeSummedJson = (data: unknown, number: number): JsonValue => {
  const blob = readBlob(data)
  const json = sliceJson(blob, LENGTH_BYTES + SUM_BYTES)
  const sum = blob.readUInt32LE(payloadStart(blob.length) + LENGTH_BYTES)
  if (sumBytes(json, 0, json.length, number) !== sum) throw new DamagedRow(number)
  return JSON.parse(json.toString("utf8")) as JsonValue
}
