import {
  type Fingerprint,
  fingerprintMismatch,
  MemoryError,
  sameFingerprint,
  Unsupported
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"
import type { CollectionsApi } from "../connection/CollectionsApi.ts"
import type { CollectionSettings } from "../options.ts"
import { encodeNote, readNote } from "./collectionNote.ts"
import { differences } from "./differences.ts"
import { collectionConfig, INDEXES } from "./schema.ts"

const unsupported = (message: string) => new MemoryError({ reason: new Unsupported({ message }) })

const createCollection = (
  collections: CollectionsApi,
  name: string,
  fingerprint: Fingerprint,
  layout: CollectionSettings
): Effect.Effect<void, MemoryError> =>
  collections.create(name, collectionConfig(fingerprint, layout, encodeNote(fingerprint, false))).pipe(
    Effect.asVoid,
    // Another process may have created it meanwhile, or the first of several attempts.
    Effect.catch((error) =>
      Effect.flatMap(collections.exists(name), (exists) => (exists ? Effect.void : Effect.fail(error)))
    )
  )

/** Creates indexes before any point: an index made later would miss the vector index's links. */
const createIndexes = Effect.fnUntraced(function* (
  collections: CollectionsApi,
  name: string,
  fingerprint: Fingerprint
) {
  for (const [key, params] of Object.entries(INDEXES)) yield* collections.createIndex(name, key, params)
  yield* collections.setMetadata(name, encodeNote(fingerprint, true))
})

/** `ours`: whether Keepsake created the collection. */
const checkCollection = Effect.fnUntraced(function* (
  name: string,
  info: Schemas["CollectionInfo"],
  fingerprint: Fingerprint,
  ours: boolean
) {
  const mismatches = differences(info, fingerprint)
  if (mismatches.length > 0) {
    yield* unsupported(
      `Collection ${name} does not fit: ${mismatches.join("; ")}. Change the collection, or name another one in this store's options and it creates that.`
    )
  }
  const points = info.points_count ?? 0
  if (!ours && points > 0) {
    yield* unsupported(
      `Collection ${name} holds ${points} points that Keepsake did not write. Name another collection in this store's options.`
    )
  }
})

/** Creates the collection if it does not exist, and completes a creation that was interrupted. */
export const ensureCollection = Effect.fnUntraced(function* (
  collections: CollectionsApi,
  name: string,
  fingerprint: Fingerprint,
  layout: CollectionSettings
): Effect.fn.Return<void, MemoryError> {
  if (!(yield* collections.exists(name))) yield* createCollection(collections, name, fingerprint, layout)
  const info = yield* collections.info(name)
  const note = yield* readNote(name, info)
  if (note !== null && !sameFingerprint(note.fingerprint, fingerprint)) {
    yield* fingerprintMismatch(note.fingerprint, fingerprint)
  }
  if (note?.ready !== false) yield* checkCollection(name, info, fingerprint, note !== null)
  if (note?.ready !== true) yield* createIndexes(collections, name, fingerprint)
})
