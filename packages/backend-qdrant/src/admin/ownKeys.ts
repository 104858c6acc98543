/** The keys that promoted scopes have for themselves, and what a promotion leaves under the shared ones. */
import { conflict, MemoryError, type Scope, Unavailable } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { all, ANY_POINT, hasId, inScope, must, NO_CONDITIONS, toFilter } from "../codec/filter.ts"
import { type CollectionsApi, makeCollectionsApi } from "../connection/CollectionsApi.ts"
import { makePointsApi, type PointsApi, scrollPages } from "../connection/PointsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import { isOwnKey, type ShardKeys } from "../connection/shardKeys.ts"
import { createMissingKeys } from "../schema/createCollection.ts"
import { parseScopeId } from "../scopeId.ts"

/** A collection by its name, and its shard keys. */
export interface KeyedCollection {
  readonly name: string
  readonly shardKeys: ShardKeys | null
}

/** A replica of a key's shard. */
interface Replica {
  readonly peer: number
  readonly state: string
}

/** A key's shard as a node sees it. */
export interface KeyShard {
  readonly shardId: number
  readonly replicas: ReadonlyArray<Replica>
  /** Whether points are being copied to it. */
  readonly isFilled: boolean
}

/** The shards of own keys, by key. */
export const readOwnShards = Effect.fnUntraced(function* (
  collections: CollectionsApi,
  name: string
): Effect.fn.Return<ReadonlyMap<string, KeyShard>, MemoryError> {
  const { local_shards, peer_id, remote_shards, shard_transfers } = yield* collections.shards(name)
  const shards = [...local_shards.map((shard) => ({ ...shard, peer_id })), ...remote_shards]
  const replicas = shards.flatMap(({ peer_id: peer, shard_id, shard_key: key, state }) =>
    typeof key === "string" && isOwnKey(key) ? [{ key, shard_id, peer, state }] : []
  )
  const filled = new Set(shard_transfers.map(({ shard_id, to_shard_id }) => to_shard_id ?? shard_id))
  const byKey = Map.groupBy(replicas, ({ key }) => key)
  return new Map(
    Array.from(byKey, ([key, group]) => {
      const shardId = group[0]?.shard_id ?? 0
      return [key, { shardId, replicas: group, isFilled: filled.has(shardId) }]
    })
  )
})

/** Whether a key serves its scope, and the shared key no longer does. */
export const isServing = ({ replicas }: KeyShard): boolean => replicas.some(({ state }) => state === "Active")

const PAGE = 1_000

const readIds = Effect.fnUntraced(function* (points: PointsApi, scope: Scope, ids: ReadonlyArray<string>) {
  const { points: found } = yield* points.lookUp({
    filter: toFilter(all(inScope(scope), must(hasId(ids)))),
    limit: Math.max(1, ids.length),
    with_payload: false
  })
  return new Set(found.map(({ id }) => String(id)))
})

const notWhole = (key: string, missing: number): MemoryError =>
  new MemoryError({
    reason: new Unavailable({
      message: `Shard key ${key} serves, but lacks ${missing} points that its scope has under its shared key: nothing was deleted there. Compare the two keys, then promote again.`
    })
  })

/** Fails unless the own key has every point that the shared one has: what is removed is removed from both. */
const checkWhole = (own: PointsApi, shared: PointsApi, scope: Scope, key: string) =>
  scrollPages(
    shared,
    inScope(scope),
    { with_payload: false },
    PAGE,
    Effect.fnUntraced(function* (page) {
      const ids = page.map(({ id }) => String(id))
      const copied = yield* readIds(own, scope, ids)
      const missing = ids.filter((id) => !copied.has(id))
      if (missing.length === 0) return
      const left = yield* readIds(shared, scope, missing)
      if (left.size > 0) yield* notWhole(key, left.size)
    })
  )

/** Deletes what a scope that has its own key left under the shared one, once all of it is known to be there. */
export const clearShared = Effect.fnUntraced(function* (
  http: QdrantHttp,
  { name, shardKeys }: { readonly name: string; readonly shardKeys: ShardKeys },
  scope: Scope
): Effect.fn.Return<void, MemoryError> {
  const at = (key: string) => makePointsApi(http, { collection: name, shardKeys }, key)
  const key = shardKeys.own?.(scope) ?? ""
  const shared = at(shardKeys.of(scope))
  if ((yield* shared.count(inScope(scope))) === 0) return
  yield* checkWhole(at(key), shared, scope, key)
  yield* shared.update("delete copied", [{ delete: { filter: toFilter(inScope(scope)) } }], "bulk")
})

/** Ends promotions of which only old copies are left; fails with `Conflict` while one copies. */
export const settleOwnKeys = Effect.fnUntraced(function* (
  http: QdrantHttp,
  { name, shardKeys }: KeyedCollection
): Effect.fn.Return<void, MemoryError> {
  if (shardKeys === null) return
  for (const [key, shard] of yield* readOwnShards(makeCollectionsApi(http), name)) {
    if (!isServing(shard)) {
      yield* conflict(
        `A scope is being promoted to shard key ${key}. Let that end (promote it again if it was interrupted), then try again.`
      )
    }
    const own = makePointsApi(http, { collection: name, shardKeys }, key)
    const { points } = yield* own.scroll({
      filter: toFilter(NO_CONDITIONS),
      limit: 1,
      with_payload: ["scope"]
    })
    const scope = points[0]?.payload?.["scope"]
    if (typeof scope === "string") yield* clearShared(http, { name, shardKeys }, parseScopeId(scope))
  }
})

/** Makes the own keys of a collection in another one that is to have its points, but for those that hold none. */
export const copyOwnKeys = Effect.fnUntraced(function* (
  http: QdrantHttp,
  { name, shardKeys }: KeyedCollection,
  to: KeyedCollection
): Effect.fn.Return<void, MemoryError> {
  if (shardKeys === null || to.shardKeys === null) return
  const collections = makeCollectionsApi(http)
  const keys = (yield* collections.shardKeys(name)).filter(isOwnKey)
  const held = yield* Effect.filter(keys, (key) =>
    Effect.map(makePointsApi(http, { collection: name, shardKeys }, key).count(ANY_POINT), (held) => held > 0)
  )
  yield* createMissingKeys(collections, to.name, held)
})
