import {
  type Excerpt,
  type LatestRequest,
  type Memory,
  type MemoryError,
  type MemoryStore,
  STORE_LIMITS
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import {
  all,
  hasId,
  inScope,
  must,
  oneOf,
  NO_CONDITIONS,
  notExpired,
  toFilter,
  visible
} from "../codec/filter.ts"
import { decode, decodeExcerpt, decodeMemory, EXCERPT_KEYS, type ReadPoint } from "../codec/memoryRow.ts"
import { IS_MEMORY } from "../codec/passages.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { type Order, scrollOrdered } from "./scrollOrdered.ts"
import type { Serving } from "./Serving.ts"
import { readContents, readWhole } from "./wholeRows.ts"

type Store = MemoryStore["Service"]

/** The whole memories of points that were read by `EXCERPT_KEYS`. */
export const decodeMemories = (
  points: PointsApi,
  found: ReadonlyArray<ReadPoint>
): Effect.Effect<ReadonlyArray<Memory>, MemoryError> =>
  Effect.flatMap(readWhole(points, found), (whole) => decode(() => whole.map(decodeMemory)))

export const get = Effect.fnUntraced(function* (
  { points }: Serving,
  { ids, now, scope }: Parameters<Store["get"]>[0]
): Effect.fn.Return<ReadonlyArray<Memory>, MemoryError> {
  if (ids.length === 0) return []
  const { points: matches } = yield* points.lookUp({
    filter: toFilter(all(inScope(scope), IS_MEMORY, notExpired(now), must(hasId(ids)))),
    limit: ids.length,
    with_payload: EXCERPT_KEYS
  })
  return yield* decodeMemories(points, matches)
})

export const speakers = (
  { points }: Serving,
  { now, scope }: Parameters<Store["speakers"]>[0]
): Effect.Effect<ReadonlyArray<string>, MemoryError> =>
  points
    .facet("speaker", all(inScope(scope), visible(now, undefined)), STORE_LIMITS.speakers)
    .pipe(Effect.map((hits) => hits.map(({ value }) => String(value))))

const LATEST_FIRST: ReadonlyArray<Order> = [
  { key: "saidAt", direction: "desc" },
  { key: "turn", direction: "desc" }
]

export const latest = Effect.fnUntraced(function* (
  { points, translate }: Serving,
  { filter, limit, now, scope }: LatestRequest
): Effect.fn.Return<ReadonlyArray<Excerpt>, MemoryError> {
  const matching = yield* translate(filter)
  if (matching === null) return []
  const conditions = all(inScope(scope), IS_MEMORY, visible(now, undefined), matching)
  const request = { conditions, limit, with_vector: false, ids: "asc" } as const
  const matches = yield* readContents(points, yield* scrollOrdered(points, request, LATEST_FIRST))
  return yield* decode(() => matches.map(decodeExcerpt))
})

export const predecessors = Effect.fnUntraced(function* (
  { checkPredecessors, points }: Serving,
  { ids, now, scope }: Parameters<Store["predecessors"]>[0]
): Effect.fn.Return<ReadonlyArray<Memory>, MemoryError> {
  if (ids.length === 0) return []
  yield* checkPredecessors
  const { points: matches } = yield* points.scroll({
    filter: toFilter(all(inScope(scope), IS_MEMORY, notExpired(now), must(oneOf("supersededBy", ids)))),
    limit: STORE_LIMITS.rows,
    with_payload: EXCERPT_KEYS
  })
  return yield* decodeMemories(points, matches)
})

export const count = Effect.fnUntraced(function* (
  { points, translate }: Serving,
  { filter, lifetime, now, scope }: Parameters<Store["count"]>[0]
): Effect.fn.Return<number, MemoryError> {
  const matching = yield* translate(filter)
  if (matching === null) return 0
  const lifetimes = lifetime === "any" ? NO_CONDITIONS : visible(now, undefined)
  return yield* points.count(all(inScope(scope), IS_MEMORY, lifetimes, matching))
})
