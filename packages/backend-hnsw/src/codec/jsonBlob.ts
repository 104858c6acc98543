/** A JSON value as an erasable blob: u32 bytes · JSON in UTF-8. Part of the file format. */
import type { JsonValue } from "@keepsake/core/driver"
import { allocateErasableBlob, payloadStart } from "./erasableBlob.ts"

/** @param pageSize the file's page size */
export const encodeJsonBlob = (value: JsonValue, pageSize: number): Uint8Array => {
  const json = Buffer.from(JSON.stringify(value))
  const blob = allocateErasableBlob(4 + json.length, pageSize)
  const byteOffset = payloadStart(blob.length)
  blob.writeUInt32LE(json.length, byteOffset)
  blob.set(json, byteOffset + 4)
  return blob
}

export const decodeJsonBlob = (data: unknown): JsonValue => {
  if (!(data instanceof Uint8Array)) throw new RangeError("A text is missing")
  const blob = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const byteOffset = payloadStart(blob.length)
  const end = byteOffset + 4 + blob.readUInt32LE(byteOffset)
  return JSON.parse(blob.toString("utf8", byteOffset + 4, end)) as JsonValue
}
