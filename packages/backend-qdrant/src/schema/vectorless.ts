/** The collections without vectors: entries of sessions with counters of turns, and counts of accesses. */
import { type MemoryError, unsupported } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { makeCollectionsApi } from "../connection/CollectionsApi.ts"
import { makePointsApi, NO_POINTS, type PointsApi } from "../connection/PointsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import type { ShardKeys } from "../connection/shardKeys.ts"
import { encodeEntriesNote, readEntriesNote, readSharedKeys } from "./collectionNote.ts"
import { countShardKeys, createCollection, createIndexes, createShardKeys } from "./createCollection.ts"
import { compareIndexes, compareStrictMode } from "./differences.ts"
import type { ServerState } from "./inspectServer.ts"
import { accessName, entriesName } from "./names.ts"
import { ACCESS_INDEXES, ENTRIES_INDEXES, type Indexes, vectorlessConfig } from "./schema.ts"

type CollectionInfo = Schemas["CollectionInfo"]

/** What a collection is for. */
interface Purpose {
  readonly name: string
  /** Completes "is where Keepsake keeps". */
  readonly keeps: string
  readonly indexes: Indexes
}

/** Creates the collection if it does not exist, and completes a creation that was interrupted. */
const ensureVectorless = Effect.fnUntraced(function* (
  http: QdrantHttp,
  { indexes, keeps, name }: Purpose,
  found: CollectionInfo | null
): Effect.fn.Return<ShardKeys | null, MemoryError> {
  const collections = makeCollectionsApi(http)
  const { layout } = http.settings
  if (found === null) {
    const shardKeys = yield* countShardKeys(collections, layout)
    const note = encodeEntriesNote({ ready: false, shardKeys })
    yield* createCollection(collections, name, vectorlessConfig(layout, note, shardKeys !== null))
  }
  const info = found ?? (yield* collections.info(name))
  const note = yield* readEntriesNote(name, info)
  if (note === null) {
    return yield* unsupported(
      `Collection ${name} is where Keepsake keeps ${keeps}, but Keepsake did not create it. Rename it, or name another collection in this store's options.`
    )
  }
  const shardKeys = readSharedKeys(note)
  if (!note.ready) {
    yield* createShardKeys(collections, name, shardKeys)
    yield* createIndexes(collections, name, indexes)
    yield* collections.setMetadata(
      name,
      encodeEntriesNote({ ready: true, shardKeys: shardKeys?.all.length ?? null })
    )
    return shardKeys
  }
  const mismatches = [...compareStrictMode(info.config), ...compareIndexes(info.payload_schema, indexes)]
  if (mismatches.length > 0) {
    yield* unsupported(`Collection ${name} does not fit: ${mismatches.join("; ")}. Change the collection.`)
  }
  return shardKeys
})

/** Opens a collection, which is `found`. One that is only read is not created, and has no points if there is none. */
const openVectorless = Effect.fnUntraced(function* (
  http: QdrantHttp,
  purpose: Purpose,
  onlyReads: boolean,
  found: CollectionInfo | null
): Effect.fn.Return<PointsApi, MemoryError> {
  const { name } = purpose
  if (!onlyReads) {
    const shardKeys = yield* ensureVectorless(http, purpose, found)
    return makePointsApi(http, { collection: name, shardKeys })
  }
  if (found === null) return NO_POINTS
  const note = yield* readEntriesNote(name, found)
  return makePointsApi(http, { collection: name, shardKeys: note === null ? null : readSharedKeys(note) })
})

export const openEntries = (
  http: QdrantHttp,
  readOnly: boolean,
  { entries }: ServerState
): Effect.Effect<PointsApi, MemoryError> => {
  const name = entriesName(http.settings.collection)
  const purpose = { name, keeps: "entries of sessions", indexes: ENTRIES_INDEXES }
  return openVectorless(http, purpose, readOnly, entries)
}

/** A store that does not count reads what others counted. */
export const openAccess = (
  http: QdrantHttp,
  counts: boolean,
  { access }: ServerState
): Effect.Effect<PointsApi, MemoryError> => {
  const name = accessName(http.settings.collection)
  const purpose = { name, keeps: "counts of accesses", indexes: ACCESS_INDEXES }
  return openVectorless(http, purpose, !counts, access)
}
