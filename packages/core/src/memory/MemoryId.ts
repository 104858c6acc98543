import { hash } from "node:crypto"
import type { Memory } from "./Memory.ts"
import type { Scope } from "./Scope.ts"

/** The namespace of Keepsake's ids: UUIDv5 of the URL namespace and "https://keepsake.dev/memory". */
const NAMESPACE = Buffer.from("b48ca15988d95a29b8aac391d5a30189", "hex")

/** UUIDv5 (RFC 9562 §5.5): SHA-1 over namespace and name, version and variant set. */
const uuidV5 = (name: string): string => {
  const digest = hash("sha1", Buffer.concat([NAMESPACE, Buffer.from(name)]), "buffer")
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80
  const hex = digest.toString("hex")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

/** The id under a caller's key: the same key in the same scope names the same memory. */
export const memoryIdOfKey = (scope: Scope, key: string): string =>
  uuidV5(JSON.stringify([1, scope.agentId, scope.userId, "key", key]))

/**
 * The id of a statement: the same text by the same speaker in the same scope has the same id on every backend,
 * which is not asked.
 */
export const memoryIdOfText = (
  scope: Scope,
  statement: Pick<Memory, "source" | "speaker" | "type" | "content">
): string =>
  uuidV5(
    JSON.stringify([
      1,
      scope.agentId,
      scope.userId,
      "text",
      statement.source,
      statement.speaker,
      statement.type,
      statement.content.normalize("NFC")
    ])
  )

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/u

/** Whether a value can be an id: others name no memory and never reach a store. */
export const isUuid = (id: unknown): id is string => typeof id === "string" && UUID.test(id)

/** The idempotency key of a turn, for writers of conversations: "Thanks!" said twice is two turns. */
export const turnKey = (sessionId: string, turn: number): string => JSON.stringify(["turn", sessionId, turn])
