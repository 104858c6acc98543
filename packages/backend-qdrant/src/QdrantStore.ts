import {
  checkedAdmin,
  checkedStore,
  type Fingerprint,
  type MemoryError,
  MemoryStore,
  STORE_CLOSED,
  STORE_MOVED,
  StoreAdmin,
  StoreFingerprint
} from "@keepsake/core/driver"
import { Config, Context, Effect, Layer } from "effect"
import { makeAdmin } from "./admin/admin.ts"
import { makeStaging } from "./admin/staging.ts"
import { openClient } from "./connection/openClient.ts"
import { makePointsApi } from "./connection/PointsApi.ts"
import { makeQdrantHttp } from "./connection/QdrantHttp.ts"
import { ERASURE } from "./erasure.ts"
import { checkOptions, type QdrantOptions, type ServerOptions } from "./options.ts"
import { checkVersion } from "./schema/checkVersion.ts"
import { openCollection } from "./schema/openCollection.ts"
import { makeStore } from "./store.ts"

const make = Effect.fnUntraced(function* (options: QdrantOptions) {
  const fingerprint: Fingerprint = yield* StoreFingerprint
  const settings = yield* checkOptions(options)
  const { client, pool, server } =
    "client" in options
      ? { client: options.client, server: "Qdrant", pool: undefined }
      : yield* openClient(options)
  const http = makeQdrantHttp(client, server, settings, pool)
  yield* checkVersion(http)
  const serving = yield* openCollection(http, fingerprint)
  const points = makePointsApi(http, serving.alias)

  let closedReason: string | null = null
  const close = (reason: string) =>
    Effect.sync(() => {
      closedReason ??= reason
    })
  const { removeStaged, ...staging } = yield* makeStaging(http, serving, points, close(STORE_MOVED))
  yield* Effect.addFinalizer(() => close(STORE_CLOSED))

  const store = makeStore(points, fingerprint.embedding !== null, removeStaged)
  const admin: StoreAdmin["Service"] = {
    backend: "qdrant",
    erasure: ERASURE,
    ...makeAdmin(points, removeStaged),
    ...staging,
    fingerprint: Effect.succeed(fingerprint),
    close: close(STORE_CLOSED)
  }
  const checks = { fingerprint, closedReason: () => closedReason }
  return Context.make(MemoryStore, checkedStore(store, checks)).pipe(
    Context.add(StoreAdmin, checkedAdmin(admin, checks.closedReason))
  )
})

/**
 * Memories in Qdrant 1.19 or later: one collection per embedding space, one tenant per scope.
 *
 * Opening checks the server's version and the collection, and creates the collection if it does not exist.
 * Fails with `Unavailable`, `Unauthorized`, `Unsupported` (an old server, or a collection that does not fit,
 * with each difference), `FingerprintMismatch` or `InvalidInput` (options).
 */
const layer = (
  options: QdrantOptions
): Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint> => Layer.effectContext(make(options))

/** Memories in Qdrant 1.19 or later; `layer(options)` provides the store and its admin side. */
export const QdrantStore = {
  layer,
  /** Like `layer`, with every option a `Config`. */
  layerConfig: (
    options: Config.Wrap<ServerOptions>
  ): Layer.Layer<MemoryStore | StoreAdmin, MemoryError | Config.ConfigError, StoreFingerprint> =>
    Layer.unwrap(Effect.map(Config.unwrap(options), layer))
}
