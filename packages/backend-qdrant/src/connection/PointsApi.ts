import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"
import { type Conditions, filterOf } from "../codec/filter.ts"
import { timedOut } from "./errors.ts"
import type { QdrantHttp } from "./QdrantHttp.ts"

/** The requests we make of a collection's points, under the settings of the store. */
export interface PointsApi {
  readonly scroll: (request: Schemas["ScrollRequest"]) => Effect.Effect<Schemas["ScrollResult"], MemoryError>
  /** Everything a filter matches, page by page in the order of ids. */
  readonly scrollAll: (
    conditions: Conditions,
    wanted: Pick<Schemas["ScrollRequest"], "with_payload" | "with_vector">
  ) => Effect.Effect<ReadonlyArray<Schemas["Record"]>, MemoryError>
  readonly count: (conditions: Conditions) => Effect.Effect<number, MemoryError>
  readonly queries: (
    searches: ReadonlyArray<Schemas["QueryRequest"]>
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<Schemas["ScoredPoint"]>>, MemoryError>
  readonly facet: (
    key: string,
    conditions: Conditions,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Schemas["FacetValueHit"]>, MemoryError>
  /** One call; done in order, and visible to every later read when it returns. */
  readonly update: (
    operation: string,
    operations: ReadonlyArray<Schemas["UpdateOperation"]>,
    bulk?: "bulk"
  ) => Effect.Effect<void, MemoryError>
}

const PAGE = 1_000

/** Requests to `collection`, a name or an alias. */
export const makePointsApi = (wire: QdrantHttp, collection: string): PointsApi => {
  const { readConsistency, writeOrdering } = wire.settings
  const at = { collection_name: collection }
  const read = { ...at, ...(readConsistency === undefined ? {} : { consistency: readConsistency }) }
  const write = { ...at, wait: true, ...(writeOrdering === undefined ? {} : { ordering: writeOrdering }) }

  const scroll: PointsApi["scroll"] = (request) =>
    wire.send("scroll", (api, init) => api.scrollPoints({ ...read, ...request }, init))

  const scrollAll: PointsApi["scrollAll"] = Effect.fnUntraced(function* (conditions, wanted) {
    const found: Array<Schemas["Record"]> = []
    let offset: Schemas["ScrollResult"]["next_page_offset"]
    do {
      const page: Schemas["ScrollResult"] = yield* scroll({
        filter: filterOf(conditions),
        limit: PAGE,
        ...wanted,
        ...(offset === undefined || offset === null ? {} : { offset })
      })
      found.push(...page.points)
      offset = page.next_page_offset
    } while (offset !== undefined && offset !== null)
    return found
  })

  return {
    scroll,
    scrollAll,
    count: (conditions) =>
      wire
        .send("count", (api, init) =>
          api.countPoints({ ...read, filter: filterOf(conditions), exact: true }, init)
        )
        .pipe(Effect.map(({ count }) => count)),
    queries: (searches) =>
      wire
        .send("query", (api, init) => api.queryBatchPoints({ ...read, searches: [...searches] }, init))
        .pipe(Effect.map((answers) => answers.map(({ points }) => points))),
    facet: (key, conditions, limit) =>
      wire
        .send("facet", (api, init) =>
          api.facet({ ...read, key, filter: filterOf(conditions), limit, exact: true }, init)
        )
        .pipe(Effect.map(({ hits }) => hits)),
    update: (operation, operations, bulk) =>
      wire
        .send(
          operation,
          (api, init) => api.batchUpdate({ ...write, operations: [...operations] }, init),
          bulk
        )
        .pipe(
          Effect.flatMap((results) =>
            results.every(({ status }) => status === "completed")
              ? Effect.void
              : Effect.fail(timedOut({ operation, server: wire.server }))
          )
        )
  }
}
