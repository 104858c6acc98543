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
import { QdrantClient } from "@qdrant/js-client-rest"
import { Config, Context, Effect, Layer, Redacted } from "effect"
import { makeAdmin } from "./admin/admin.ts"
import { ERASURE } from "./erasure.ts"
import { addressOf, type QdrantOptions, type ServerOptions, settingsOf } from "./options.ts"
import { makePointsApi } from "./connection/PointsApi.ts"
import { makePool } from "./connection/connectionPool.ts"
import { makeReads } from "./requests/read.ts"
import { search } from "./requests/search.ts"
import { checkVersion, openSpace } from "./schema/openCollection.ts"
import { makeStaging } from "./admin/staging.ts"
import { makeTouch } from "./requests/touch.ts"
import { makeQdrantHttp } from "./connection/QdrantHttp.ts"
import { makeWrites } from "./requests/write.ts"

type Store = MemoryStore["Service"]
type Admin = StoreAdmin["Service"]

const clientOf = Effect.fnUntraced(function* (options: ServerOptions) {
  const { port, prefix, url } = yield* addressOf(options)
  const apiKey = options.apiKey === undefined ? {} : { "api-key": Redacted.value(options.apiKey) }
  const client = new QdrantClient({
    url,
    port,
    prefix,
    headers: apiKey,
    // Ours: the client's own timeout counts the wait for a connection and cannot be told to stop.
    timeout: Number.POSITIVE_INFINITY,
    checkCompatibility: false
  })
  const pool = yield* Effect.acquireRelease(
    Effect.sync(() => makePool(options.concurrency ?? 16)),
    (pool) => Effect.promise(() => pool.close())
  )
  return { client, server: `Qdrant at ${url}:${port}${prefix}`, pool }
})

const make = Effect.fnUntraced(function* (options: QdrantOptions) {
  const fingerprint: Fingerprint = yield* StoreFingerprint
  const settings = yield* settingsOf(options)
  const { client, pool, server } =
    "client" in options
      ? { client: options.client, server: "Qdrant", pool: undefined }
      : yield* clientOf(options)
  const wire = makeQdrantHttp(client, server, settings, pool)
  yield* checkVersion(wire)
  const space = yield* openSpace(wire, fingerprint)
  const points = makePointsApi(wire, space.alias)
  const embedded = fingerprint.embedding !== null

  let closed: string | null = null
  const close = (reason: string) =>
    Effect.sync(() => {
      closed ??= reason
    })
  const { removeStaged, ...staging } = yield* makeStaging(wire, space, points, close(STORE_MOVED))
  yield* Effect.addFinalizer(() => close(STORE_CLOSED))

  const store: Store = {
    ...makeReads(points, embedded),
    ...makeWrites(points, removeStaged),
    touch: makeTouch(points),
    search: (request) => search(points, embedded, request)
  }
  const admin: Admin = {
    backend: "qdrant",
    erasure: ERASURE,
    ...makeAdmin(points, removeStaged),
    ...staging,
    fingerprint: Effect.succeed(fingerprint),
    close: close(STORE_CLOSED)
  }
  return Context.make(MemoryStore, checkedStore(store, { fingerprint, closedReason: () => closed })).pipe(
    Context.add(
      StoreAdmin,
      checkedAdmin(admin, () => closed)
    )
  )
})

/**
 * Memories in Qdrant 1.19 or later: one collection per embedding space, scopes as its tenants.
 *
 * Opening checks the server's version and the collection, and creates the latter when there is none.
 * Fails with `Unavailable`, `Unauthorized`, `Unsupported` (a server too old, a collection that does not
 * fit, each difference named), `FingerprintMismatch` or `InvalidInput` (options).
 */
const layer = (
  options: QdrantOptions
): Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint> => Layer.effectContext(make(options))

/** Memories in Qdrant 1.19 or newer; `layer(options)` provides the store and its operator's side. */
export const QdrantStore = {
  layer,
  /** As `layer`, with every option a `Config`. */
  layerConfig: (
    options: Config.Wrap<ServerOptions>
  ): Layer.Layer<MemoryStore | StoreAdmin, MemoryError | Config.ConfigError, StoreFingerprint> =>
    Layer.unwrap(Effect.map(Config.unwrap(options), layer))
}
