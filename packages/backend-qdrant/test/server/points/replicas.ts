/** Replicas of shards, and what read consistency makes of their answers. */
import type { Cluster } from "../ServerData.ts"
import { Refusal } from "../refusals.ts"
import type { Collection } from "./Collection.ts"
import type { Shard } from "./Shard.ts"
import type { StoredPoint } from "./StoredPoint.ts"

type Scored = readonly [score: number, point: StoredPoint]

/** What every replica found, as the first one has it. */
export const intersectHits = (answers: ReadonlyArray<ReadonlyArray<Scored>>): ReadonlyArray<Scored> => {
  const [first = [], ...others] = answers
  const sets = others.map((hits) => new Set(hits.map(([, { id }]) => id)))
  return first.filter(([, { id }]) => sets.every((ids) => ids.has(id)))
}

const countReplicas = ({ size }: Cluster, { config }: Collection): number =>
  Math.min(config.replication_factor ?? 1, size)

/** The nodes of a shard's replicas: where it was placed, else replica `r` of shard `s` stands on node `s + r`. */
export const nodesOf = (cluster: Cluster, collection: Collection, shard: Shard): ReadonlyArray<number> => {
  const first = collection.shards.indexOf(shard)
  return (
    shard.placement ??
    Array.from({ length: countReplicas(cluster, collection) }, (_, i) => (first + i) % cluster.size)
  )
}

const countAlive = (cluster: Cluster, collection: Collection, shard: Shard): number =>
  nodesOf(cluster, collection, shard).filter((node) => !cluster.down.has(node)).length

/** Replicas that a read asks; `majority` asks all of them, as the server does. */
const toAsked = (consistency: string | null, replicas: number): number => {
  if (consistency === null) return 1
  if (consistency === "all" || consistency === "majority") return replicas
  return Math.min(replicas, consistency === "quorum" ? Math.floor(replicas / 2) + 1 : Number(consistency))
}

const lacksReplicas = (alive: number, needed: number) =>
  new Refusal(500, `Service internal error: ${alive} of ${needed} replicas of a shard answer`)

const check = (
  cluster: Cluster,
  collection: Collection,
  shards: ReadonlyArray<Shard>,
  needed: number
): void => {
  for (const shard of shards) {
    const alive = countAlive(cluster, collection, shard)
    if (alive < needed) throw lacksReplicas(alive, needed)
  }
}

/** How many replicas of each shard a read asks; refuses it where not as many run. */
export const countAsked = (
  cluster: Cluster | null,
  collection: Collection,
  shards: ReadonlyArray<Shard>,
  consistency: string | null
): number => {
  if (cluster === null) return 1
  const asked = toAsked(consistency, countReplicas(cluster, collection))
  check(cluster, collection, shards, asked)
  return asked
}

/** Refuses a write that too few replicas would take. */
export const checkWrite = (
  cluster: Cluster | null,
  collection: Collection,
  shards: ReadonlyArray<Shard>
): void => {
  if (cluster !== null) check(cluster, collection, shards, collection.config.write_consistency_factor ?? 1)
}
