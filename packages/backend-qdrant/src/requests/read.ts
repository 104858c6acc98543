import {
  type Anchor,
  type AroundRequest,
  type AroundRow,
  type ListRequest,
  type MemoryError,
  type MemoryStore,
  type Page,
  STORE_LIMITS,
  type StoreRow
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"
import {
  all,
  between,
  type Condition,
  type Conditions,
  CURRENT,
  filterOf,
  hasId,
  inScope,
  is,
  matchesNothing,
  must,
  mustNot,
  NONE,
  notExpired,
  ofFilter,
  visible
} from "../codec/filter.ts"
import { ordered } from "./scrollOrdered.ts"
import { decode, DENSE, memoryOf, numbersOf, rowOf } from "../codec/memoryRow.ts"
import type { PointsApi } from "../connection/PointsApi.ts"

type Store = MemoryStore["Service"]
type Reads = Pick<
  Store,
  "get" | "around" | "speakers" | "lastTurn" | "list" | "listRows" | "latest" | "count"
>

/** The turns around the anchors, one condition a session and stretch of turns; stretches that touch are one. */
const placesNear = (anchors: ReadonlyArray<Anchor>, radius: number): ReadonlyArray<Condition> => {
  const sessions = Map.groupBy(anchors, ({ sessionId }) => sessionId)
  return Array.from(sessions).flatMap(([sessionId, places]) => {
    const stretches: Array<{ gte: number; lte: number }> = []
    for (const turn of places.map((place) => place.turn).sort((a, b) => a - b)) {
      const last = stretches.at(-1)
      if (last !== undefined && turn - radius <= last.lte + 1) last.lte = turn + radius
      else stretches.push({ gte: turn - radius, lte: turn + radius })
    }
    return stretches.map((range) => filterOf(must(is("sessionId", sessionId), between("turn", range))))
  })
}

const AROUND_PAGE = 1_000

/** Reads that are no search. `embedded` says whether the space has vectors. */
export const makeReads = (points: PointsApi, embedded: boolean): Reads => {
  /** Rows near, with cosines where they have a vector: those without are asked for by the same call. */
  const near = Effect.fnUntraced(function* (conditions: Conditions, vector: Float32Array) {
    const found: Array<AroundRow> = []
    let full = true
    for (let offset = 0; full; offset += AROUND_PAGE) {
      const ask = { limit: AROUND_PAGE, offset, with_payload: true }
      const [scored = [], bare = []] = yield* points.queries([
        {
          query: numbersOf(vector),
          using: DENSE,
          params: { exact: true },
          filter: filterOf(conditions),
          ...ask
        },
        { filter: filterOf(all(conditions, mustNot({ has_vector: DENSE }))), ...ask }
      ])
      found.push(
        ...(yield* decode(() => [
          ...scored.map((point) => ({ memory: memoryOf(point), cosine: point.score })),
          ...bare.map((point) => ({ memory: memoryOf(point), cosine: null }))
        ]))
      )
      full = scored.length === AROUND_PAGE || bare.length === AROUND_PAGE
    }
    return found
  })

  const around = Effect.fnUntraced(function* (request: AroundRequest) {
    const { anchors, asOf, now, radius, scope, vector } = request
    if (anchors.length === 0) return []
    const conditions = all(
      inScope(scope),
      visible(now, asOf),
      must({ should: [...placesNear(anchors, radius)] })
    )
    if (embedded && vector !== undefined) return yield* near(conditions, vector)
    const found = yield* points.scrollAll(conditions, { with_payload: true })
    return yield* decode(() => found.map((point): AroundRow => ({ memory: memoryOf(point), cosine: null })))
  })

  /** What comes after the cursor: the rest of its own tie, and everything created later, asked side by side. */
  const listPoints = Effect.fnUntraced(function* (request: ListRequest, with_vector: boolean) {
    const { after, closed, filter, limit, now, scope } = request
    if (matchesNothing(filter)) return []
    const wanted = all(inScope(scope), notExpired(now), closed === true ? NONE : CURRENT, ofFilter(filter))
    const createdOrder = [{ key: "createdAt", direction: "asc" }] as const
    if (after === undefined) return yield* ordered(points, wanted, createdOrder, limit + 1, with_vector)
    const { createdAt, id } = after
    const [tied, later] = yield* Effect.all(
      [
        points.scroll({
          filter: filterOf(all(wanted, must(between("createdAt", { gte: createdAt, lte: createdAt })))),
          // An offset is where a page starts, itself included when it is still there.
          offset: id,
          limit: limit + 2,
          with_payload: true,
          with_vector
        }),
        ordered(
          points,
          all(wanted, must(between("createdAt", { gt: createdAt }))),
          createdOrder,
          limit + 1,
          with_vector
        )
      ],
      { concurrency: "unbounded" }
    )
    return [...tied.points.filter((point) => point.id !== id), ...later]
  })

  const page = Effect.fnUntraced(function* <Row>(
    request: ListRequest,
    with_vector: boolean,
    read: (point: Schemas["Record"]) => Row,
    placeOf: (row: Row) => Page<Row>["next"]
  ): Effect.fn.Return<Page<Row>, MemoryError> {
    const found = yield* listPoints(request, with_vector)
    const rows = yield* decode(() => found.slice(0, request.limit).map(read))
    const last = rows.at(-1)
    return { rows, next: found.length > request.limit && last !== undefined ? placeOf(last) : null }
  })

  return {
    get: Effect.fnUntraced(function* ({ ids, now, scope }) {
      if (ids.length === 0) return []
      const wanted = all(inScope(scope), notExpired(now), must(hasId(ids)))
      const found = yield* points.scroll({
        filter: filterOf(wanted),
        limit: ids.length,
        with_payload: true
      })
      return yield* decode(() => found.points.map(memoryOf))
    }),

    around,

    speakers: ({ now, scope }) =>
      points
        .facet("speaker", all(inScope(scope), visible(now, undefined)), STORE_LIMITS.speakers)
        .pipe(Effect.map((hits) => hits.map(({ value }) => String(value)))),

    lastTurn: Effect.fnUntraced(function* ({ scope, sessionId }) {
      const found = yield* points.scroll({
        filter: filterOf(all(inScope(scope), must(is("sessionId", sessionId)))),
        order_by: { key: "turn", direction: "desc" },
        limit: 1,
        with_payload: ["turn"]
      })
      const turn = found.points[0]?.payload?.["turn"]
      return typeof turn === "number" ? turn : null
    }),

    list: (request) => page(request, false, memoryOf, ({ createdAt, id }) => ({ createdAt, id })),

    listRows: (request) =>
      page(request, true, rowOf, ({ memory }: StoreRow) => ({
        createdAt: memory.createdAt,
        id: memory.id
      })),

    latest: Effect.fnUntraced(function* ({ filter, limit, now, scope }) {
      if (matchesNothing(filter)) return []
      const found = yield* ordered(
        points,
        all(inScope(scope), visible(now, undefined), ofFilter(filter)),
        [
          { key: "saidAt", direction: "desc" },
          { key: "turn", direction: "desc" }
        ],
        limit,
        false
      )
      return yield* decode(() => found.map(memoryOf))
    }),

    count: ({ filter, lifetime, now, scope }) =>
      matchesNothing(filter)
        ? Effect.succeed(0)
        : points.count(
            all(inScope(scope), lifetime === "any" ? NONE : visible(now, undefined), ofFilter(filter))
          )
  }
}
