/** Points of the collection beside the memories: what an agent keeps about a session, and counters of turns. */
import { createHash } from "node:crypto"
import {
  type Entry,
  type EntryKey,
  memoryIdOfKey,
  type Scope,
  termId,
  toEntryBytes
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { type Conditions, is, must } from "./filter.ts"
import { encodeScope } from "./memoryRow.ts"

export const ENTRIES: Conditions = must(is("record", "entry"))

/** An entry without what the store adds. */
export type EntryInput = Omit<Entry, "createdAt">

/** The same for every writer of a number, so that the second one finds the first one's point. */
export const entryId = (scope: Scope, { kind, number, sessionId }: EntryKey): string =>
  memoryIdOfKey(scope, JSON.stringify(["entry", sessionId, kind, number]))

/** Tells whether a point has this content, without reading the content. */
export const digestContent = (content: string): string =>
  createHash("sha256").update(content, "utf8").digest("base64")

/** `batch` marks an entry until every entry of its append is known to be kept. */
export const encodeEntry = (
  scope: Scope,
  entry: EntryInput,
  createdAt: number,
  batch: string | null
): Schemas["PointStruct"] => ({
  id: entryId(scope, entry),
  vector: {},
  payload: {
    ...encodeScope(scope),
    record: "entry",
    sessionId: entry.sessionId,
    sessionHash: termId(entry.sessionId),
    kind: entry.kind,
    number: entry.number,
    content: entry.content,
    digest: digestContent(entry.content),
    bytes: toEntryBytes(entry),
    createdAt,
    ...(batch === null ? {} : { batch })
  }
})

export const decodeEntry = ({ payload }: Schemas["Record"]): Entry => ({
  sessionId: String(payload?.["sessionId"]),
  kind: String(payload?.["kind"]),
  number: Number(payload?.["number"]),
  content: String(payload?.["content"]),
  createdAt: Number(payload?.["createdAt"])
})

/** The id is a hash, so that the name of a session that was forgotten is nowhere. */
export const counterId = (scope: Scope, sessionId: string): string =>
  memoryIdOfKey(scope, JSON.stringify(["turn", sessionId]))

export const encodeCounter = (scope: Scope, sessionId: string, turn: number): Schemas["PointStruct"] => ({
  id: counterId(scope, sessionId),
  vector: {},
  payload: { ...encodeScope(scope), record: "turn", turn }
})
