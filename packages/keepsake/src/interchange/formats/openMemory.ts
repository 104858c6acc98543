/** OpenMemory's backup: `memories.json`, or the lines of `memories.jsonl`. */
import type { JsonObject } from "@keepsake/core"
import * as Result from "effect/Result"
import { readFields, readIdField, readSaidAt } from "./foreignRow.ts"
import type { Format, JsonRow, ParsedItem } from "./Format.ts"

const FIELDS: ReadonlySet<string> = new Set([
  "id",
  "content",
  "metadata",
  "state",
  "userId",
  "app",
  "appId",
  "createdAt",
  "updatedAt",
  "archivedAt",
  "deletedAt"
])

/** States in which OpenMemory itself does not answer with a memory. */
const INACTIVE = ["deleted", "archived", "paused"]

const parse = (row: JsonRow): ParsedItem =>
  Result.gen(function* () {
    const fields = yield* readFields(row, FIELDS)
    const { content, metadata = {}, state = "active" } = fields
    if (typeof state !== "string" || (state !== "active" && !INACTIVE.includes(state)))
      return yield* Result.fail(`has the state ${JSON.stringify(state)}, which is not known`)
    if (state !== "active" || fields["deletedAt"] !== undefined) return { _tag: "Inactive" }
    if (typeof content !== "string") return yield* Result.fail('has no "content"')
    const id = yield* readIdField(fields, "id")
    return {
      _tag: "Statement",
      userId: yield* readIdField(fields, "userId"),
      agentId: (yield* readIdField(fields, "app")) ?? (yield* readIdField(fields, "appId")),
      statement: {
        content,
        type: "semantic",
        metadata: metadata as JsonObject,
        saidAt: yield* readSaidAt(fields),
        ...(id === null ? {} : { key: `openmemory:${id}` })
      }
    }
  })

export const openMemory: Format = {
  name: "OpenMemory",
  isRow: ({ content, memory, state }) =>
    typeof content === "string" && memory === undefined && state !== undefined,
  parse
}

const isObject = (value: unknown): value is JsonRow =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Pairs of an id within the backup and the name that people know. */
const readNames = (list: unknown, name: string): ReadonlyMap<unknown, unknown> =>
  new Map((Array.isArray(list) ? list : []).filter(isObject).map((entry) => [entry["id"], entry[name]]))

/**
 * The rows of a whole backup, their users and apps under the names that people know: rows refer to them by ids of
 * OpenMemory's own. `undefined` for another document.
 */
export const readBackup = (document: unknown): ReadonlyArray<unknown> | undefined => {
  if (!isObject(document) || !isObject(document["user"]) || !Array.isArray(document["memories"]))
    return undefined
  const users = readNames([document["user"]], "user_id")
  const apps = readNames(document["apps"], "name")
  const [onlyUser] = users.values()
  return document["memories"].map((row: unknown) => {
    if (!isObject(row)) return row
    const { app_id: appId, user_id: userId, ...others } = row
    return {
      ...others,
      state: row["state"] ?? "active",
      user_id: userId === undefined || userId === null ? onlyUser : (users.get(userId) ?? userId),
      app_id: apps.get(appId) ?? appId
    }
  })
}
