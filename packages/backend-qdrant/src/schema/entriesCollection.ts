import { type MemoryError, unsupported } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { type CollectionsApi, makeCollectionsApi } from "../connection/CollectionsApi.ts"
import { makePointsApi, NO_POINTS, type PointsApi } from "../connection/PointsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import type { ShardKeys } from "../connection/shardKeys.ts"
import { encodeEntriesNote, readEntriesNote, readShardKeys } from "./collectionNote.ts"
import { countShardKeys, createCollection, createIndexes, createShardKeys } from "./createCollection.ts"
import { compareIndexes, compareStrictMode } from "./differences.ts"
import type { ServerState } from "./inspectServer.ts"
import { entriesName } from "./names.ts"
import { ENTRIES_INDEXES, entriesConfig } from "./schema.ts"

/** Creates the collection if it does not exist, and completes a creation that was interrupted. */
const ensureEntries = Effect.fnUntraced(function* (
  collections: CollectionsApi,
  { settings }: QdrantHttp,
  name: string,
  found: ServerState["entries"]
): Effect.fn.Return<ShardKeys | null, MemoryError> {
  if (found === null) {
    const shardKeys = yield* countShardKeys(collections, settings.layout)
    const note = encodeEntriesNote({ ready: false, shardKeys })
    yield* createCollection(collections, name, entriesConfig(settings.layout, note, shardKeys !== null))
  }
  const info = found ?? (yield* collections.info(name))
  const note = yield* readEntriesNote(name, info)
  if (note === null) {
    return yield* unsupported(
      `Collection ${name} is where Keepsake keeps entries of sessions, but Keepsake did not create it. Rename it, or name another collection in this store's options.`
    )
  }
  const shardKeys = readShardKeys(note)
  if (!note.ready) {
    yield* createShardKeys(collections, name, shardKeys)
    yield* createIndexes(collections, name, ENTRIES_INDEXES)
    yield* collections.setMetadata(
      name,
      encodeEntriesNote({ ready: true, shardKeys: shardKeys?.all.length ?? null })
    )
    return shardKeys
  }
  const mismatches = [
    ...compareStrictMode(info.config),
    ...compareIndexes(info.payload_schema, ENTRIES_INDEXES)
  ]
  if (mismatches.length > 0) {
    yield* unsupported(`Collection ${name} does not fit: ${mismatches.join("; ")}. Change the collection.`)
  }
  return shardKeys
})

/** Opens the collection of entries, which is `found`. Read-only it creates none, and one that does not exist has no points. */
export const openEntries = Effect.fnUntraced(function* (
  http: QdrantHttp,
  readOnly: boolean,
  found: ServerState["entries"]
): Effect.fn.Return<PointsApi, MemoryError> {
  const collections = makeCollectionsApi(http)
  const name = entriesName(http.settings.collection)
  if (!readOnly) {
    const shardKeys = yield* ensureEntries(collections, http, name, found)
    return makePointsApi(http, { collection: name, shardKeys })
  }
  if (found === null) return NO_POINTS
  const note = yield* readEntriesNote(name, found)
  return makePointsApi(http, { collection: name, shardKeys: note === null ? null : readShardKeys(note) })
})
