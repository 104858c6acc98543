/** Requests about nodes and shard keys. */
import type { Call } from "./Call.ts"
import { Shard } from "./points/Shard.ts"
import { readBody } from "./readRequest.ts"
import { badRequest } from "./refusals.ts"
import { CreateShardKey } from "./schemas/collection.ts"
import { findByName } from "./ServerData.ts"

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
  const { isKeyed, shards } = findByName(data, name)
  return { shard_keys: isKeyed ? shards.map(({ key }) => ({ key })) : null }
}

export const createShardKey = ({ body, data, names: [name = ""] }: Call): boolean => {
  if (data.cluster === null) throw badRequest("Distributed mode disabled")
  const collection = findByName(data, name)
  const { shard_key } = readBody(CreateShardKey, body)
  if (!collection.isKeyed) throw badRequest("Shard Key cannot be created with Auto sharding method")
  if (collection.shards.some(({ key }) => key === shard_key)) {
    throw badRequest(`Sharding key ${shard_key} already exists for collection ${name}`)
  }
  collection.shards.push(new Shard(collection, shard_key))
  return true
}
