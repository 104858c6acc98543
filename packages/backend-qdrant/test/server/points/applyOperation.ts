import { notFound } from "../refusals.ts"
import type { Operation, Selector, SetPayload, UpdateVectors, Upsert } from "../schemas/update.ts"
import type { Collection } from "./Collection.ts"
import { compileFilter } from "./matchFilter.ts"
import type { Shard } from "./Shard.ts"
import { type StoredPoint, storePoint, toStoredId } from "./StoredPoint.ts"

const idsIn = (shard: Shard, ids: ReadonlyArray<string | number>): ReadonlyArray<string> =>
  ids.map(toStoredId).filter((id) => shard.collection.owns(shard, id))

/** Fails for an id that does not exist. */
const selectExisting = (shard: Shard, selector: Selector): ReadonlyArray<StoredPoint> =>
  "filter" in selector
    ? shard.select(selector.filter, "update")
    : idsIn(shard, selector.points).map((id) => {
        const point = shard.points.get(id)
        if (point === undefined) throw notFound(`No point with id ${id} found`)
        return point
      })

const upsert = (shard: Shard, { points, update_filter, update_mode = "upsert" }: Upsert): void => {
  const { collection } = shard
  collection.checkFilter(update_filter, "update")
  const isChanged = compileFilter(update_filter)
  for (const point of points.map((point) => storePoint(collection.config, point))) {
    if (!collection.owns(shard, point.id)) continue
    const existing = shard.points.get(point.id)
    if (existing === undefined ? update_mode === "update_only" : update_mode === "insert_only") continue
    if (existing !== undefined && !isChanged(existing)) continue
    shard.points.set(point.id, point)
  }
}

/** Ignores ids that do not exist. */
const deletePoints = (shard: Shard, selector: Selector): void => {
  const ids =
    "points" in selector ? idsIn(shard, selector.points) : selectExisting(shard, selector).map(({ id }) => id)
  for (const id of ids) shard.points.delete(id)
}

/** Merges the payload into the existing one; `null` removes a key. */
const setPayload = (shard: Shard, change: SetPayload): void => {
  for (const point of selectExisting(shard, change)) {
    const merged = structuredClone({ ...point.payload, ...change.payload })
    const entries = Object.entries(merged).filter(
      ([key, value]) => value !== null || !(key in change.payload)
    )
    shard.setPayload(point, Object.fromEntries(entries))
  }
}

const overwritePayload = (shard: Shard, change: SetPayload): void => {
  for (const point of selectExisting(shard, change)) {
    shard.setPayload(point, structuredClone({ ...change.payload }))
  }
}

/** Fails for an id that does not exist, after the others were changed. */
const updateVectors = (shard: Shard, { points, update_filter }: UpdateVectors): void => {
  const { collection } = shard
  collection.checkFilter(update_filter, "update")
  const isChanged = compileFilter(update_filter)
  const owned = points.filter(({ id }) => collection.owns(shard, toStoredId(id)))
  const missing = owned.filter(({ id }) => !shard.points.has(toStoredId(id)))
  for (const { id, vector } of owned) {
    const existing = shard.points.get(toStoredId(id))
    if (existing === undefined || !isChanged(existing)) continue
    const { dense, sparse } = storePoint(collection.config, { id, vector })
    shard.points.set(existing.id, {
      ...existing,
      dense: new Map([...existing.dense, ...dense]),
      sparse: new Map([...existing.sparse, ...sparse])
    })
  }
  if (missing[0] !== undefined) throw notFound(`No point with id ${missing[0].id} found`)
}

/** The shards that an operation changes. */
export const shardsOf = (collection: Collection, operation: Operation): ReadonlyArray<Shard> => {
  const [body] = Object.values(operation)
  return collection.select(body?.shard_key, "update")
}

export const applyOperation = (collection: Collection, operation: Operation): void => {
  for (const shard of shardsOf(collection, operation)) {
    if ("upsert" in operation) upsert(shard, operation.upsert)
    else if ("delete" in operation) deletePoints(shard, operation.delete)
    else if ("update_vectors" in operation) updateVectors(shard, operation.update_vectors)
    else if ("set_payload" in operation) setPayload(shard, operation.set_payload)
    else overwritePayload(shard, operation.overwrite_payload)
  }
}
