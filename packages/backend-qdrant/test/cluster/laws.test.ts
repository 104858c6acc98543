/**
 * The laws on a cluster: the nodes of KEEPSAKE_QDRANT_URL, else the stand-in's. `pnpm test:cluster` runs every law with
 * 1, 3 and 12 shard keys, with promoted scopes, and with a node down; other runs those that shards could break, with 3
 * keys and every other scope promoted.
 */
import { it } from "@effect/vitest"
import { QdrantAdmin, QdrantStore } from "@keepsake/backend-qdrant"
import { type MemoryError, MemoryStore, type Scope, type StoreAdmin, termId } from "@keepsake/core/driver"
import { LAWS, runLaws, storeLaws } from "@keepsake/core/testing"
import { Cause, Clock, Context, Effect, Layer } from "effect"
import { clusterOf, freshOptions } from "../support/testServer.ts"

const NODES = 3

const onCluster = (shardKeys: number, nodesDown = 0) =>
  clusterOf(NODES, nodesDown).pipe(
    Effect.flatMap(({ url }) => freshOptions(url)),
    Effect.map((options) => QdrantStore.layer({ ...options, layout: { shardKeys, replicationFactor: 2 } }))
  )

/** Scopes of a store that are promoted: each has a shard. */
const PROMOTED_MAX = 8

/** A promotion waits for the server by the real clock, whatever the clock of a law. */
const realClock = Clock.Clock.defaultValue()

/** Promotes scopes before their first memory. */
const promoting = <E, R>(
  layer: Layer.Layer<MemoryStore | StoreAdmin | QdrantAdmin, E, R>,
  isHeavy: (scope: Scope) => boolean
) =>
  Layer.effectContext(
    Effect.gen(function* () {
      const context = yield* Layer.build(layer)
      const store = Context.get(context, MemoryStore)
      const admin = Context.get(context, QdrantAdmin)
      const promotions = new Map<string, Effect.Effect<unknown, MemoryError>>()
      const promote = Effect.fnUntraced(function* (scope: Scope) {
        const key = JSON.stringify([scope.agentId, scope.userId])
        if (!isHeavy(scope) || (promotions.size === PROMOTED_MAX && !promotions.has(key))) return
        const promotion = promotions.get(key) ?? (yield* Effect.cached(admin.promoteScope(scope)))
        promotions.set(key, promotion)
        yield* Effect.provideService(promotion, Clock.Clock, realClock)
      })
      return Context.add(context, MemoryStore, {
        ...store,
        put: (request) => Effect.andThen(promote(request.scope), store.put(request))
      })
    })
  )

const isOdd = ({ agentId, userId }: Scope): boolean => termId(`${agentId} ${userId}`) % 2 === 1

const withPromoted = (shardKeys: number, isHeavy: (scope: Scope) => boolean) =>
  Effect.map(onCluster(shardKeys), (layer) => promoting(layer, isHeavy))

if (process.env["KEEPSAKE_CLUSTER"] === "long") {
  for (const shardKeys of [1, 3, 12]) {
    storeLaws(`qdrant, a cluster with ${shardKeys} shard keys`, onCluster(shardKeys))
  }
  storeLaws(
    "qdrant, a cluster with promoted scopes",
    withPromoted(3, () => true)
  )
  storeLaws("qdrant, a cluster with 12 shard keys and a node down", onCluster(12, 1))
} else {
  it.live("the laws that shards could break hold with 3 shard keys, and with promoted scopes", () =>
    Effect.gen(function* () {
      const only = LAWS.filter((law) => /^(?:search|parts|sessions|operator|removal|program) /u.test(law))
      const verdicts = yield* runLaws(withPromoted(3, isOdd), { only })
      const broken = verdicts.flatMap(({ cause, law }) =>
        cause === null ? [] : [`${law}: ${Cause.pretty(cause)}`]
      )
      if (broken.length > 0) yield* Effect.die(new Error(broken.join("\n")))
    })
  )
}
