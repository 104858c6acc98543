import type { MemoryError, Scope } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { type Conditions, toFilter } from "../codec/filter.ts"
import { timedOut } from "./errors.ts"
import type { QdrantHttp } from "./QdrantHttp.ts"
import type { ShardKeys } from "./shardKeys.ts"

type Point = Schemas["Record"]
type Parts = Pick<Schemas["ScrollRequest"], "with_payload" | "with_vector">

type Operation = Schemas["UpdateOperation"]

/** The requests to a collection's points, under the settings of the store. */
export interface PointsApi {
  /** The shard key of a scope; `null` in a collection of one shard. */
  readonly keyOf: (scope: Scope) => string | null
  /** Requests to the shard of this scope alone. Others ask all shards, and insert nothing where there are keys. */
  readonly within: (scope: Scope) => PointsApi
  readonly scroll: (request: Schemas["ScrollRequest"]) => Effect.Effect<Schemas["ScrollResult"], MemoryError>
  /** `scroll` for points that are named by their ids, under the options' read consistency. */
  readonly lookUp: (request: Schemas["ScrollRequest"]) => Effect.Effect<Schemas["ScrollResult"], MemoryError>
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
    operations: ReadonlyArray<Operation>,
    bulk?: "bulk"
  ) => Effect.Effect<void, MemoryError>
}

/** A collection's name or alias, and its shard keys. */
export interface PointsPlace {
  readonly collection: string
  readonly shardKeys: ShardKeys | null
}

/** An operation in these shards. */
const inShards = (operation: Operation, shard_key: string | Array<string>): Operation =>
  Object.fromEntries(
    Object.entries(operation).map(([kind, body]) => [kind, { ...(body as object), shard_key }])
  ) as Operation

/** Requests to the points of one shard, or of all. */
export const makePointsApi = (http: QdrantHttp, place: PointsPlace, key: string | null = null): PointsApi => {
  const { readConsistency, writeOrdering } = http.settings
  const { collection, shardKeys } = place
  const target = { collection_name: collection }
  const shard = key === null ? {} : { shard_key: key }
  /** A write names its shards; a read without a key asks all. */
  const written = key ?? (shardKeys === null ? null : [...shardKeys.all])
  const agreed = readConsistency === undefined ? {} : { consistency: readConsistency }
  const write = { ...target, wait: true, ...(writeOrdering === undefined ? {} : { ordering: writeOrdering }) }
  return {
    keyOf: (scope) => shardKeys?.of(scope) ?? null,

    within: (scope) => makePointsApi(http, place, shardKeys?.of(scope)),

    scroll: (request) =>
      http.send("scroll", (api, init) => api.scrollPoints({ ...target, ...shard, ...request }, init)),

    lookUp: (request) =>
      http.send("look up", (api, init) =>
        api.scrollPoints({ ...target, ...agreed, ...shard, ...request }, init)
      ),

    count: (conditions) =>
      http
        .send("count", (api, init) =>
          api.countPoints({ ...target, ...shard, filter: toFilter(conditions), exact: true }, init)
        )
        .pipe(Effect.map(({ count }) => count)),

    query: (searches) =>
      http
        .send("query", (api, init) =>
          api.queryBatchPoints(
            { ...target, searches: searches.map((search) => ({ ...search, ...shard })) },
            init
          )
        )
        .pipe(Effect.map((results) => results.map(({ points }) => points))),

    facet: (key, conditions, limit) =>
      http
        .send("facet", (api, init) =>
          api.facet({ ...target, ...shard, key, filter: toFilter(conditions), limit, exact: true }, init)
        )
        .pipe(Effect.map(({ hits }) => hits)),

    update: Effect.fnUntraced(function* (operation, operations, bulk) {
      const placed =
        written === null ? operations : operations.map((operation) => inShards(operation, written))
      const results = yield* http.send(
        operation,
        (api, init) => api.batchUpdate({ ...write, operations: [...placed] }, init),
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
  keyOf: () => null,
  within: () => NO_POINTS,
  scroll: () => Effect.succeed({ points: [] }),
  lookUp: () => Effect.succeed({ points: [] }),
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

/** Runs `onGroup` for the things of each shard, one shard after the other. */
export const eachShard = <A>(
  points: PointsApi,
  things: ReadonlyArray<A>,
  scopeOf: (thing: A) => Scope,
  onGroup: (points: PointsApi, group: ReadonlyArray<A>) => Effect.Effect<void, MemoryError>
): Effect.Effect<void, MemoryError> => {
  const groups = Map.groupBy(things, (thing) => points.keyOf(scopeOf(thing)))
  return Effect.forEach(
    groups.values(),
    (group) => {
      const [first] = group
      return first === undefined ? Effect.void : onGroup(points.within(scopeOf(first)), group)
    },
    { discard: true }
  )
}
