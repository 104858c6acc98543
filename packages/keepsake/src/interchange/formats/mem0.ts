/** mem0, hosted and its own server, in Python's and in TypeScript's spelling. */
import type { JsonObject, MemoryType } from "@keepsake/core"
import * as Result from "effect/Result"
import { readFields, readIdField, readSaidAt, readTimeField } from "./foreignRow.ts"
import type { Format, JsonRow, ParsedItem } from "./Format.ts"

const FIELDS: ReadonlySet<string> = new Set([
  "id",
  "memory",
  "metadata",
  "memoryType",
  "event",
  "userId",
  "owner",
  "agentId",
  "appId",
  "runId",
  "actorId",
  "role",
  "createdAt",
  "updatedAt",
  "expirationDate"
])

const readOwner = (fields: JsonRow): Result.Result<string | null, string> =>
  Result.gen(function* () {
    const userId = yield* readIdField(fields, "userId")
    const owner = yield* readIdField(fields, "owner")
    if (userId !== null && owner !== null && userId !== owner)
      return yield* Result.fail('has an "owner" that is not its user; remove one of them')
    return userId ?? owner
  })

/** An app holds agents; a user's memories in two apps are two memories. */
const readAgent = (fields: JsonRow): Result.Result<string | null, string> =>
  Result.gen(function* () {
    const names = [yield* readIdField(fields, "appId"), yield* readIdField(fields, "agentId")]
    const distinct = new Set(names.filter((name) => name !== null))
    return distinct.size === 0 ? null : Array.from(distinct).join(":")
  })

/** mem0 stores facts that a model extracted from a conversation: they are semantic. */
const toType = (memoryType: unknown): MemoryType =>
  memoryType === "procedural_memory"
    ? "procedural"
    : memoryType === "episodic_memory"
      ? "episodic"
      : "semantic"

const parse = (row: JsonRow): ParsedItem =>
  Result.gen(function* () {
    const fields = yield* readFields(row, FIELDS)
    const { event, memory, metadata = {}, role } = fields
    if (event === "DELETE") return { _tag: "Inactive" }
    if (typeof memory !== "string") return yield* Result.fail('has no "memory"')
    const id = yield* readIdField(fields, "id")
    return {
      _tag: "Statement",
      userId: yield* readOwner(fields),
      agentId: yield* readAgent(fields),
      statement: {
        content: memory,
        type: toType(fields["memoryType"]),
        source: role === "assistant" ? "assistant" : "user",
        speaker: yield* readIdField(fields, "actorId"),
        sessionId: yield* readIdField(fields, "runId"),
        metadata: metadata as JsonObject,
        saidAt: yield* readSaidAt(fields),
        expiresAt: yield* readTimeField(fields, "expirationDate"),
        ...(id === null ? {} : { key: `mem0:${id}` })
      }
    }
  })

export const mem0: Format = {
  name: "mem0",
  isRow: ({ memory }) => typeof memory === "string",
  parse
}
