/** Erasing for certain: what remains is copied to new collections, and the old ones are dropped with their logs. */
import {
  conflict,
  invalidInput,
  type MemoryError,
  openedReadOnly,
  type Scope,
  type StoreMode
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { ANY_POINT } from "../codec/filter.ts"
import type { ReadPoint } from "../codec/memoryRow.ts"
import { splitBySize } from "../codec/splitBySize.ts"
import { makeCollectionsApi } from "../connection/CollectionsApi.ts"
import { eachShard, makePointsApi, type PointsApi, scrollPages } from "../connection/PointsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import type { ShardKeys } from "../connection/shardKeys.ts"
import { encodeEntriesNote, encodeNote, readEntriesNote, readSharedKeys } from "../schema/collectionNote.ts"
import { createCollection, createIndexes, createShardKeys } from "../schema/createCollection.ts"
import { accessName, entriesName } from "../schema/names.ts"
import type { OpenedCollection } from "../schema/openCollection.ts"
import { readServed } from "../schema/recordCalibration.ts"
import {
  ACCESS_INDEXES,
  collectionConfig,
  ENTRIES_INDEXES,
  INDEXES,
  type Indexes,
  vectorlessConfig
} from "../schema/schema.ts"
import { findStaged, newGeneration } from "../schema/stagedCollection.ts"
import { parseScopeId } from "../scopeId.ts"
import { copyOwnKeys, settleOwnKeys } from "./ownKeys.ts"
import type { QdrantAdmin } from "./QdrantAdmin.ts"

/** Points that one request reads, with their texts and vectors. */
const PAGE = 64

const scopeOf = ({ payload }: ReadPoint): Scope => parseScopeId(String(payload?.["scope"]))

const toPoint = ({ id, payload, vector }: ReadPoint): Schemas["PointStruct"] => ({
  id,
  vector: (vector ?? {}) as Schemas["VectorStruct"],
  payload: payload ?? {}
})

const copyPoints = Effect.fnUntraced(function* (
  from: PointsApi,
  to: PointsApi
): Effect.fn.Return<void, MemoryError> {
  yield* scrollPages(from, ANY_POINT, { with_payload: true, with_vector: true }, PAGE, (page) =>
    eachShard(to, page, scopeOf, (shard, group) =>
      Effect.forEach(
        splitBySize(group.map(toPoint)),
        (points) => shard.update("copy", [{ upsert: { points: [...points] } }]),
        { discard: true }
      )
    )
  )
  const [before, after] = [yield* from.count(ANY_POINT), yield* to.count(ANY_POINT)]
  if (before !== after) {
    yield* conflict(
      `A program wrote while the points were copied (${before} points, ${after} copied): nothing was dropped. Stop the programs that write, then erase again.`
    )
  }
})

/** A collection to be replaced by a copy. */
interface Replaced {
  /** The collection itself. */
  readonly name: string
  readonly copy: string
  readonly shardKeys: ShardKeys | null
  readonly config: (note: Record<string, unknown>, isKeyed: boolean) => Schemas["CreateCollection"]
  readonly note: (state: {
    readonly ready: boolean
    readonly shardKeys: number | null
  }) => Record<string, unknown>
  readonly indexes: Indexes
}

/** Makes the copy, with the shard keys of the original, so that handles go on with it. */
const makeCopy = Effect.fnUntraced(function* (
  http: QdrantHttp,
  { config, copy, indexes, name, note, shardKeys }: Replaced
): Effect.fn.Return<void, MemoryError> {
  const collections = makeCollectionsApi(http)
  const count = shardKeys?.all.length ?? null
  const unready = note({ ready: false, shardKeys: count })
  yield* createCollection(collections, copy, config(unready, shardKeys !== null))
  yield* createShardKeys(collections, copy, shardKeys)
  yield* copyOwnKeys(http, { name, shardKeys }, { name: copy, shardKeys })
  yield* createIndexes(collections, copy, indexes)
  const place = (collection: string) => makePointsApi(http, { collection, shardKeys })
  yield* copyPoints(place(name), place(copy))
  yield* collections.setMetadata(copy, note({ ready: true, shardKeys: count }))
})

const replaceMemories = Effect.fnUntraced(function* (
  http: QdrantHttp,
  opened: OpenedCollection
): Effect.fn.Return<void, MemoryError> {
  const { alias, name, shardKeys } = opened
  const { collection, layout } = http.settings
  const collections = makeCollectionsApi(http)
  const fingerprint = yield* readServed(collections, opened)
  const copy = `${collection}.erased-${newGeneration()}`
  yield* makeCopy(http, {
    name,
    copy,
    shardKeys,
    indexes: INDEXES,
    config: (note, isKeyed) => collectionConfig(fingerprint, layout, note, isKeyed),
    note: (state) => encodeNote(fingerprint, state)
  })
  yield* collections.changeAliases([
    { delete_alias: { alias_name: alias } },
    { create_alias: { collection_name: copy, alias_name: alias } }
  ])
  yield* collections.drop(name)
})

/** Replaces a collection that requests name: its name becomes an alias. */
const replaceVectorless = Effect.fnUntraced(function* (
  http: QdrantHttp,
  alias: string,
  indexes: Indexes
): Effect.fn.Return<void, MemoryError> {
  const collections = makeCollectionsApi(http)
  const aliases = yield* collections.aliases
  const name = aliases.find(({ alias_name }) => alias_name === alias)?.collection_name ?? alias
  const info = yield* collections.find(name)
  const note = info === null ? null : yield* readEntriesNote(name, info)
  if (note === null) return
  const copy = `${alias}.erased-${newGeneration()}`
  yield* makeCopy(http, {
    name,
    copy,
    shardKeys: readSharedKeys(note),
    indexes,
    config: (encoded, isKeyed) => vectorlessConfig(http.settings.layout, encoded, isKeyed),
    note: encodeEntriesNote
  })
  const point = { create_alias: { collection_name: copy, alias_name: alias } }
  if (name !== alias) yield* collections.changeAliases([{ delete_alias: { alias_name: alias } }, point])
  // The name is free only once the collection is dropped.
  yield* Effect.uninterruptible(
    Effect.andThen(collections.drop(name), name === alias ? collections.changeAliases([point]) : Effect.void)
  ).pipe(
    Effect.mapError((cause) =>
      conflict(
        `${alias} was copied to ${copy}: if ${alias} is gone, make it an alias of that. ${cause.message}`
      )
    )
  )
})

export const makeEraseBytes = (
  http: QdrantHttp,
  serving: OpenedCollection,
  mode: StoreMode,
  close: Effect.Effect<void>
): QdrantAdmin["Service"]["eraseBytes"] => {
  const { collection } = http.settings
  return Effect.fnUntraced(function* (typed) {
    if (mode.readOnly) yield* openedReadOnly()
    if (typed !== collection) {
      yield* invalidInput("collection", `is not the name of this store's collections, ${collection}.`)
    }
    if (serving.layouts !== "second" || (yield* findStaged(http)) !== null) {
      yield* conflict("The collection is being moved: let that end, or drop the move, then erase.")
    }
    yield* settleOwnKeys(http, serving)
    yield* replaceMemories(http, serving)
    yield* close
    yield* replaceVectorless(http, entriesName(collection), ENTRIES_INDEXES)
    yield* replaceVectorless(http, accessName(collection), ACCESS_INDEXES)
  })
}
