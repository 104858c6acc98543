import type { CreateCollection, IndexParams } from "../schemas/collection.ts"
import type { Filter } from "../schemas/filter.ts"
import { matchesFilter } from "./matchFilter.ts"
import { requireIndexes } from "./requireIndexes.ts"
import type { StoredPoint } from "./StoredPoint.ts"

/** One collection in memory. */
export class Collection {
  readonly config: CreateCollection
  readonly indexes = new Map<string, IndexParams>()
  readonly points = new Map<string, StoredPoint>()
  metadata: Record<string, unknown>

  constructor(config: CreateCollection) {
    this.config = config
    this.metadata = { ...config.metadata }
  }

  /** Refuses a filter that strict mode forbids. */
  checkFilter(filter: Filter | undefined, purpose: "read" | "update"): void {
    const { strict_mode_config: strict } = this.config
    const unindexed =
      purpose === "update" ? strict?.unindexed_filtering_update : strict?.unindexed_filtering_retrieve
    if (strict?.enabled === true && unindexed === false) requireIndexes(filter, this.indexes)
  }

  select(filter: Filter | undefined, purpose: "read" | "update" = "read"): Array<StoredPoint> {
    this.checkFilter(filter, purpose)
    return Array.from(this.points.values()).filter((point) => matchesFilter(filter, point))
  }
}
