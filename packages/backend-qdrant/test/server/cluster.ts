/** Requests about nodes and shard keys. */
import type { Call } from "./Call.ts"
import { nodesOf } from "./points/replicas.ts"
import { Shard } from "./points/Shard.ts"
import { startTransfer } from "./points/transfers.ts"
import { readBody } from "./readRequest.ts"
import { badRequest } from "./refusals.ts"
import { ChangeShards, CreateShardKey } from "./schemas/collection.ts"
import { type Cluster, findByName, findCollection, type ServerData } from "./ServerData.ts"

export const clusterStatus = ({ data: { cluster } }: Call) =>
  cluster === null
    ? { status: "disabled" }
    : {
        status: "enabled",
        peer_id: 1,
        peers: Object.fromEntries(
          Array.from({ length: cluster.size }, (_, i) => [String(i + 1), { uri: `http://node-${i}:6335/` }])
        ),
        raft_info: { term: 1, commit: 1, pending_operations: 0, leader: 1, role: "Leader", is_voter: true },
        consensus_thread_status: {
          consensus_thread_status: "working",
          last_update: "2026-01-01T00:00:00.000000000Z"
        },
        message_send_failures: {}
      }

export const listShardKeys = ({ data, names: [name = ""] }: Call) => {
  const { isKeyed, shards } = findCollection(data, name)
  return { shard_keys: isKeyed ? shards.map(({ key }) => ({ key })) : null }
}

const clusterOf = ({ cluster }: ServerData): Cluster => {
  if (cluster === null) throw badRequest("Distributed mode disabled")
  return cluster
}

const toNodes = (cluster: Cluster, peers: ReadonlyArray<number>): Array<number> =>
  peers.map((peer) => {
    if (peer > cluster.size) throw badRequest(`Peer ${peer} does not exist`)
    return peer - 1
  })

export const createShardKey = ({ body, data, names: [name = ""] }: Call): boolean => {
  const cluster = clusterOf(data)
  const collection = findByName(data, name)
  const { initial_state, placement, replication_factor = 1, shard_key } = readBody(CreateShardKey, body)
  if (!collection.isKeyed) throw badRequest("Shard Key cannot be created with Auto sharding method")
  if (collection.shards.some(({ key }) => key === shard_key)) {
    throw badRequest(`Sharding key ${shard_key} already exists for collection ${name}`)
  }
  const pool = placement === undefined ? null : toNodes(cluster, placement)
  // A shard that waits for a copy has one replica.
  const nodes =
    pool?.slice(0, replication_factor) ??
    (initial_state === undefined ? null : [collection.shards.length % cluster.size])
  collection.shards.push(new Shard(collection, shard_key, initial_state, nodes))
  return true
}

/** The shards as the first node sees them. */
export const listShards = ({ data, names: [name = ""] }: Call) => {
  const cluster = clusterOf(data)
  const collection = findCollection(data, name)
  const replicas = collection.shards.flatMap((shard, shard_id) =>
    nodesOf(cluster, collection, shard).map((node) => ({
      shard: { shard_id, ...(shard.key === null ? {} : { shard_key: shard.key }), state: shard.state },
      peer_id: node + 1,
      points_count: shard.points.size
    }))
  )
  return {
    peer_id: 1,
    shard_count: collection.shards.length,
    local_shards: replicas
      .filter(({ peer_id }) => peer_id === 1)
      .map(({ points_count, shard }) => ({ ...shard, points_count })),
    remote_shards: replicas
      .filter(({ peer_id }) => peer_id !== 1)
      .map(({ peer_id, shard }) => ({ ...shard, peer_id })),
    shard_transfers: collection.transfers.map(({ from, to }) => ({
      shard_id: collection.shards.indexOf(from),
      to_shard_id: collection.shards.indexOf(to),
      from: (nodesOf(cluster, collection, from)[0] ?? 0) + 1,
      to: (nodesOf(cluster, collection, to)[0] ?? 0) + 1,
      sync: true,
      method: "stream_records"
    }))
  }
}

export const changeShards = ({ body, data, names: [name = ""] }: Call): boolean => {
  const cluster = clusterOf(data)
  const collection = findByName(data, name)
  const change = readBody(ChangeShards, body)
  if ("replicate_points" in change) {
    const { filter, from_shard_key, to_shard_key } = change.replicate_points
    const [from, to] = [from_shard_key, to_shard_key].map((key) =>
      collection.shards.find((shard) => shard.key === key)
    )
    if (from === undefined || to === undefined) throw badRequest("Shard key not found")
    if (nodesOf(cluster, collection, to).length !== 1) {
      throw badRequest("Only replicating to shard keys with exactly one replica is supported")
    }
    startTransfer(collection, from, to, filter, cluster.holdsTransfers)
    return true
  }
  const { from_peer_id, shard_id, to_peer_id } = change.replicate_shard
  const shard = collection.shards[shard_id]
  const [from = 0, to = 0] = toNodes(cluster, [from_peer_id, to_peer_id])
  if (shard?.placement?.includes(from) !== true) throw badRequest(`Shard ${shard_id} is not on that peer`)
  if (shard.placement.includes(to)) throw badRequest(`Shard ${shard_id} is already replicated there`)
  shard.placement.push(to)
  return true
}
