import { randomBytes } from "node:crypto"
import { conflict, type Fingerprint, type MemoryError } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { makeCollectionsApi } from "../connection/CollectionsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import { readLayouts, readNote, readShardKeys } from "./collectionNote.ts"
import { ensureCollection, raiseLayout } from "./ensureCollection.ts"
import type { Aliases } from "./inspectServer.ts"
import { servingAlias, spaceName, stagingPrefix } from "./names.ts"
import type { ServingCollection } from "./openCollection.ts"

/** A collection being filled beside the serving one. */
export interface StagedCollection extends ServingCollection {
  /** Marks the serving rows that this collection already holds. Each stage has its own. */
  readonly generation: string
}

export const newGeneration = (): string => randomBytes(6).toString("hex")

/**
 * The collection being filled; `null` if no move is under way. Raises one of the first layout unless `readOnly`.
 * @param known the aliases, where they have just been read
 */
export const findStaged = Effect.fnUntraced(function* (http: QdrantHttp, readOnly = false, known?: Aliases) {
  const collections = makeCollectionsApi(http)
  const prefix = stagingPrefix(http.settings.collection)
  const aliases = known ?? (yield* collections.aliases)
  const stagingAlias = aliases.find(({ alias_name }) => alias_name.startsWith(prefix))
  if (stagingAlias === undefined) return null
  const { alias_name: alias, collection_name: name } = stagingAlias
  const info = yield* collections.info(name)
  const note = yield* readNote(name, info)
  if (note === null) {
    return yield* conflict(
      `Alias ${alias} points at a collection that Keepsake did not create: delete the alias.`
    )
  }
  // Its points get the payloads of the serving collection, which is moved by then.
  if (readLayouts(note) === "first" && !readOnly) {
    yield* raiseLayout(collections, name, info, note.fingerprint)
  }
  const staged: StagedCollection = {
    alias,
    name,
    fingerprint: note.fingerprint,
    shardKeys: readShardKeys(note),
    generation: alias.slice(prefix.length)
  }
  return staged
})

/** Creates the empty collection of a new space beside the serving one. */
export const createStaged = Effect.fnUntraced(function* (
  http: QdrantHttp,
  serving: ServingCollection,
  fingerprint: Fingerprint
) {
  const collections = makeCollectionsApi(http)
  const { collection, layout } = http.settings
  const preferred = spaceName(collection, fingerprint)
  // A move to the serving space itself (a repair) needs a second name.
  const name = preferred === serving.name ? `${preferred}-b` : preferred
  const { shardKeys } = yield* ensureCollection(collections, name, fingerprint, layout)
  const generation = newGeneration()
  const alias = `${stagingPrefix(collection)}${generation}`
  yield* collections.changeAliases([{ create_alias: { collection_name: name, alias_name: alias } }])
  const staged: StagedCollection = { alias, name, fingerprint, shardKeys, generation }
  return staged
})

/** In one step: the staged collection serves, and the old one no longer does. */
export const switchAliases = (
  http: QdrantHttp,
  from: ServingCollection,
  to: StagedCollection
): Effect.Effect<boolean, MemoryError> =>
  makeCollectionsApi(http).changeAliases([
    { delete_alias: { alias_name: from.alias } },
    { delete_alias: { alias_name: to.alias } },
    {
      create_alias: {
        collection_name: to.name,
        alias_name: servingAlias(http.settings.collection, to.fingerprint)
      }
    }
  ])

/** Ends a move; the staged collection itself stays. */
export const dropStagingAlias = (
  http: QdrantHttp,
  staged: StagedCollection
): Effect.Effect<boolean, MemoryError> =>
  makeCollectionsApi(http).changeAliases([{ delete_alias: { alias_name: staged.alias } }])
