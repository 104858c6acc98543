import { badRequest } from "../refusals.ts"
import type { Facet } from "../schemas/query.ts"
import type { Collection } from "./Collection.ts"
import { readPath } from "./matchFilter.ts"
import type { Shard } from "./Shard.ts"

/** A facet: the most frequent values of a key, with their counts. Those of several replicas are added up. */
export const countValues = (
  collection: Collection,
  shards: ReadonlyArray<Shard>,
  replicas: number,
  { filter, key, limit = 10 }: typeof Facet.Type
): ReadonlyArray<{ readonly value: string | number; readonly count: number }> => {
  const index = collection.indexes.get(key)
  const isLookup = index?.type === "integer" && index.lookup !== false
  if (index?.type !== "keyword" && !isLookup) {
    throw badRequest(
      `Index required but not found for "${key}" of one of the following types: [keyword, integer, uuid, bool]. Help: Create an index for this key or use a different filter.`
    )
  }
  const read = readPath(key)
  const counts = new Map<string | number, number>()
  for (const { payload } of shards.flatMap((shard) => shard.select(filter))) {
    const values = read(payload).filter((value) => typeof value === (isLookup ? "number" : "string"))
    for (const value of new Set(values as ReadonlyArray<string | number>)) {
      counts.set(value, (counts.get(value) ?? 0) + replicas)
    }
  }
  return Array.from(counts, ([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, limit)
}
