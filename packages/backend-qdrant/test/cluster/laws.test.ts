/**
 * The laws on a cluster: the nodes of KEEPSAKE_QDRANT_URL, else the stand-in's. `pnpm test:cluster` runs every law with
 * 1, 3 and 12 shard keys, and with a node down; other runs those that shards could break, with 3.
 */
import { it } from "@effect/vitest"
import { QdrantStore } from "@keepsake/backend-qdrant"
import { LAWS, runLaws, storeLaws } from "@keepsake/core/testing"
import { Cause, Effect } from "effect"
import { clusterOf, freshOptions } from "../support/testServer.ts"

const NODES = 3

const onCluster = (shardKeys: number, nodesDown = 0) =>
  clusterOf(NODES, nodesDown).pipe(
    Effect.flatMap(({ url }) => freshOptions(url)),
    Effect.map((options) => QdrantStore.layer({ ...options, layout: { shardKeys, replicationFactor: 2 } }))
  )

if (process.env["KEEPSAKE_CLUSTER"] === "long") {
  for (const shardKeys of [1, 3, 12]) {
    storeLaws(`qdrant, a cluster with ${shardKeys} shard keys`, onCluster(shardKeys))
  }
  storeLaws("qdrant, a cluster with 12 shard keys and a node down", onCluster(12, 1))
} else {
  it.live("the laws that shards could break hold with 3 shard keys", () =>
    Effect.gen(function* () {
      const only = LAWS.filter((law) => /^(?:search|parts|sessions|operator|removal|program) /u.test(law))
      const verdicts = yield* runLaws(onCluster(3), { only })
      const broken = verdicts.flatMap(({ cause, law }) =>
        cause === null ? [] : [`${law}: ${Cause.pretty(cause)}`]
      )
      if (broken.length > 0) yield* Effect.die(new Error(broken.join("\n")))
    })
  )
}
