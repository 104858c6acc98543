import { notFound } from "../refusals.ts"
import type { Operation, Selector, SetPayload, UpdateVectors, Upsert } from "../schemas/update.ts"
import type { Collection } from "./Collection.ts"
import { matchesFilter } from "./matchFilter.ts"
import { type StoredPoint, storePoint, toStoredId } from "./StoredPoint.ts"

/** Fails for an id that does not exist. */
const selectExisting = (collection: Collection, selector: Selector): ReadonlyArray<StoredPoint> =>
  "filter" in selector
    ? collection.select(selector.filter, "update")
    : selector.points.map((id) => {
        const point = collection.points.get(toStoredId(id))
        if (point === undefined) throw notFound(`No point with id ${id} found`)
        return point
      })

const upsert = (collection: Collection, { points, update_filter, update_mode = "upsert" }: Upsert): void => {
  collection.checkFilter(update_filter, "update")
  for (const point of points.map((point) => storePoint(collection.config, point))) {
    const existing = collection.points.get(point.id)
    if (existing === undefined ? update_mode === "update_only" : update_mode === "insert_only") continue
    if (existing !== undefined && !matchesFilter(update_filter, existing)) continue
    collection.points.set(point.id, point)
  }
}

/** Ignores ids that do not exist. */
const deletePoints = (collection: Collection, selector: Selector): void => {
  const ids =
    "points" in selector
      ? selector.points.map(toStoredId)
      : selectExisting(collection, selector).map(({ id }) => id)
  for (const id of ids) collection.points.delete(id)
}

/** Merges the payload into the existing one; `null` removes a key. */
const setPayload = (collection: Collection, change: SetPayload): void => {
  for (const point of selectExisting(collection, change)) {
    const merged = structuredClone({ ...point.payload, ...change.payload })
    const entries = Object.entries(merged).filter(
      ([key, value]) => value !== null || !(key in change.payload)
    )
    collection.points.set(point.id, { ...point, payload: Object.fromEntries(entries) })
  }
}

const overwritePayload = (collection: Collection, change: SetPayload): void => {
  for (const point of selectExisting(collection, change)) {
    collection.points.set(point.id, { ...point, payload: structuredClone({ ...change.payload }) })
  }
}

/** Fails for an id that does not exist, after the others were changed. */
const updateVectors = (collection: Collection, { points, update_filter }: UpdateVectors): void => {
  collection.checkFilter(update_filter, "update")
  const missing = points.filter(({ id }) => !collection.points.has(toStoredId(id)))
  for (const { id, vector } of points) {
    const existing = collection.points.get(toStoredId(id))
    if (existing === undefined || !matchesFilter(update_filter, existing)) continue
    const { dense, sparse } = storePoint(collection.config, { id, vector })
    collection.points.set(existing.id, {
      ...existing,
      dense: new Map([...existing.dense, ...dense]),
      sparse: new Map([...existing.sparse, ...sparse])
    })
  }
  if (missing[0] !== undefined) throw notFound(`No point with id ${missing[0].id} found`)
}

export const applyOperation = (collection: Collection, operation: Operation): void => {
  if ("upsert" in operation) upsert(collection, operation.upsert)
  else if ("delete" in operation) deletePoints(collection, operation.delete)
  else if ("update_vectors" in operation) updateVectors(collection, operation.update_vectors)
  else if ("set_payload" in operation) setPayload(collection, operation.set_payload)
  else overwritePayload(collection, operation.overwrite_payload)
}
