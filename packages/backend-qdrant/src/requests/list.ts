import type { Cursor, ListRequest, Memory, MemoryError, Page, StoreRow } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"
import {
  all,
  between,
  type Conditions,
  CURRENT,
  inScope,
  matchesNothing,
  matching,
  must,
  NO_CONDITIONS,
  notExpired,
  toFilter
} from "../codec/filter.ts"
import { decode, decodeMemory, decodeRow } from "../codec/memoryRow.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { type Order, scrollOrdered } from "./scrollOrdered.ts"

const ORDER: ReadonlyArray<Order> = [{ key: "createdAt", direction: "asc" }]

/** The points after the cursor: the rest of its tie and all later ones, requested in parallel. */
const scrollAfter = Effect.fnUntraced(function* (
  points: PointsApi,
  conditions: Conditions,
  { createdAt, id }: Cursor,
  limit: number,
  with_vector: boolean
) {
  const tie = all(conditions, must(between("createdAt", { gte: createdAt, lte: createdAt })))
  const later = all(conditions, must(between("createdAt", { gt: createdAt })))
  const [tied, laterPoints] = yield* Effect.all(
    [
      points.scroll({
        filter: toFilter(tie),
        // Inclusive: the page begins with the cursor's own point, if that still exists.
        offset: id,
        limit: limit + 1,
        with_payload: true,
        with_vector
      }),
      scrollOrdered(points, { conditions: later, limit, with_vector }, ORDER)
    ],
    { concurrency: "unbounded" }
  )
  return [...tied.points.filter((point) => point.id !== id), ...laterPoints]
})

/** At least the page's points, and one more if there is another page. */
const scrollPage = (
  points: PointsApi,
  { after, closed, filter, limit, now, scope }: ListRequest,
  with_vector: boolean
): Effect.Effect<ReadonlyArray<Schemas["Record"]>, MemoryError> => {
  if (matchesNothing(filter)) return Effect.succeed([])
  const conditions = all(
    inScope(scope),
    notExpired(now),
    closed === true ? NO_CONDITIONS : CURRENT,
    matching(filter)
  )
  return after === undefined
    ? scrollOrdered(points, { conditions, limit: limit + 1, with_vector }, ORDER)
    : scrollAfter(points, conditions, after, limit + 1, with_vector)
}

const toPage = Effect.fnUntraced(function* <Row>(
  points: ReadonlyArray<Schemas["Record"]>,
  limit: number,
  decodePoint: (point: Schemas["Record"]) => Row,
  readMemory: (row: Row) => Memory
): Effect.fn.Return<Page<Row>, MemoryError> {
  const rows = yield* decode(() => points.slice(0, limit).map(decodePoint))
  const last = rows.at(-1)
  if (last === undefined || points.length <= limit) return { rows, next: null }
  const { createdAt, id } = readMemory(last)
  return { rows, next: { createdAt, id } }
})

export const list = (points: PointsApi, request: ListRequest): Effect.Effect<Page<Memory>, MemoryError> =>
  Effect.flatMap(scrollPage(points, request, false), (page) =>
    toPage(page, request.limit, decodeMemory, (memory) => memory)
  )

export const listRows = (
  points: PointsApi,
  request: ListRequest
): Effect.Effect<Page<StoreRow>, MemoryError> =>
  Effect.flatMap(scrollPage(points, request, true), (page) =>
    toPage(page, request.limit, decodeRow, ({ memory }) => memory)
  )
