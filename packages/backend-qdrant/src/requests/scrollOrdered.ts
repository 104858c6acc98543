import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { all, between, type Conditions, hasId, LOWEST, must, mustNot, toFilter } from "../codec/filter.ts"
import { EXCERPT_KEYS } from "../codec/memoryRow.ts"
import { type PointsApi, scrollAll } from "../connection/PointsApi.ts"

type Point = Schemas["Record"]
type Direction = "asc" | "desc"

/** Orders by an integer key of the payload. Points without it come last. */
export interface Order {
  readonly key: string
  readonly direction: Direction
}

/** What to scroll: up to `limit` points, with what an excerpt shows. */
export interface OrderedRequest {
  readonly conditions: Conditions
  readonly limit: number
  readonly with_vector: boolean
  /** Order of points that tie. */
  readonly ids: Direction
  /** Keys of the payload, those of an excerpt if absent. */
  readonly keys?: Array<string>
}

const readKey = (point: Point, key: string): number | null => {
  const value = point.payload?.[key]
  return typeof value === "number" ? value : null
}

const compareIds = (ids: Direction, a: Point, b: Point): number =>
  String(a.id) < String(b.id) === (ids === "asc") ? -1 : 1

const compareBy =
  (orders: ReadonlyArray<Order>, ids: Direction) =>
  (a: Point, b: Point): number => {
    for (const { direction, key } of orders) {
      const [x, y] = [readKey(a, key), readKey(b, key)]
      if (x === y) continue
      if (x === null || y === null) return x === null ? 1 : -1
      return direction === "asc" ? x - y : y - x
    }
    return compareIds(ids, a, b)
  }

/**
 * The first points by id, strictly after `after`.
 *
 * The server scrolls by id upwards alone: downwards, all ids are read first, then the points of the last ones.
 */
export const scrollById = Effect.fnUntraced(function* (
  points: PointsApi,
  { conditions, ids, keys = EXCERPT_KEYS, limit, with_vector }: OrderedRequest,
  after?: string
): Effect.fn.Return<ReadonlyArray<Point>, MemoryError> {
  const parts = { with_payload: keys, with_vector }
  if (ids === "asc") {
    // Inclusive: the page begins with the point `after`, if that still exists.
    const offset = after === undefined ? {} : { offset: after }
    const page = yield* points.scroll({
      filter: toFilter(conditions),
      limit: after === undefined ? limit : limit + 1,
      ...offset,
      ...parts
    })
    return page.points.filter(({ id }) => id !== after).slice(0, limit)
  }
  const known = yield* scrollAll(points, conditions, { with_payload: false })
  const last = known
    .map(({ id }) => String(id))
    .filter((id) => after === undefined || id < after)
    .slice(-limit)
  if (last.length === 0) return []
  const filter = toFilter(all(conditions, must(hasId(last))))
  const page = yield* points.lookUp({ filter, limit: last.length, ...parts })
  return page.points.toSorted((a, b) => compareIds(ids, a, b))
})

/**
 * The first points by `orders`, then by id.
 *
 * The server orders by one key and picks any points of a tie (observed: ids 1 and 3 of 1, 2, 3). A page that
 * ends inside a tie is completed with a second request for the tie alone, ordered by the next key; the last
 * order is by id.
 */
export const scrollOrdered = Effect.fnUntraced(function* (
  points: PointsApi,
  request: OrderedRequest,
  orders: ReadonlyArray<Order>
): Effect.fn.Return<ReadonlyArray<Point>, MemoryError> {
  const { conditions, ids, keys = EXCERPT_KEYS, limit, with_vector } = request
  const [order, ...nextOrders] = orders
  if (order === undefined) return yield* scrollById(points, request)
  const { direction, key } = order
  const page = (yield* points.scroll({
    filter: toFilter(conditions),
    limit,
    with_payload: keys,
    with_vector,
    order_by: { key, direction }
  })).points
  if (page.length < limit) {
    const keyed = page.toSorted(compareBy(orders, ids))
    // Every memory has the other keys, `createdAt` and `saidAt`.
    if (key !== "turn") return keyed
    const withoutKey = all(conditions, mustNot(between(key, { gte: LOWEST })))
    const rest = { ...request, conditions: withoutKey, limit: limit - page.length }
    return [...keyed, ...(yield* scrollOrdered(points, rest, nextOrders))]
  }
  const last = page.at(-1)
  const tie = last === undefined ? null : readKey(last, key)
  if (tie === null) return page
  const beforeTie = page.filter((point) => readKey(point, key) !== tie).toSorted(compareBy(orders, ids))
  const tied = all(conditions, must(between(key, { gte: tie, lte: tie })))
  const rest = { ...request, conditions: tied, limit: limit - beforeTie.length }
  return [...beforeTie, ...(yield* scrollOrdered(points, rest, nextOrders))]
})
