import {
  type Calibration,
  type Fingerprint,
  type MemoryError,
  type StoreAdmin,
  withCalibration
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { type CollectionsApi, makeCollectionsApi } from "../connection/CollectionsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import { encodeNote, readNote } from "./collectionNote.ts"
import type { OpenedCollection } from "./openCollection.ts"

type Opened = Pick<OpenedCollection, "name" | "fingerprint">

/** The fingerprint as it stands: a calibration may have been recorded since the collection was opened. */
export const readServed = (
  collections: CollectionsApi,
  { fingerprint, name }: Opened
): Effect.Effect<Fingerprint, MemoryError> =>
  collections.info(name).pipe(
    Effect.flatMap((info) => readNote(name, info)),
    Effect.map((note) => note?.fingerprint ?? fingerprint)
  )

/** Records a calibration where the collection lacks one; returns the fingerprint as it is then. */
const recordCalibration = Effect.fnUntraced(function* (
  http: QdrantHttp,
  { fingerprint, name }: Opened,
  measured: Calibration
): Effect.fn.Return<Fingerprint, MemoryError> {
  const collections = makeCollectionsApi(http)
  const note = yield* readNote(name, yield* collections.info(name))
  if (note === null) return fingerprint
  const calibrated = withCalibration(note.fingerprint, measured)
  if (calibrated !== note.fingerprint) {
    const { moving, ready, shardKeys = null } = note
    yield* collections.setMetadata(
      name,
      encodeNote(calibrated, { ready, shardKeys, ...(moving === undefined ? {} : { moving }) })
    )
  }
  return calibrated
})

/** The calls of a handle that concern its fingerprint, which is read when the collection is opened. */
export const makeCalibrate = (
  http: QdrantHttp,
  opened: Opened
): Pick<StoreAdmin["Service"], "fingerprint" | "calibrate"> => {
  let served = opened.fingerprint
  return {
    fingerprint: Effect.sync(() => served),
    calibrate: (measured) =>
      Effect.tap(recordCalibration(http, opened, measured), (calibrated) =>
        Effect.sync(() => {
          served = calibrated
        })
      )
  }
}
