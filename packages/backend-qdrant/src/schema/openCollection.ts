import { Corrupt, type Fingerprint, MemoryError } from "@keepsake/core/driver"
import { Effect } from "effect"
import { makeCollectionsApi } from "../connection/CollectionsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import { ensureCollection } from "./ensureCollection.ts"
import { servingAlias, servingPrefix } from "./names.ts"

/**
 * A collection filled in one embedding space. Requests go to `alias`, which exists only while the collection
 * serves: a handle from before a move gets 404 instead of writing to a collection without readers.
 */
export interface ServingCollection {
  readonly alias: string
  /** The collection itself. */
  readonly name: string
  readonly fingerprint: Fingerprint
}

/** Finds the serving collection and checks it, or creates the first one. */
export const openCollection = Effect.fnUntraced(function* (http: QdrantHttp, fingerprint: Fingerprint) {
  const collections = makeCollectionsApi(http)
  const { collection, layout } = http.settings
  const aliases = yield* collections.aliases(servingPrefix(collection))
  if (aliases.length > 1) {
    return yield* new MemoryError({
      reason: new Corrupt({
        message: `Several aliases claim to serve ${collection} (${aliases.map(({ alias_name }) => alias_name).join(", ")}). Delete all of them but the right one.`
      })
    })
  }
  const name = aliases[0]?.collection_name ?? collection
  const serving: ServingCollection = { alias: servingAlias(collection, fingerprint), name, fingerprint }
  yield* ensureCollection(collections, name, fingerprint, layout)
  if (aliases.length === 0) {
    yield* collections.changeAliases([{ create_alias: { collection_name: name, alias_name: serving.alias } }])
  }
  return serving
})
