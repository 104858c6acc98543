import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { type Conditions, toFilter } from "../codec/filter.ts"
import { timedOut } from "./errors.ts"
import type { QdrantHttp } from "./QdrantHttp.ts"

type Point = Schemas["Record"]
type Parts = Pick<Schemas["ScrollRequest"], "with_payload" | "with_vector">

/** The requests to a collection's points, under the settings of the store. */
export interface PointsApi {
  readonly scroll: (request: Schemas["ScrollRequest"]) => Effect.Effect<Schemas["ScrollResult"], MemoryError>
  readonly count: (conditions: Conditions) => Effect.Effect<number, MemoryError>
  readonly query: (
    searches: ReadonlyArray<Schemas["QueryRequest"]>
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<Schemas["ScoredPoint"]>>, MemoryError>
  readonly facet: (
    key: string,
    conditions: Conditions,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Schemas["FacetValueHit"]>, MemoryError>
  /** Runs operations in order, in one request; every later read sees them. */
  readonly update: (
    operation: string,
    operations: ReadonlyArray<Schemas["UpdateOperation"]>,
    bulk?: "bulk"
  ) => Effect.Effect<void, MemoryError>
}

/** Requests to `collection`, a name or an alias. */
export const makePointsApi = (http: QdrantHttp, collection: string): PointsApi => {
  const { readConsistency, writeOrdering } = http.settings
  const target = { collection_name: collection }
  const read = { ...target, ...(readConsistency === undefined ? {} : { consistency: readConsistency }) }
  const write = { ...target, wait: true, ...(writeOrdering === undefined ? {} : { ordering: writeOrdering }) }
  return {
    scroll: (request) => http.send("scroll", (api, init) => api.scrollPoints({ ...read, ...request }, init)),

    count: (conditions) =>
      http
        .send("count", (api, init) =>
          api.countPoints({ ...read, filter: toFilter(conditions), exact: true }, init)
        )
        .pipe(Effect.map(({ count }) => count)),

    query: (searches) =>
      http
        .send("query", (api, init) => api.queryBatchPoints({ ...read, searches: [...searches] }, init))
        .pipe(Effect.map((results) => results.map(({ points }) => points))),

    facet: (key, conditions, limit) =>
      http
        .send("facet", (api, init) =>
          api.facet({ ...read, key, filter: toFilter(conditions), limit, exact: true }, init)
        )
        .pipe(Effect.map(({ hits }) => hits)),

    update: Effect.fnUntraced(function* (operation, operations, bulk) {
      const results = yield* http.send(
        operation,
        (api, init) => api.batchUpdate({ ...write, operations: [...operations] }, init),
        bulk
      )
      if (results.some(({ status }) => status !== "completed")) {
        yield* timedOut({ operation, server: http.server })
      }
    })
  }
}

/** A collection that does not exist, to a store that is opened read-only. */
export const NO_POINTS: PointsApi = {
  scroll: () => Effect.succeed({ points: [] }),
  count: () => Effect.succeed(0),
  query: (searches) => Effect.succeed(searches.map(() => [])),
  facet: () => Effect.succeed([]),
  update: () => Effect.void
}

/** Runs `onPage` over all matching points, page by page in the order of ids. */
export const scrollPages = Effect.fnUntraced(function* (
  points: PointsApi,
  conditions: Conditions,
  parts: Parts,
  pageSize: number,
  onPage: (page: ReadonlyArray<Point>) => Effect.Effect<void, MemoryError>
): Effect.fn.Return<void, MemoryError> {
  let offset: Schemas["ScrollResult"]["next_page_offset"]
  do {
    const page: Schemas["ScrollResult"] = yield* points.scroll({
      filter: toFilter(conditions),
      limit: pageSize,
      ...parts,
      ...(offset === undefined || offset === null ? {} : { offset })
    })
    if (page.points.length > 0) yield* onPage(page.points)
    offset = page.next_page_offset
  } while (offset !== undefined && offset !== null)
})

const PAGE = 1_000

/** All matching points, in the order of ids. */
export const scrollAll = Effect.fnUntraced(function* (
  points: PointsApi,
  conditions: Conditions,
  parts: Parts
): Effect.fn.Return<ReadonlyArray<Point>, MemoryError> {
  const matches: Array<Point> = []
  yield* scrollPages(points, conditions, parts, PAGE, (page) =>
    Effect.sync(() => {
      matches.push(...page)
    })
  )
  return matches
})
