import { badRequest, Refusal, wrongInput } from "../refusals.ts"
import type { CreateCollection, IndexParams } from "../schemas/collection.ts"
import type { Filter } from "../schemas/filter.ts"
import type { ShardKeySelector } from "../schemas/values.ts"
import { requireIndexes } from "./requireIndexes.ts"
import { Shard } from "./Shard.ts"
import type { StoredPoint } from "./StoredPoint.ts"

/** Points of a shard that are copied to another one, whose state says how far that is. */
export interface Transfer {
  readonly from: Shard
  readonly to: Shard
  readonly filter: Filter | undefined
}

const hash = (text: string): number => {
  let value = 0
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 31) + text.charCodeAt(i)) >>> 0
  return value
}

/** One collection in memory. */
export class Collection {
  readonly config: CreateCollection
  readonly indexes = new Map<string, IndexParams>()
  readonly shards: Array<Shard>
  metadata: Record<string, unknown>
  transfers: ReadonlyArray<Transfer> = []
  /** Points with a vector that a change of their payload took out of their indexed segment. */
  moved = 0
  /** Whether a segment is being optimised; tests set it. */
  isOptimised = false

  constructor(config: CreateCollection) {
    this.config = config
    this.metadata = { ...config.metadata }
    const count = this.isKeyed ? 0 : (config.shard_number ?? 1)
    this.shards = Array.from({ length: count }, () => new Shard(this, null))
  }

  /** Whether points are placed by shard key. */
  get isKeyed(): boolean {
    return this.config.sharding_method === "custom"
  }

  /** The points of all shards, by id. */
  get points(): Map<string, StoredPoint> {
    const [only] = this.shards
    if (only !== undefined && this.shards.length === 1) return only.points
    return new Map(this.shards.flatMap(({ points }) => Array.from(points)))
  }

  /** Whether a point of this id belongs to a shard of those that were selected. */
  owns(shard: Shard, id: string): boolean {
    return this.isKeyed || this.shards.length === 1 || this.shards[hash(id) % this.shards.length] === shard
  }

  /**
   * The shards of a request. Without a key all that are whole are read, and a collection that has keys refuses to write.
   */
  select(selector: ShardKeySelector | undefined, purpose: "read" | "update"): ReadonlyArray<Shard> {
    if (selector === undefined) {
      if (purpose === "update" && this.isKeyed) throw wrongInput("Shard key not specified")
      return this.shards.filter(({ state }) => state === "Active")
    }
    if (typeof selector === "object" && "target" in selector) return this.#route(selector, purpose)
    const keys = typeof selector === "string" ? [selector] : selector
    return keys.map((key) => {
      const shard = this.#find(key, purpose)
      if (shard.isReadable) return shard
      throw new Refusal(500, `Service internal error: shard key ${key} has no active replica`)
    })
  }

  #find(key: string, purpose: "read" | "update"): Shard {
    const shard = this.shards.find((shard) => shard.key === key)
    if (shard !== undefined) return shard
    throw (purpose === "update" ? wrongInput : badRequest)(`Shard key ${key} not found`)
  }

  /** The target where it is whole. Until every node knows that, a write goes to both. */
  #route(
    { fallback, target }: Extract<ShardKeySelector, { target: string }>,
    purpose: "read" | "update"
  ): ReadonlyArray<Shard> {
    const shard = this.shards.find(({ key }) => key === target)
    if (shard === undefined || !shard.isReadable) return [this.#find(fallback, purpose)]
    return shard.state === "ActiveRead" && purpose === "update"
      ? [shard, this.#find(fallback, purpose)]
      : [shard]
  }

  /** Refuses a filter that strict mode forbids. */
  checkFilter(filter: Filter | undefined, purpose: "read" | "update"): void {
    const { strict_mode_config: strict } = this.config
    const unindexed =
      purpose === "update" ? strict?.unindexed_filtering_update : strict?.unindexed_filtering_retrieve
    if (strict?.enabled === true && unindexed === false) requireIndexes(filter, this.indexes)
  }
}
