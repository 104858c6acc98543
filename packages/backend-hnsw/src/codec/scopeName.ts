/** A scope's name as an erasable blob of JSON [agentId, userId]. Part of the file format. */
import type { Scope } from "@keepsake/core/driver"
import { decodeJsonBlob, encodeJsonBlob } from "./jsonBlob.ts"

/** @param pageSize the file's page size */
export const encodeScopeName = ({ agentId, userId }: Scope, pageSize: number): Uint8Array =>
  encodeJsonBlob([agentId, userId], pageSize)

export const decodeScopeName = (data: unknown): Scope => {
  const [agentId, userId] = decodeJsonBlob(data) as [string, string]
  return { agentId, userId }
}
