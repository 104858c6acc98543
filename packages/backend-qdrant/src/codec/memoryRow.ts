import {
  Corrupt,
  type Interval,
  type JsonObject,
  type Memory,
  MemoryError,
  type Scope,
  type StoreRow
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"
import { parseScopeId, scopeHash, scopeId } from "../scopeId.ts"
import { encodeMetadata } from "./metadata.ts"
import { encodeOrder } from "./numberOrder.ts"
import { decodeVectors, encodeVectors } from "./vectors.ts"

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

/** Keys that every point carries, staged points included. */
export const encodeScope = (scope: Scope) => ({
  scope: scopeId(scope),
  scopeHash: scopeHash(scope),
  userId: scope.userId
})

const encodeMemory = (memory: Memory): Record<string, unknown> => ({
  ...encodeScope(memory.scope),
  ...(memory.key === null ? {} : { key: memory.key }),
  content: memory.content,
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
  supersededBy: memory.supersededBy,
  accessCount: memory.accessCount,
  lastAccessedAt: memory.lastAccessedAt
})

export const encodeRow = (row: StoreRow): Schemas["PointStruct"] => ({
  id: row.memory.id,
  vector: encodeVectors(row),
  payload: encodeMemory(row.memory)
})

interface StoredPoint {
  readonly id: Schemas["ExtendedPointId"]
  readonly payload?: Record<string, unknown> | null
  readonly vector?: unknown
}

const corrupt = (id: unknown, field: string, cause?: unknown): MemoryError =>
  new MemoryError({
    reason: new Corrupt({
      message: `Point ${String(id)} has no readable ${field}: Keepsake did not write it, or it was changed since. Delete the point or restore the collection from a snapshot.`,
      ...(cause === undefined ? {} : { cause })
    })
  })

/** Throws a `MemoryError` (`Corrupt`) if the point is not a memory. */
export const decodeMemory = ({ id, payload }: StoredPoint): Memory => {
  const field = (key: string): unknown => payload?.[key] ?? null
  const text = (key: string): string => {
    const value = field(key)
    if (typeof value !== "string") throw corrupt(id, key)
    return value
  }
  const validity = field("validity") as ReadonlyArray<{ readonly from: number; readonly to: number }> | null
  if (!Array.isArray(validity) || validity.length === 0) throw corrupt(id, "validity")
  return {
    id: String(id),
    scope: parseScopeId(text("scope")),
    key: field("key") as string | null,
    content: text("content"),
    type: text("type") as Memory["type"],
    metadata: JSON.parse(text("metadata")) as JsonObject,
    source: text("source") as Memory["source"],
    speaker: field("speaker") as string | null,
    sessionId: field("sessionId") as string | null,
    turn: field("turn") as number | null,
    saidAt: field("saidAt") as number,
    importance: Number(text("importance")),
    pinned: field("pinned") === true,
    createdAt: field("createdAt") as number,
    updatedAt: field("updatedAt") as number,
    expiresAt: field("expiresAt") as number | null,
    validity: validity.map(({ from, to }) => ({ from, to: to === OPEN ? null : to })),
    supersededBy: field("supersededBy") as string | null,
    accessCount: field("accessCount") as number,
    lastAccessedAt: field("lastAccessedAt") as number | null
  }
}

/** The memory with its vectors, from a point read with `with_vector`. */
export const decodeRow = (point: StoredPoint): StoreRow => ({
  memory: decodeMemory(point),
  ...decodeVectors(point.vector)
})

/** Runs a decoder that throws, and fails with `Corrupt` instead. */
export const decode = <A>(decoder: () => A): Effect.Effect<A, MemoryError> =>
  Effect.try({
    try: decoder,
    catch: (cause) => (cause instanceof MemoryError ? cause : corrupt("(one of several)", "payload", cause))
  })
