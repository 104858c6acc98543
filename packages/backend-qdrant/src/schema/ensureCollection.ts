import {
  canServe,
  type Fingerprint,
  fingerprintMismatch,
  type MemoryError,
  unsupported,
  warn
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import type { Layouts } from "../codec/condition.ts"
import type { CollectionsApi } from "../connection/CollectionsApi.ts"
import type { ShardKeys } from "../connection/shardKeys.ts"
import type { CheckedLayout } from "../options.ts"
import { type CollectionNote, encodeNote, readLayouts, readNote, readShardKeys } from "./collectionNote.ts"
import { countShardKeys, createCollection, createIndexes, createShardKeys } from "./createCollection.ts"
import { differences } from "./differences.ts"
import { ADDED_INDEXES, collectionConfig, INDEXES } from "./schema.ts"

type CollectionInfo = Schemas["CollectionInfo"]

/** The fingerprint that a collection serves, whose terms may be older than those asked for. */
const readFingerprint = (note: CollectionNote | null, asked: Fingerprint) =>
  note === null
    ? Effect.succeed(asked)
    : canServe(note.fingerprint, asked)
      ? Effect.succeed(note.fingerprint)
      : Effect.fail(fingerprintMismatch(note.fingerprint, asked))

/** What a collection holds. */
export interface Filled {
  readonly fingerprint: Fingerprint
  readonly layouts: Layouts
  readonly shardKeys: ShardKeys | null
}

const checkDifferences = (
  name: string,
  info: CollectionInfo,
  fingerprint: Fingerprint,
  layouts: Layouts
): Effect.Effect<void, MemoryError> => {
  const mismatches = differences(info, fingerprint, layouts)
  return mismatches.length === 0
    ? Effect.void
    : unsupported(
        `Collection ${name} does not fit: ${mismatches.join("; ")}. Change the collection, or name another one in this store's options and it creates that.`
      )
}

/** Refuses points in a collection that Keepsake did not create. */
const checkForeign = (name: string, points: number): Effect.Effect<void, MemoryError> =>
  points === 0
    ? Effect.void
    : unsupported(
        `Collection ${name} holds ${points} points that Keepsake did not write. Name another collection in this store's options.`
      )

/** Says that scopes are spread, of a collection that was made so before it was refused. */
const warnOfSpread = (name: string, { config: { params } }: CollectionInfo): Effect.Effect<void> => {
  const { shard_number: shards = 1, sharding_method: method } = params
  return method === "custom" || shards === 1
    ? Effect.void
    : warn(
        `Collection ${name} spreads each scope over ${shards} shards, which count its words one by one: scores are off. Copy it to another collection (keepsake copy), whose shards have keys`
      )
}

const pointsIn = (info: CollectionInfo): number => info.points_count ?? 0

/**
 * Gives a collection of layout 1 the indexes and the note of layout 2. From then on a process of the first version
 * refuses to open it; the points follow later.
 */
export const raiseLayout = Effect.fnUntraced(function* (
  collections: CollectionsApi,
  name: string,
  info: CollectionInfo,
  fingerprint: Fingerprint
): Effect.fn.Return<Layouts, MemoryError> {
  const moving = pointsIn(info) > 0
  yield* createIndexes(collections, name, ADDED_INDEXES)
  yield* collections.setMetadata(name, encodeNote(fingerprint, { ready: true, moving, shardKeys: null }))
  return moving ? "both" : "second"
})

/**
 * Creates the collection if it does not exist, completes a creation that was interrupted, and raises a collection of
 * the first layout. Returns what it serves.
 */
export const ensureCollection = Effect.fnUntraced(function* (
  collections: CollectionsApi,
  name: string,
  asked: Fingerprint,
  layout: CheckedLayout
): Effect.fn.Return<Filled, MemoryError> {
  const found = yield* collections.find(name)
  if (found === null) {
    const shardKeys = yield* countShardKeys(collections, layout)
    const note = encodeNote(asked, { ready: false, shardKeys })
    yield* createCollection(collections, name, collectionConfig(asked, layout, note, shardKeys !== null))
  }
  const info = found ?? (yield* collections.info(name))
  const note = yield* readNote(name, info)
  const fingerprint = yield* readFingerprint(note, asked)
  const shardKeys = note === null ? null : readShardKeys(note)
  if (note?.ready === false) {
    yield* createShardKeys(collections, name, shardKeys)
    // Before any point: an index made later would miss the vector index's links.
    yield* createIndexes(collections, name, INDEXES)
    yield* collections.setMetadata(
      name,
      encodeNote(fingerprint, { ready: true, shardKeys: shardKeys?.all.length ?? null })
    )
    return { fingerprint, layouts: "second", shardKeys }
  }
  const layouts = note === null ? "second" : readLayouts(note)
  yield* checkDifferences(name, info, fingerprint, layouts)
  yield* warnOfSpread(name, info)
  if (note === null) {
    yield* checkForeign(name, pointsIn(info))
    yield* collections.setMetadata(name, encodeNote(fingerprint, { ready: true, shardKeys: null }))
  }
  return {
    shardKeys,
    fingerprint,
    layouts: layouts === "first" ? yield* raiseLayout(collections, name, info, fingerprint) : layouts
  }
})

/** Checks the collection and writes nothing. Returns what it serves. */
export const inspectCollection = Effect.fnUntraced(function* (
  collections: CollectionsApi,
  name: string,
  asked: Fingerprint
): Effect.fn.Return<Filled, MemoryError> {
  const info = yield* collections.find(name)
  if (info === null) {
    return yield* unsupported(
      `There is no collection ${name}, and a store that is opened read-only creates none. Check the name, or open it without \`readOnly\`.`
    )
  }
  const note = yield* readNote(name, info)
  const fingerprint = yield* readFingerprint(note, asked)
  if (note?.ready !== true) {
    return yield* unsupported(
      `Collection ${name} is not completely created. Open it without \`readOnly\` once.`
    )
  }
  const layouts = readLayouts(note)
  yield* checkDifferences(name, info, fingerprint, layouts)
  yield* warnOfSpread(name, info)
  return { fingerprint, layouts, shardKeys: readShardKeys(note) }
})
