/** A scope's name as an erasable blob: u32 JSON bytes · JSON [agentId, userId] in UTF-8. Part of the file format. */
import type { Scope } from "@keepsake/core/driver"
import { allocateErasableBlob, payloadStart } from "./erasableBlob.ts"

/** @param pageSize the file's page size */
export const encodeScopeName = (scope: Scope, pageSize: number): Uint8Array => {
  const json = Buffer.from(JSON.stringify([scope.agentId, scope.userId]))
  const blob = allocateErasableBlob(4 + json.length, pageSize)
  const byteOffset = payloadStart(blob.length)
  blob.writeUInt32LE(json.length, byteOffset)
  blob.set(json, byteOffset + 4)
  return blob
}

export const decodeScopeName = (data: Uint8Array): Scope => {
  const blob = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const byteOffset = payloadStart(blob.length)
  const json = blob.toString("utf8", byteOffset + 4, byteOffset + 4 + blob.readUInt32LE(byteOffset))
  const [agentId, userId] = JSON.parse(json) as [string, string]
  return { agentId, userId }
}
