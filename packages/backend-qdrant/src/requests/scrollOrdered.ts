import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"
import { all, between, type Conditions, filterOf, LOWEST, must, mustNot } from "../codec/filter.ts"
import type { PointsApi } from "../connection/PointsApi.ts"

/** An integer key of the payload to order by. Points without it come last. */
export interface Order {
  readonly key: string
  readonly direction: "asc" | "desc"
}

type Point = Schemas["Record"]

const valueOf = (point: Point, key: string): number | null => {
  const value = point.payload?.[key]
  return typeof value === "number" ? value : null
}

const byOrders =
  (orders: ReadonlyArray<Order>) =>
  (a: Point, b: Point): number => {
    for (const { direction, key } of orders) {
      const [x, y] = [valueOf(a, key), valueOf(b, key)]
      if (x === y) continue
      if (x === null || y === null) return x === null ? 1 : -1
      return direction === "asc" ? x - y : y - x
    }
    return String(a.id) < String(b.id) ? -1 : 1
  }

/**
 * The first `limit` points by `orders`, then by id.
 *
 * The server orders by one key, and which points of a tie it returns is its own choice (seen: ids 1 and 3 of
 * 1, 2, 3). So where a page ends inside a tie, the tie is asked for again by itself, by the next key, and
 * last by id, which is the order without `order_by`.
 */
export const ordered = (
  points: PointsApi,
  conditions: Conditions,
  orders: ReadonlyArray<Order>,
  limit: number,
  with_vector: boolean
): Effect.Effect<ReadonlyArray<Point>, MemoryError> =>
  Effect.gen(function* () {
    const ask = { limit, with_payload: true, with_vector }
    const [order, ...rest] = orders
    if (order === undefined) {
      return (yield* points.scroll({ filter: filterOf(conditions), ...ask })).points
    }
    const { direction, key } = order
    const found = (yield* points.scroll({
      filter: filterOf(conditions),
      ...ask,
      order_by: { key, direction }
    })).points
    if (found.length < limit) {
      // All that have the key; those without follow. `createdAt` and `saidAt` no memory lacks.
      const lacking =
        key === "turn"
          ? yield* ordered(
              points,
              all(conditions, mustNot(between(key, { gte: LOWEST }))),
              rest,
              limit - found.length,
              with_vector
            )
          : []
      return [...found.toSorted(byOrders(orders)), ...lacking]
    }
    const last = found.at(-1)
    const edge = last === undefined ? null : valueOf(last, key)
    if (edge === null) return found
    const whole = found.filter((point) => valueOf(point, key) !== edge).toSorted(byOrders(orders))
    const tied = all(conditions, must(between(key, { gte: edge, lte: edge })))
    return [...whole, ...(yield* ordered(points, tied, rest, limit - whole.length, with_vector))]
  })
