import {
  type LatestRequest,
  type Memory,
  type MemoryError,
  type MemoryStore,
  STORE_LIMITS
} from "@keepsake/core/driver"
import { Effect } from "effect"
import {
  all,
  hasId,
  inScope,
  is,
  matchesNothing,
  matching,
  must,
  NO_CONDITIONS,
  notExpired,
  toFilter,
  visible
} from "../codec/filter.ts"
import { decode, decodeMemory } from "../codec/memoryRow.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { type Order, scrollOrdered } from "./scrollOrdered.ts"

type Store = MemoryStore["Service"]

export const get = Effect.fnUntraced(function* (
  points: PointsApi,
  { ids, now, scope }: Parameters<Store["get"]>[0]
): Effect.fn.Return<ReadonlyArray<Memory>, MemoryError> {
  if (ids.length === 0) return []
  const { points: matches } = yield* points.scroll({
    filter: toFilter(all(inScope(scope), notExpired(now), must(hasId(ids)))),
    limit: ids.length,
    with_payload: true
  })
  return yield* decode(() => matches.map(decodeMemory))
})

export const speakers = (
  points: PointsApi,
  { now, scope }: Parameters<Store["speakers"]>[0]
): Effect.Effect<ReadonlyArray<string>, MemoryError> =>
  points
    .facet("speaker", all(inScope(scope), visible(now, undefined)), STORE_LIMITS.speakers)
    .pipe(Effect.map((hits) => hits.map(({ value }) => String(value))))

export const lastTurn = Effect.fnUntraced(function* (
  points: PointsApi,
  { scope, sessionId }: Parameters<Store["lastTurn"]>[0]
) {
  const { points: matches } = yield* points.scroll({
    filter: toFilter(all(inScope(scope), must(is("sessionId", sessionId)))),
    order_by: { key: "turn", direction: "desc" },
    limit: 1,
    with_payload: ["turn"]
  })
  const turn = matches[0]?.payload?.["turn"]
  return typeof turn === "number" ? turn : null
})

const LATEST_FIRST: ReadonlyArray<Order> = [
  { key: "saidAt", direction: "desc" },
  { key: "turn", direction: "desc" }
]

export const latest = Effect.fnUntraced(function* (
  points: PointsApi,
  { filter, limit, now, scope }: LatestRequest
): Effect.fn.Return<ReadonlyArray<Memory>, MemoryError> {
  if (matchesNothing(filter)) return []
  const conditions = all(inScope(scope), visible(now, undefined), matching(filter))
  const matches = yield* scrollOrdered(points, { conditions, limit, with_vector: false }, LATEST_FIRST)
  return yield* decode(() => matches.map(decodeMemory))
})

export const count = (
  points: PointsApi,
  { filter, lifetime, now, scope }: Parameters<Store["count"]>[0]
): Effect.Effect<number, MemoryError> =>
  matchesNothing(filter)
    ? Effect.succeed(0)
    : points.count(
        all(inScope(scope), lifetime === "any" ? NO_CONDITIONS : visible(now, undefined), matching(filter))
      )
