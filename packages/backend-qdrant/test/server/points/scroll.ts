import { badRequest } from "../refusals.ts"
import type { Scroll } from "../schemas/query.ts"
import type { Collection } from "./Collection.ts"
import { readPath } from "./matchFilter.ts"
import type { Shard } from "./Shard.ts"
import { showPoint, type StoredPoint } from "./StoredPoint.ts"

interface ScrollPage {
  readonly points: ReadonlyArray<unknown>
  readonly next_page_offset: string | null
}

/** An arbitrary order of ties: answers of the store must not depend on it. */
const scramble = (id: string): string => Array.from(id.replaceAll("-", "")).reverse().join("")

/** A point that stands in two shards comes once. */
const selectOnce = (shards: ReadonlyArray<Shard>, filter: Scroll["filter"]): Array<StoredPoint> => {
  const points = shards.flatMap((shard) => shard.select(filter))
  return shards.length === 1 ? points : Array.from(new Map(points.map((point) => [point.id, point])).values())
}

const scrollById = (shards: ReadonlyArray<Shard>, request: Scroll): ScrollPage => {
  const { filter, limit = 10, offset, with_payload = true, with_vector = false } = request
  const points = selectOnce(shards, filter)
  const rest = offset === undefined ? points : points.filter(({ id }) => id >= String(offset))
  rest.sort((a, b) => (a.id < b.id ? -1 : 1))
  return {
    points: rest.slice(0, limit).map((point) => showPoint(point, { with_payload, with_vector })),
    next_page_offset: rest[limit]?.id ?? null
  }
}

/** The points that have the key, in its order, each with its value there. */
export const orderByKey = (
  { indexes }: Shard["collection"],
  points: ReadonlyArray<StoredPoint>,
  { direction = "asc", key, start_from }: NonNullable<Scroll["order_by"]>
): ReadonlyArray<readonly [value: number, point: StoredPoint]> => {
  const index = indexes.get(key)
  if (index?.type !== "integer" || index.range === false) {
    throw badRequest(
      `No range index for \`order_by\` key: \`${key}\`. Please create one to use \`order_by\`. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Range conditions`
    )
  }
  const sign = direction === "asc" ? 1 : -1
  const read = readPath(key)
  return points
    .flatMap((point) => read(point.payload).map((value) => [Number(value), point] as const))
    .filter(([value]) => start_from === undefined || sign * (value - start_from) >= 0)
    .map(([value, point]) => ({ value, point, tie: scramble(point.id) }))
    .sort((a, b) => sign * (a.value - b.value) || (a.tie < b.tie ? -1 : 1))
    .map(({ point, value }) => [value, point] as const)
}

const scrollByKey = (
  collection: Collection,
  shards: ReadonlyArray<Shard>,
  request: Scroll,
  orderBy: NonNullable<Scroll["order_by"]>
): ScrollPage => {
  const { filter, limit = 10, offset, with_payload = true, with_vector = false } = request
  const points = selectOnce(shards, filter)
  if (offset !== undefined) {
    throw badRequest(
      "Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value"
    )
  }
  return {
    points: orderByKey(collection, points, orderBy)
      .slice(0, limit)
      .map(([order_value, point]) => ({ ...showPoint(point, { with_payload, with_vector }), order_value })),
    next_page_offset: null
  }
}

/** A page of the shards' points together. */
export const scroll = (collection: Collection, shards: ReadonlyArray<Shard>, request: Scroll): ScrollPage =>
  request.order_by === undefined
    ? scrollById(shards, request)
    : scrollByKey(collection, shards, request, request.order_by)
