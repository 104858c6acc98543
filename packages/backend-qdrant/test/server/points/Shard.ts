import type { Filter } from "../schemas/filter.ts"
import type { CreateCollection, IndexParams } from "../schemas/collection.ts"
import { compileFilter } from "./matchFilter.ts"
import { type StoredPoint, toStoredId } from "./StoredPoint.ts"

/** What a shard knows of its collection. */
interface ShardOwner {
  readonly config: CreateCollection
  readonly indexes: ReadonlyMap<string, IndexParams>
  readonly isOptimised: boolean
  moved: number
  readonly owns: (shard: Shard, id: string) => boolean
  readonly checkFilter: (filter: Filter | undefined, purpose: "read" | "update") => void
}

/** `Partial` while points are copied to it, then `ActiveRead` until every node knows, or `Dead` if the copy failed. */
export type ShardState = "Active" | "Partial" | "ActiveRead" | "Dead"

/** Points that are counted, ranked and cut by themselves: a collection of several shards merges their answers. */
export class Shard {
  readonly collection: ShardOwner
  /** Of the points with this shard key; `null` under automatic sharding. */
  readonly key: string | null
  readonly points = new Map<string, StoredPoint>()
  state: ShardState
  /** The nodes, from 0, that it was placed on; `null` if the server placed it. */
  readonly placement: Array<number> | null
  /** Former states of points that left a segment while it is optimised: the IDF counts them too. */
  readonly left: Array<StoredPoint> = []

  constructor(
    collection: ShardOwner,
    key: string | null,
    state: ShardState = "Active",
    placement: Array<number> | null = null
  ) {
    this.collection = collection
    this.key = key
    this.state = state
    this.placement = placement
  }

  get isReadable(): boolean {
    return this.state === "Active" || this.state === "ActiveRead"
  }

  select(filter: Filter | undefined, purpose: "read" | "update" = "read"): Array<StoredPoint> {
    this.collection.checkFilter(filter, purpose)
    return this.candidates(filter).filter(compileFilter(filter))
  }

  /** The points that a filter names by their ids, else all. */
  private candidates(filter: Filter | undefined): Array<StoredPoint> {
    const named = filter?.must?.find((condition) => "has_id" in condition)
    if (named === undefined) return Array.from(this.points.values())
    return Array.from(new Set(named.has_id.map(toStoredId))).flatMap((id) => this.points.get(id) ?? [])
  }

  /** The points that the IDF counts. */
  corpus(filter: Filter | undefined): ReadonlyArray<StoredPoint> {
    const points = this.select(filter)
    return this.left.length === 0 ? points : [...points, ...this.left.filter(compileFilter(filter))]
  }

  /** Keeps the new payload of a point; one with a vector leaves its indexed segment. */
  setPayload(point: StoredPoint, payload: StoredPoint["payload"]): void {
    this.points.set(point.id, { ...point, payload })
    if (point.dense.size === 0 && point.sparse.size === 0) return
    this.collection.moved++
    if (this.collection.isOptimised) this.left.push(point)
  }
}
