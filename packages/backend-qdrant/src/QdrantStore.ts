import {
  checkedAdmin,
  checkedStore,
  KeyedLocks,
  type MemoryError,
  MemoryStore,
  readMode,
  STORE_CLOSED,
  STORE_MOVED,
  StoreAdmin,
  StoreFingerprint
} from "@keepsake/core/driver"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { makeAdmin } from "./admin/admin.ts"
import { makeEraseBytes } from "./admin/eraseBytes.ts"
import { makePromoteScope } from "./admin/promoteScope.ts"
import { QdrantAdmin } from "./admin/QdrantAdmin.ts"
import { makeStaging } from "./admin/staging.ts"
import { openNodes } from "./connection/openClient.ts"
import { NO_POINTS } from "./connection/PointsApi.ts"
import { makeQdrantHttp } from "./connection/QdrantHttp.ts"
import { checkOptions, type QdrantOptions, type ServerOptions } from "./options.ts"
import { withAccessCounts } from "./requests/accessCounts.ts"
import type { Serving } from "./requests/Serving.ts"
import { finishInBackground, makeLayoutMove } from "./schema/moveLayout.ts"
import { inspectServer } from "./schema/inspectServer.ts"
import { openCollection, openCollectionReadOnly, pointsOf } from "./schema/openCollection.ts"
import { makeCalibrate } from "./schema/recordCalibration.ts"
import { openAccess, openEntries } from "./schema/vectorless.ts"
import { makeStore } from "./store.ts"

const make = Effect.fnUntraced(function* (options: QdrantOptions) {
  const asked = yield* StoreFingerprint
  const settings = yield* checkOptions(options)
  const nodes =
    "client" in options ? [{ client: options.client, server: "Qdrant" }] : yield* openNodes(options)
  const mode = readMode(options)
  const http = makeQdrantHttp(nodes, settings)
  const found = yield* inspectServer(http)
  const { aliases } = found
  const open = mode.readOnly ? openCollectionReadOnly : openCollection
  const collection = yield* open(http, asked, aliases)
  const { fingerprint } = collection
  const stored = pointsOf(http, collection)
  const layoutMove = makeLayoutMove(http, collection)
  const sessions = yield* openEntries(http, mode.readOnly, found)
  const access = yield* openAccess(http, mode.accessCounts, found)
  const points = access === NO_POINTS ? stored : withAccessCounts(stored, access)

  let closedReason: string | null = null
  const close = (reason: string) =>
    Effect.sync(() => {
      closedReason ??= reason
    })
  const parts = {
    http,
    serving: collection,
    points: stored,
    close: close(STORE_MOVED),
    finishLayout: layoutMove.finish
  }
  const { removeStaged, ...staging } = yield* makeStaging(parts, mode.readOnly, aliases)
  const serving: Serving = {
    points,
    stored,
    access,
    sessions,
    fingerprint,
    embedded: fingerprint.embedding !== null,
    layouts: layoutMove.layouts,
    translate: layoutMove.translate,
    checkPredecessors: layoutMove.checkPredecessors,
    removeStaged,
    limitLocks: new KeyedLocks()
  }
  const moving = yield* Effect.forkScoped(mode.readOnly ? Effect.void : finishInBackground(layoutMove))
  const closeAll = Effect.andThen(close(STORE_CLOSED), Fiber.interrupt(moving))
  yield* Effect.addFinalizer(() => closeAll)

  const admin: StoreAdmin["Service"] = {
    backend: "qdrant",
    mode,
    ...makeAdmin(serving),
    ...staging,
    cache: Effect.succeed(null),
    ...makeCalibrate(http, collection),
    close: Effect.asVoid(closeAll)
  }
  const qdrantAdmin: QdrantAdmin["Service"] = {
    collection: settings.collection,
    eraseBytes: makeEraseBytes(http, collection, mode, close(STORE_MOVED)),
    promoteScope: makePromoteScope(http, collection, mode)
  }
  const checks = { fingerprint, closedReason: () => closedReason, mode }
  return Context.make(MemoryStore, checkedStore(makeStore(serving), checks)).pipe(
    Context.add(StoreAdmin, checkedAdmin(admin, checks.closedReason)),
    Context.add(QdrantAdmin, qdrantAdmin)
  )
})

/**
 * Memories in Qdrant 1.19 or later: one collection per embedding space and one for entries of sessions, one tenant per
 * scope.
 *
 * Opening checks the server's version and the collections, and creates those that do not exist; with `readOnly` it
 * writes nothing.
 * Fails with `Unavailable`, `Unauthorized`, `Unsupported` (an old server, or a collection that does not fit,
 * with each difference), `FingerprintMismatch` or `InvalidInput` (options).
 */
const layer = (
  options: QdrantOptions
): Layer.Layer<MemoryStore | StoreAdmin | QdrantAdmin, MemoryError, StoreFingerprint> =>
  Layer.effectContext(make(options))

/** Memories in Qdrant 1.19 or later; `layer(options)` provides the store and its admin side. */
export const QdrantStore = {
  layer,
  /** Like `layer`, with every option a `Config`. */
  layerConfig: (
    options: Config.Wrap<ServerOptions>
  ): Layer.Layer<
    MemoryStore | StoreAdmin | QdrantAdmin,
    MemoryError | Config.ConfigError,
    StoreFingerprint
  > => Layer.unwrap(Effect.map(Config.unwrap(options), layer))
}
