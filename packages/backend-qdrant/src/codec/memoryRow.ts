import { createHash } from "node:crypto"
import {
  Corrupt,
  type Interval,
  type JsonObject,
  type JsonScalar,
  type Memory,
  MemoryError,
  type Scope,
  type StoreRow,
  termId
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"

/** Names of the vectors of a point. */
export const DENSE = "dense"
export const TERMS = "terms"

/** `to` of an open interval, so that one range condition asks for "still or until later". */
const OPEN = Number.MAX_SAFE_INTEGER

/** One string per scope; brackets and quotes keep `["a","bc"]` and `["ab","c"]` apart, and people can read it. */
export const scopeId = ({ agentId, userId }: Scope): string => JSON.stringify([agentId, userId])

/** The inverse of `scopeKey`. */
export const scopeOfId = (key: string): Scope => {
  const [agentId, userId] = JSON.parse(key) as [string, string]
  return { agentId, userId }
}

/** An even spread of scopes over 32 bits, by which they can be listed piece by piece. */
export const scopeHash = (scope: Scope): number => termId(scopeId(scope))

const ENTRY_MAX = 256

/**
 * How a metadata pair is indexed. The value is JSON, so that `"1"`, `1` and `true` differ; long pairs are
 * hashed, since an index holds its keys in memory.
 */
export const metaEntry = (key: string, value: JsonScalar): string => {
  const entry = `${key}=${JSON.stringify(value)}`
  return entry.length <= ENTRY_MAX ? entry : `sha256:${createHash("sha256").update(entry).digest("hex")}`
}

const metaEntries = (metadata: JsonObject): ReadonlyArray<string> =>
  Object.entries(metadata).flatMap(([key, value]) =>
    typeof value === "object" && value !== null ? [] : [metaEntry(key, value)]
  )

export const validityPayload = (validity: ReadonlyArray<Interval>) => ({
  validity: validity.map(({ from, to }) => ({ from, to: to ?? OPEN })),
  current: validity.at(-1)?.to === null
})

/**
 * Metadata is kept as text: a payload would turn whole numbers past 2^53 into something else on the way
 * back and reorder keys.
 */
export const metadataPayload = (metadata: JsonObject) => ({
  metadata: JSON.stringify(metadata),
  meta: metaEntries(metadata)
})

/** As text: the server's reading of a 17-digit decimal may be one unit off in the last place. */
export const importancePayload = (importance: number) => ({ importance: String(importance) })

/** What of a scope every point carries, the staged ones included. */
export const scopePayload = (scope: Scope) => ({
  scope: scopeId(scope),
  scopeHash: scopeHash(scope),
  userId: scope.userId
})

export const payloadOf = (memory: Memory): Record<string, unknown> => ({
  ...scopePayload(memory.scope),
  content: memory.content,
  type: memory.type,
  ...metadataPayload(memory.metadata),
  source: memory.source,
  speaker: memory.speaker,
  sessionId: memory.sessionId,
  turn: memory.turn,
  saidAt: memory.saidAt,
  ...importancePayload(memory.importance),
  pinned: memory.pinned,
  createdAt: memory.createdAt,
  updatedAt: memory.updatedAt,
  expiresAt: memory.expiresAt,
  ...validityPayload(memory.validity),
  supersededBy: memory.supersededBy,
  accessCount: memory.accessCount,
  lastAccessedAt: memory.lastAccessedAt
})

/** `Array.from` takes the iterator's way: twenty times as long. */
export const numbersOf = (vector: Float32Array | Uint32Array): Array<number> => {
  const numbers: Array<number> = []
  for (let i = 0; i < vector.length; i++) numbers.push(vector[i] ?? 0)
  return numbers
}

/**
 * The terms are sent even when there are none: the server's IDF counts the points of a scope that have the
 * vector at all, and must count what core counts.
 */
export const vectorsOf = ({
  terms,
  vector
}: Pick<StoreRow, "terms" | "vector">): Schemas["VectorStruct"] => ({
  ...(vector === null ? {} : { [DENSE]: numbersOf(vector) }),
  [TERMS]: { indices: numbersOf(terms.ids), values: numbersOf(terms.weights) }
})

export const pointOf = (row: StoreRow): Schemas["PointStruct"] => ({
  id: row.memory.id,
  vector: vectorsOf(row),
  payload: payloadOf(row.memory)
})

interface Stored {
  readonly id: Schemas["ExtendedPointId"]
  readonly payload?: Record<string, unknown> | null
  readonly vector?: unknown
}

const corrupt = (id: unknown, what: string, cause?: unknown): MemoryError =>
  new MemoryError({
    reason: new Corrupt({
      message: `Point ${String(id)} has no readable ${what}: it was not written by Keepsake, or changed since. Delete the point or restore the collection from a snapshot.`,
      ...(cause === undefined ? {} : { cause })
    })
  })

/** Throws a `MemoryError` (`Corrupt`) where a point is no memory of ours. */
export const memoryOf = ({ id, payload }: Stored): Memory => {
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
    scope: scopeOfId(text("scope")),
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

/** Decodes, with the reason where a point cannot be read. */
export const decode = <A>(body: () => A): Effect.Effect<A, MemoryError> =>
  Effect.try({
    try: body,
    catch: (cause) => (cause instanceof MemoryError ? cause : corrupt("(one of several)", "payload", cause))
  })

/** The memory with its vectors, as `with_vector` brings them. */
export const rowOf = (point: Stored): StoreRow => {
  const vectors = (point.vector ?? {}) as {
    readonly [DENSE]?: ReadonlyArray<number>
    readonly [TERMS]?: Schemas["SparseVector"]
  }
  const dense = vectors[DENSE]
  const terms = vectors[TERMS] ?? { indices: [], values: [] }
  const order = terms.indices.map((id, i) => [id, terms.values[i] ?? 0] as const).sort(([a], [b]) => a - b)
  return {
    memory: memoryOf(point),
    vector: dense === undefined ? null : Float32Array.from(dense),
    terms: {
      ids: Uint32Array.from(order, ([id]) => id),
      weights: Float32Array.from(order, ([, weight]) => weight)
    }
  }
}
