import type { MemoryError, Scope } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { type Conditions, toFilter } from "../codec/filter.ts"
import type { QdrantHttp } from "./QdrantHttp.ts"
import { listOwnKeys, NO_KEYS } from "./ownKeys.ts"
import { type PointsPlace, selectScope, type ShardSelector } from "./shardKeys.ts"
import { makeUpdate, type Update } from "./updatePoints.ts"

type Point = Schemas["Record"]
type Parts = Pick<Schemas["ScrollRequest"], "with_payload" | "with_vector">

/** The requests to a collection's points, under the settings of the store. */
export interface PointsApi {
  /** The shard key of a scope, where these scopes' own keys exist; `null` in a collection of one shard. */
  readonly keyOf: (scope: Scope, ownKeys: ReadonlySet<string>) => string | null
  /** The keys that promoted scopes have for themselves; none for requests of one scope. */
  readonly ownKeys: Effect.Effect<ReadonlySet<string>, MemoryError>
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
  readonly update: Update
}

/** Requests to the points of one scope's shard, or of these shards; without a selector of all. */
export const makePointsApi = (
  http: QdrantHttp,
  place: PointsPlace,
  selector: ShardSelector | null = null
): PointsApi => {
  const { readConsistency } = http.settings
  const { collection, shardKeys } = place
  const target = { collection_name: collection }
  const shard = selector === null ? {} : { shard_key: selector }
  const agreed = readConsistency === undefined ? {} : { consistency: readConsistency }
  const ownKeys = selector === null ? listOwnKeys(http, place) : Effect.succeed(NO_KEYS)
  return {
    keyOf: (scope, ownKeys) => {
      const own = shardKeys?.own?.(scope)
      return own !== undefined && ownKeys.has(own) ? own : (shardKeys?.of(scope) ?? null)
    },

    ownKeys,

    within: (scope) => makePointsApi(http, place, shardKeys === null ? null : selectScope(shardKeys, scope)),

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

    update: makeUpdate(http, place, selector, ownKeys)
  }
}

/** A collection that does not exist, to a store that is opened read-only. */
export const NO_POINTS: PointsApi = {
  keyOf: () => null,
  ownKeys: Effect.succeed(NO_KEYS),
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
export const eachShard = Effect.fnUntraced(function* <A>(
  points: PointsApi,
  things: ReadonlyArray<A>,
  scopeOf: (thing: A) => Scope,
  onGroup: (points: PointsApi, group: ReadonlyArray<A>) => Effect.Effect<void, MemoryError>
): Effect.fn.Return<void, MemoryError> {
  if (things.length === 0) return
  const ownKeys = yield* points.ownKeys
  const groups = Map.groupBy(things, (thing) => points.keyOf(scopeOf(thing), ownKeys))
  for (const group of groups.values()) {
    const [first] = group
    if (first !== undefined) yield* onGroup(points.within(scopeOf(first)), group)
  }
})
