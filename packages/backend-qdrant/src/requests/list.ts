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
import { Effect } from "effect"
import { all, between, CURRENT, inScope, must, NO_CONDITIONS, notExpired } from "../codec/filter.ts"
import { decode, decodeMemory, decodeRow } from "../codec/memoryRow.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { type Order, type OrderedRequest, scrollById, scrollOrdered } from "./scrollOrdered.ts"
import type { Serving } from "./Serving.ts"

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

/** At least the page's points, and one more if there is another page. */
const scrollPage = Effect.fnUntraced(function* (
  { points, translate }: Serving,
  { after, by = "createdAt", closed, filter, limit, newestFirst, now, scope }: ListRequest,
  with_vector: boolean
): Effect.fn.Return<ReadonlyArray<Point>, MemoryError> {
  const matching = yield* translate(filter)
  if (matching === null) return []
  const conditions = all(inScope(scope), notExpired(now), closed === true ? NO_CONDITIONS : CURRENT, matching)
  const direction = newestFirst === true ? "desc" : "asc"
  const request: OrderedRequest = { conditions, limit: limit + 1, with_vector, ids: direction }
  const order: Order = { key: by, direction }
  return after === undefined
    ? yield* scrollOrdered(points, request, [order])
    : yield* scrollAfter(points, request, order, after)
})

const toPage = <Row>(
  points: ReadonlyArray<Point>,
  { by = "createdAt", limit }: ListRequest,
  decodePoint: (point: Point) => Row,
  readMemory: (row: Row) => Memory
): Effect.Effect<Page<Row>, MemoryError> =>
  decode(() => {
    const { next, page } = cutPage(points, limit, (last) => {
      const memory = readMemory(decodePoint(last))
      return { at: memory[by], id: memory.id }
    })
    return { rows: page.map(decodePoint), next }
  })

export const list = (serving: Serving, request: ListRequest): Effect.Effect<Page<Memory>, MemoryError> =>
  Effect.flatMap(scrollPage(serving, request, false), (page) =>
    toPage(page, request, decodeMemory, (memory) => memory)
  )

export const listRows = (
  serving: Serving,
  request: ListRequest
): Effect.Effect<Page<StoreRow>, MemoryError> =>
  Effect.flatMap(scrollPage(serving, request, true), (page) =>
    toPage(page, request, decodeRow, ({ memory }) => memory)
  )
