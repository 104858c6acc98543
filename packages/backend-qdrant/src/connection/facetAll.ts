import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { all, between, type Conditions, must } from "../codec/filter.ts"
import type { PointsApi } from "./PointsApi.ts"

type Hits = ReadonlyArray<Schemas["FacetValueHit"]>

/** Values that one facet returns at most; a range that has more is halved. */
const FACET_MAX = 1_000
const HASH_MAX = 2 ** 32 - 1

/** Whose values to list. */
export interface FacetRequest {
  readonly key: string
  /** A 32-bit hash of the value, in each point that has it. */
  readonly hashKey: string
  readonly conditions: Conditions
}

/**
 * Values whose hash is `from` or greater, in no order, until there are `limit` and no value with a lower hash is
 * missing. A facet returns the most frequent values and has no pages, so a range with more values than it returns is
 * halved.
 */
export const facetAll = (
  points: PointsApi,
  { conditions, hashKey, key }: FacetRequest,
  from = 0,
  limit = Number.POSITIVE_INFINITY
): Effect.Effect<Hits, MemoryError> => {
  const facetBetween = Effect.fnUntraced(function* (
    low: number,
    high: number,
    wanted: number
  ): Effect.fn.Return<Hits, MemoryError> {
    const range = all(conditions, must(between(hashKey, { gte: low, lte: high })))
    const hits = yield* points.facet(key, range, FACET_MAX)
    if (hits.length < FACET_MAX || low === high) return hits
    const middle = Math.floor((low + high) / 2)
    const lower = yield* facetBetween(low, middle, wanted)
    if (lower.length >= wanted) return lower
    return [...lower, ...(yield* facetBetween(middle + 1, high, wanted - lower.length))]
  })
  return facetBetween(from, HASH_MAX, limit)
}
