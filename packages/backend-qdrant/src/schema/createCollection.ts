import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import type { CollectionsApi } from "../connection/CollectionsApi.ts"
import type { ShardKeys } from "../connection/shardKeys.ts"
import type { CheckedLayout } from "../options.ts"

/** Creates a collection unless another process, or the first of several attempts, created it meanwhile. */
export const createCollection = (
  collections: CollectionsApi,
  name: string,
  config: Schemas["CreateCollection"]
): Effect.Effect<void, MemoryError> =>
  collections.create(name, config).pipe(
    Effect.asVoid,
    Effect.catch((error) =>
      Effect.flatMap(collections.exists(name), (exists) => (exists ? Effect.void : Effect.fail(error)))
    )
  )

/** How many shard keys a new collection gets; `null` outside cluster mode, where the server has none. */
export const countShardKeys = (
  { inCluster }: CollectionsApi,
  { shardKeys }: CheckedLayout
): Effect.Effect<number | null, MemoryError> =>
  Effect.map(inCluster, (isCluster) => (isCluster ? shardKeys : null))

/** Creates those of these keys that do not exist yet. */
export const createMissingKeys = Effect.fnUntraced(function* (
  collections: CollectionsApi,
  name: string,
  keys: ReadonlyArray<string>
): Effect.fn.Return<void, MemoryError> {
  if (keys.length === 0) return
  const known = new Set(yield* collections.shardKeys(name))
  for (const key of keys) {
    if (known.has(key)) continue
    yield* collections.createShardKey(name, key).pipe(
      // Another process, or the first of several attempts, created it meanwhile.
      Effect.catch((error) =>
        Effect.flatMap(collections.shardKeys(name), (keys) =>
          keys.includes(key) ? Effect.void : Effect.fail(error)
        )
      )
    )
  }
})

/** Creates the shared keys that do not exist yet. */
export const createShardKeys = (
  collections: CollectionsApi,
  name: string,
  keys: ShardKeys | null
): Effect.Effect<void, MemoryError> => createMissingKeys(collections, name, keys?.all ?? [])

/** Creates indexes that do not exist yet. */
export const createIndexes = Effect.fnUntraced(function* (
  collections: CollectionsApi,
  name: string,
  indexes: Readonly<Record<string, Schemas["PayloadSchemaParams"]>>
): Effect.fn.Return<void, MemoryError> {
  for (const [key, params] of Object.entries(indexes)) yield* collections.createIndex(name, key, params)
})
