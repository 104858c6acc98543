import {
  type Cursor,
  cutPage,
  type ListRequest,
  type Memory,
  type MemoryError,
  type Page,
  type StoreRow
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { all, between, CURRENT, inScope, must, NO_CONDITIONS, notExpired } from "../codec/filter.ts"
import { decode, decodeRow } from "../codec/memoryRow.ts"
import { IS_MEMORY } from "../codec/passages.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { type Order, type OrderedRequest, scrollById, scrollOrdered } from "./scrollOrdered.ts"
import { decodeMemories } from "./read.ts"
import type { Serving } from "./Serving.ts"
import { countByLength, readPassages, readWhole } from "./wholeRows.ts"

type Point = Schemas["Record"]

/** The points after the cursor: the rest of its tie and all later ones, requested in parallel. */
const scrollAfter = Effect.fnUntraced(function* (
  points: PointsApi,
  request: OrderedRequest,
  order: Order,
  { at, id }: Cursor
) {
  const { conditions } = request
  const { direction, key } = order
  const tied = { ...request, conditions: all(conditions, must(between(key, { gte: at, lte: at }))) }
  const beyond = direction === "asc" ? { gt: at } : { lt: at }
  const later = { ...request, conditions: all(conditions, must(between(key, beyond))) }
  const [restOfTie, laterPoints] = yield* Effect.all(
    [scrollById(points, tied, id), scrollOrdered(points, later, [order])],
    { concurrency: "unbounded" }
  )
  return [...restOfTie, ...laterPoints]
})

/** The page's points, and where the next page begins. */
const scrollPage = Effect.fnUntraced(function* (
  { points, translate }: Serving,
  { after, by = "createdAt", closed, filter, limit, newestFirst, now, scope }: ListRequest,
  with_vector: boolean
): Effect.fn.Return<{ readonly page: ReadonlyArray<Point>; readonly next: Cursor | null }, MemoryError> {
  const matching = yield* translate(filter)
  if (matching === null) return { page: [], next: null }
  const lifetimes = closed === true ? NO_CONDITIONS : CURRENT
  const conditions = all(inScope(scope), IS_MEMORY, notExpired(now), lifetimes, matching)
  const direction = newestFirst === true ? "desc" : "asc"
  // One more tells whether there is another page.
  const request: OrderedRequest = { conditions, limit: limit + 1, with_vector, ids: direction }
  const order: Order = { key: by, direction }
  const found =
    after === undefined
      ? yield* scrollOrdered(points, request, [order])
      : yield* scrollAfter(points, request, order, after)
  return cutPage(found, Math.min(limit, countByLength(found)), ({ id, payload }) => ({
    at: Number(payload?.[by]),
    id: String(id)
  }))
})

export const list = Effect.fnUntraced(function* (
  serving: Serving,
  request: ListRequest
): Effect.fn.Return<Page<Memory>, MemoryError> {
  const { next, page } = yield* scrollPage(serving, request, false)
  return { rows: yield* decodeMemories(serving.points, page), next }
})

export const listRows = Effect.fnUntraced(function* (
  serving: Serving,
  request: ListRequest
): Effect.fn.Return<Page<StoreRow>, MemoryError> {
  const { fingerprint, points } = serving
  const { next, page } = yield* scrollPage(serving, request, true)
  const [whole, passages] = yield* Effect.all([readWhole(points, page), readPassages(points, page)], {
    concurrency: "unbounded"
  })
  const rows = yield* decode(() =>
    whole.map((point) => decodeRow(point, passages.get(String(point.id)) ?? [], fingerprint))
  )
  return { rows, next }
})
