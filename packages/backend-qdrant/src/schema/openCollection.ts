import { Corrupt, type Fingerprint, MemoryError } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { Layouts } from "../codec/condition.ts"
import { makeCollectionsApi } from "../connection/CollectionsApi.ts"
import { makePointsApi, type PointsApi } from "../connection/PointsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import type { ShardKeys } from "../connection/shardKeys.ts"
import { ensureCollection, inspectCollection } from "./ensureCollection.ts"
import type { Aliases } from "./inspectServer.ts"
import { servingAlias, servingPrefix } from "./names.ts"

/**
 * A collection filled in one embedding space. Requests go to `alias`, which exists only while the collection
 * serves: a handle from before a move gets 404 instead of writing to a collection without readers.
 */
export interface ServingCollection {
  readonly alias: string
  /** The collection itself. */
  readonly name: string
  readonly shardKeys: ShardKeys | null
  readonly fingerprint: Fingerprint
}

/** Its points, by the alias. */
export const pointsOf = (http: QdrantHttp, { alias, shardKeys }: ServingCollection): PointsApi =>
  makePointsApi(http, { collection: alias, shardKeys })

/** Its points, whatever its aliases are. */
export const pointsByName = (http: QdrantHttp, { name, shardKeys }: ServingCollection): PointsApi =>
  makePointsApi(http, { collection: name, shardKeys })

/** A serving collection as it was opened. */
export interface OpenedCollection extends ServingCollection {
  readonly layouts: Layouts
}

const findAlias = Effect.fnUntraced(function* (
  all: Aliases,
  base: string
): Effect.fn.Return<Aliases[number] | undefined, MemoryError> {
  const aliases = all.filter(({ alias_name }) => alias_name.startsWith(servingPrefix(base)))
  if (aliases.length > 1) {
    return yield* new MemoryError({
      reason: new Corrupt({
        message: `Several aliases claim to serve ${base} (${aliases.map(({ alias_name }) => alias_name).join(", ")}). Delete all of them but the right one.`
      })
    })
  }
  return aliases[0]
})

/** Finds the serving collection and checks it, or creates the first one. */
export const openCollection = Effect.fnUntraced(function* (
  http: QdrantHttp,
  asked: Fingerprint,
  aliases: Aliases
): Effect.fn.Return<OpenedCollection, MemoryError> {
  const collections = makeCollectionsApi(http)
  const { collection, layout } = http.settings
  const found = yield* findAlias(aliases, collection)
  const name = found?.collection_name ?? collection
  const { fingerprint, layouts, shardKeys } = yield* ensureCollection(collections, name, asked, layout)
  const alias = servingAlias(collection, fingerprint)
  if (found?.alias_name !== alias) {
    yield* collections.changeAliases([
      // Of the first layout: its handles are refused from now on.
      ...(found === undefined ? [] : [{ delete_alias: { alias_name: found.alias_name } }]),
      { create_alias: { collection_name: name, alias_name: alias } }
    ])
  }
  return { alias, name, fingerprint, layouts, shardKeys }
})

/** Finds the serving collection and checks it, without writing. */
export const openCollectionReadOnly = Effect.fnUntraced(function* (
  http: QdrantHttp,
  asked: Fingerprint,
  aliases: Aliases
): Effect.fn.Return<OpenedCollection, MemoryError> {
  const collections = makeCollectionsApi(http)
  const found = yield* findAlias(aliases, http.settings.collection)
  const name = found?.collection_name ?? http.settings.collection
  const { fingerprint, layouts, shardKeys } = yield* inspectCollection(collections, name, asked)
  return { alias: found?.alias_name ?? name, name, fingerprint, layouts, shardKeys }
})
