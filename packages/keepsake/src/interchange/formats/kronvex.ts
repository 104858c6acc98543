/** Kronvex, which isolates users by session: its session becomes the user. */
import { type JsonObject, MEMORY_TYPES, type MemoryType } from "@keepsake/core"
import * as Result from "effect/Result"
import { readFields, readIdField, readSaidAt, readTimeField } from "./foreignRow.ts"
import type { Format, JsonRow, ParsedItem } from "./Format.ts"

const FIELDS: ReadonlySet<string> = new Set([
  "id",
  "content",
  "agentId",
  "sessionId",
  "memoryType",
  "metadata",
  "pinned",
  "createdAt",
  "updatedAt",
  "expiresAt"
])

const isType = (value: unknown): value is MemoryType =>
  typeof value === "string" && (MEMORY_TYPES as ReadonlyArray<string>).includes(value)

const parse = (row: JsonRow): ParsedItem =>
  Result.gen(function* () {
    const fields = yield* readFields(row, FIELDS)
    const { content, memoryType = "episodic", metadata = {}, pinned = false } = fields
    if (typeof content !== "string") return yield* Result.fail('has no "content"')
    if (!isType(memoryType))
      return yield* Result.fail(`has a "memory_type" that is none of ${MEMORY_TYPES.join(", ")}`)
    const id = yield* readIdField(fields, "id")
    return {
      _tag: "Statement",
      userId: yield* readIdField(fields, "sessionId"),
      agentId: yield* readIdField(fields, "agentId"),
      statement: {
        content,
        type: memoryType,
        metadata: metadata as JsonObject,
        pinned: pinned === true,
        saidAt: yield* readSaidAt(fields),
        expiresAt: yield* readTimeField(fields, "expiresAt"),
        ...(id === null ? {} : { key: `kronvex:${id}` })
      }
    }
  })

export const kronvex: Format = {
  name: "Kronvex",
  isRow: ({ content, id }) => typeof content === "string" && id !== undefined,
  parse
}
