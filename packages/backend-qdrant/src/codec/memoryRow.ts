import {
  Corrupt,
  type Excerpt,
  type Fingerprint,
  type Interval,
  type JsonObject,
  type Memory,
  MemoryError,
  type Passage,
  type RowFacts,
  type Scope,
  type StoreRow,
  toBytes,
  toExcerpt
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { parseScopeId, scopeHash, scopeId } from "../scopeId.ts"
import { encodeMetadata } from "./metadata.ts"
import { encodeOrder } from "./numberOrder.ts"
import { decodeSpans, encodeFlags, encodePlace, encodeText, passageId, type Spans } from "./passages.ts"
import { decodeDense, decodeTerms, encodeVectors } from "./vectors.ts"

/** `to` of an open interval, so that one range condition covers open and later ends. */
const OPEN = Number.MAX_SAFE_INTEGER

export const encodeValidity = (validity: ReadonlyArray<Interval>) => ({
  validity: validity.map(({ from, to }) => ({ from, to: to ?? OPEN })),
  current: validity.at(-1)?.to === null
})

/** Text, because the server may parse a 17-digit decimal one unit off in the last place; conditions ask its order. */
export const encodeImportance = (importance: number) => ({
  importance: String(importance),
  importanceOrder: encodeOrder(importance)
})

/** Keys that every point of a memory has, staged points included. */
export const encodeScope = (scope: Scope) => ({
  scope: scopeId(scope),
  scopeHash: scopeHash(scope),
  userId: scope.userId
})

/** Keys that a memory and its passages have in common: what filters ask, and what an excerpt shows. */
const encodeShared = (memory: Memory): Record<string, unknown> => ({
  scope: scopeId(memory.scope),
  userId: memory.scope.userId,
  ...(memory.key === null ? {} : { key: memory.key }),
  type: memory.type,
  ...encodeMetadata(memory.metadata),
  source: memory.source,
  speaker: memory.speaker,
  sessionId: memory.sessionId,
  turn: memory.turn,
  saidAt: memory.saidAt,
  ...encodeImportance(memory.importance),
  pinned: memory.pinned,
  createdAt: memory.createdAt,
  updatedAt: memory.updatedAt,
  expiresAt: memory.expiresAt,
  ...encodeValidity(memory.validity),
  supersededBy: memory.supersededBy
})

type Point = Schemas["PointStruct"]

/** A payload without keys that have no value. */
const withoutNulls = (payload: Record<string, unknown>): Record<string, unknown> => {
  const kept: Record<string, unknown> = {}
  for (const key of Object.keys(payload)) if (payload[key] !== null) kept[key] = payload[key]
  return kept
}

/** The payload of a memory's point. */
const encodeMemory = (memory: Memory, spans: Spans): Record<string, unknown> =>
  withoutNulls({
    ...encodeShared(memory),
    scopeHash: scopeHash(memory.scope),
    ...encodeText(memory.id, memory.content, spans),
    bytes: toBytes(memory),
    accessCount: memory.accessCount,
    lastAccessedAt: memory.lastAccessedAt
  })

/** A row's points: the memory's, and one for each further passage. */
export const encodeRow = (
  row: StoreRow
): { readonly base: Point; readonly passages: ReadonlyArray<Point> } => {
  const { memory, passages } = row
  const [first, ...more] = passages
  return {
    base: {
      id: memory.id,
      vector: encodeVectors(first),
      payload: { ...encodeMemory(memory, passages), ...encodeFlags(row) }
    },
    passages: more.map((passage, i) => ({
      id: passageId(memory.scope, memory.id, i + 1),
      vector: encodeVectors(passage),
      payload: withoutNulls({
        ...encodeShared(memory),
        longMetadata: null,
        ...encodePlace(memory, i + 1, passages)
      })
    }))
  }
}

/** A point as it was read. */
export interface ReadPoint {
  readonly id: Schemas["ExtendedPointId"]
  readonly payload?: Record<string, unknown> | null | undefined
  readonly vector?: unknown
}

const corrupt = (id: unknown, field: string, cause?: unknown): MemoryError =>
  new MemoryError({
    reason: new Corrupt({
      message: `Point ${String(id)} has no readable ${field}: Keepsake did not write it, or it was changed since. Delete the point or restore the collection from a snapshot.`,
      ...(cause === undefined ? {} : { cause })
    })
  })

/** Keys of the facts that a score reads, and of a passage's text. */
export const FACT_KEYS = [
  "content",
  "memory",
  "passage",
  "start",
  "end",
  "type",
  "source",
  "speaker",
  "sessionId",
  "turn",
  "saidAt",
  "importance",
  "pinned"
]

/** Keys of an excerpt: everything of a memory but a long text and long metadata. */
export const EXCERPT_KEYS = [
  ...FACT_KEYS,
  "scope",
  "key",
  "metadata",
  "createdAt",
  "updatedAt",
  "expiresAt",
  "validity",
  "supersededBy",
  "accessCount",
  "lastAccessedAt",
  "passages",
  "characters",
  "owed"
]

const readField = ({ payload }: ReadPoint, key: string): unknown => payload?.[key] ?? null

const readText = (point: ReadPoint, key: string): string => {
  const value = readField(point, key)
  if (typeof value !== "string") throw corrupt(point.id, key)
  return value
}

/** The memory whose passage a point is; its own id where the text is one passage. */
export const readMemoryId = (point: ReadPoint): string => {
  const id = readField(point, "memory")
  return typeof id === "string" ? id : String(point.id)
}

/** The bytes that a memory counts for; points of the first layout do not note them. */
export const readBytes = (point: ReadPoint): number => {
  const bytes = readField(point, "bytes")
  if (bytes !== null) return Number(bytes)
  return toBytes({
    content: readText(point, "content"),
    metadata: JSON.parse(readText(point, "metadata")) as JsonObject
  })
}

/** Whether the text of a memory has several passages. */
export const isCut = (point: ReadPoint): boolean => readField(point, "memory") !== null

/** The passage's text. Throws a `MemoryError` (`Corrupt`) where there is none. */
export const readContent = (point: ReadPoint): string => readText(point, "content")

/** Which passage a point is, counted from 0. */
export const readPassage = (point: ReadPoint): number => Number(readField(point, "passage") ?? 0)

/** Throws a `MemoryError` (`Corrupt`) if the point is not a memory's or a passage's. */
export const decodeFacts = (point: ReadPoint): RowFacts => ({
  id: readMemoryId(point),
  type: readText(point, "type") as Memory["type"],
  source: readText(point, "source") as Memory["source"],
  speaker: readField(point, "speaker") as string | null,
  sessionId: readField(point, "sessionId") as string | null,
  turn: readField(point, "turn") as number | null,
  saidAt: readField(point, "saidAt") as number,
  importance: Number(readText(point, "importance")),
  pinned: readField(point, "pinned") === true
})

const decodeFields = (point: ReadPoint, content: string, metadata: string): Memory => {
  const field = (key: string) => readField(point, key)
  const validity = field("validity") as ReadonlyArray<{ readonly from: number; readonly to: number }> | null
  if (!Array.isArray(validity) || validity.length === 0) throw corrupt(point.id, "validity")
  return {
    ...decodeFacts(point),
    scope: parseScopeId(readText(point, "scope")),
    key: field("key") as string | null,
    content,
    metadata: JSON.parse(metadata) as JsonObject,
    createdAt: field("createdAt") as number,
    updatedAt: field("updatedAt") as number,
    expiresAt: field("expiresAt") as number | null,
    validity: validity.map(({ from, to }) => ({ from, to: to === OPEN ? null : to })),
    supersededBy: field("supersededBy") as string | null,
    accessCount: Number(field("accessCount") ?? 0),
    lastAccessedAt: field("lastAccessedAt") as number | null
  }
}

/** Whether a point that was read by `EXCERPT_KEYS` has the whole memory. */
export const isWhole = ({ payload }: ReadPoint): boolean =>
  payload?.["memory"] === undefined && payload?.["content"] !== undefined && payload["metadata"] !== undefined

/** The whole memory. Throws a `MemoryError` (`Corrupt`) if the point is not a memory's. */
export const decodeMemory = (point: ReadPoint): Memory => {
  if (readField(point, "validity") === null) throw corrupt(point.id, "validity")
  const content = readText(point, readField(point, "text") === null ? "content" : "text")
  const metadata = readText(point, readField(point, "longMetadata") === null ? "metadata" : "longMetadata")
  return decodeFields(point, content, metadata)
}

/** A point's passage with its memory; long metadata stays behind. */
export const decodeExcerpt = (point: ReadPoint): Excerpt => {
  const text = readContent(point)
  const hasMetadata = readField(point, "metadata") !== null
  const memory = decodeFields(point, text, hasMetadata ? readText(point, "metadata") : "{}")
  const passages = Number(readField(point, "passages") ?? 1)
  const start = Number(readField(point, "start") ?? 0)
  const end = Number(readField(point, "end") ?? start + text.length)
  const place = { passage: readPassage(point), passages, start: 0, end: text.length }
  const excerpt = toExcerpt(memory, place, decodeDense(point.vector))
  return { ...excerpt, isWhole: excerpt.isWhole && hasMetadata, start, end }
}

/** A whole row, from its memory's point with vectors, and its further passages' with vectors, in their order. */
export const decodeRow = (
  point: ReadPoint,
  more: ReadonlyArray<ReadPoint>,
  settings: Fingerprint
): StoreRow => {
  const memory = decodeMemory(point)
  const spans = decodeSpans(point.payload ?? {}, memory.content.length)
  const toPassage = ({ vector }: ReadPoint, i: number): Passage => {
    const { end, start } = spans[i] ?? { start: 0, end: 0 }
    const text = memory.content.slice(start, end)
    return { start, end, vector: decodeDense(vector), terms: decodeTerms(vector, text, settings) }
  }
  return {
    memory,
    passages: [toPassage(point, 0), ...more.map((passage, i) => toPassage(passage, i + 1))],
    owed: readField(point, "owed") === true
  }
}

/** Runs a decoder that throws, and fails with `Corrupt` instead. */
export const decode = <A>(decoder: () => A): Effect.Effect<A, MemoryError> =>
  Effect.try({
    try: decoder,
    catch: (cause) => (cause instanceof MemoryError ? cause : corrupt("(one of several)", "payload", cause))
  })
