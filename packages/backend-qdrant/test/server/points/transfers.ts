/** Copies of points from one shard to another. */
import { badRequest } from "../refusals.ts"
import type { Filter } from "../schemas/filter.ts"
import type { Collection } from "./Collection.ts"
import type { Shard } from "./Shard.ts"

/**
 * Brings every copy one step on: the points are there and are read there, then nothing is written to the old shard any
 * more. The server passes on what is written meanwhile, so that the copy has what the old shard has when it ends.
 */
export const advanceTransfers = (collection: Collection): void => {
  for (const { filter, from, to } of collection.transfers) {
    if (to.state === "ActiveRead") to.state = "Active"
    else {
      to.points.clear()
      for (const point of from.select(filter)) to.points.set(point.id, point)
      to.state = "ActiveRead"
    }
  }
  collection.transfers = collection.transfers.filter(({ to }) => to.state !== "Active")
}

/** Ends every copy, as where a node fails. */
export const failTransfers = (collection: Collection): void => {
  for (const { to } of collection.transfers) to.state = "Dead"
  collection.transfers = []
}

/** Begins a copy. The new shard is not read until it ends, even if it was before. */
export const startTransfer = (
  collection: Collection,
  from: Shard,
  to: Shard,
  filter: Filter | undefined,
  isHeld: boolean
): void => {
  if (collection.transfers.some((transfer) => transfer.to === to)) {
    throw badRequest("Shard is already involved in transfer")
  }
  to.state = "Partial"
  collection.transfers = [...collection.transfers, { from, to, filter }]
  while (!isHeld && collection.transfers.length > 0) advanceTransfers(collection)
}
