import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"
import { all, between, type Conditions, LOWEST, must, mustNot, toFilter } from "../codec/filter.ts"
import type { PointsApi } from "../connection/PointsApi.ts"

type Point = Schemas["Record"]

/** Orders by an integer key of the payload. Points without it come last. */
export interface Order {
  readonly key: string
  readonly direction: "asc" | "desc"
}

/** What to scroll: up to `limit` points, with their payload. */
export interface OrderedRequest {
  readonly conditions: Conditions
  readonly limit: number
  readonly with_vector: boolean
}

const readKey = (point: Point, key: string): number | null => {
  const value = point.payload?.[key]
  return typeof value === "number" ? value : null
}

const compareBy =
  (orders: ReadonlyArray<Order>) =>
  (a: Point, b: Point): number => {
    for (const { direction, key } of orders) {
      const [x, y] = [readKey(a, key), readKey(b, key)]
      if (x === y) continue
      if (x === null || y === null) return x === null ? 1 : -1
      return direction === "asc" ? x - y : y - x
    }
    return String(a.id) < String(b.id) ? -1 : 1
  }

/**
 * The first points by `orders`, then by id.
 *
 * The server orders by one key and picks any points of a tie (observed: ids 1 and 3 of 1, 2, 3). A page that
 * ends inside a tie is completed with a second request for the tie alone, ordered by the next key; the last
 * order is by id, which is the order without `order_by`.
 */
export const scrollOrdered = Effect.fnUntraced(function* (
  points: PointsApi,
  request: OrderedRequest,
  orders: ReadonlyArray<Order>
): Effect.fn.Return<ReadonlyArray<Point>, MemoryError> {
  const { conditions, limit, with_vector } = request
  const scroll = { filter: toFilter(conditions), limit, with_payload: true, with_vector }
  const [order, ...nextOrders] = orders
  if (order === undefined) return (yield* points.scroll(scroll)).points
  const { direction, key } = order
  const page = (yield* points.scroll({ ...scroll, order_by: { key, direction } })).points
  if (page.length < limit) {
    const keyed = page.toSorted(compareBy(orders))
    // Every memory has the other keys, `createdAt` and `saidAt`.
    if (key !== "turn") return keyed
    const withoutKey = all(conditions, mustNot(between(key, { gte: LOWEST })))
    const rest = { conditions: withoutKey, limit: limit - page.length, with_vector }
    return [...keyed, ...(yield* scrollOrdered(points, rest, nextOrders))]
  }
  const last = page.at(-1)
  const tie = last === undefined ? null : readKey(last, key)
  if (tie === null) return page
  const beforeTie = page.filter((point) => readKey(point, key) !== tie).toSorted(compareBy(orders))
  const tied = all(conditions, must(between(key, { gte: tie, lte: tie })))
  const rest = { conditions: tied, limit: limit - beforeTie.length, with_vector }
  return [...beforeTie, ...(yield* scrollOrdered(points, rest, nextOrders))]
})
