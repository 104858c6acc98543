import {
  checkedStore,
  Closed,
  type Fingerprint,
  invalidInput,
  MemoryError,
  MemoryStore,
  StoreAdmin,
  StoreFingerprint
} from "@keepsake/core"
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

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu

/** Qdrant's ids are UUIDs or numbers; another string would come back as a 400 without a field's name. */
const checkIds = (field: string, ids: Iterable<string>): Effect.Effect<void, MemoryError> => {
  for (const id of ids) {
    if (!UUID.test(id)) return Effect.fail(invalidInput(field, "must be a UUID, as memoryId makes them."))
  }
  return Effect.void
}

/** The store with every id looked at before anything is sent. */
const withIds = (store: Store): Store => ({
  ...store,
  put: (request) =>
    Effect.andThen(
      checkIds(
        "rows.memory.id",
        request.rows.map(({ memory }) => memory.id)
      ),
      store.put(request)
    ),
  get: (request) => Effect.andThen(checkIds("ids", request.ids), store.get(request)),
  patch: (request) => Effect.andThen(checkIds("id", [request.id]), store.patch(request)),
  touch: (request) => Effect.andThen(checkIds("ids", request.ids), store.touch(request)),
  supersede: (request) =>
    Effect.andThen(checkIds("id", [request.id, request.row.memory.id]), store.supersede(request)),
  remove: (request) =>
    Effect.andThen(
      checkIds("target.ids", request.target._tag === "Ids" ? request.target.ids : []),
      store.remove(request)
    )
})

const CLOSED = "This store is closed."
const MOVED = "This store has moved to a new embedding space: open it again with the new embedder."

/** Answers `Closed` instead of each call once `closed` gives a reason. */
const guarded = <S extends object>(service: S, closed: () => string | null): S => {
  const guard = <A>(effect: Effect.Effect<A, MemoryError>): Effect.Effect<A, MemoryError> =>
    Effect.suspend(() => {
      const message = closed()
      return message === null ? effect : Effect.fail(new MemoryError({ reason: new Closed({ message }) }))
    })
  const wrap = (part: unknown): unknown => {
    if (Effect.isEffect(part)) return guard(part as Effect.Effect<unknown, MemoryError>)
    if (typeof part !== "function") return part
    return (request: unknown) => guard(part(request) as Effect.Effect<unknown, MemoryError>)
  }
  return Object.fromEntries(Object.entries(service).map(([name, part]) => [name, wrap(part)])) as S
}

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
  const { removeStaged, ...staging } = yield* makeStaging(wire, space, points, close(MOVED))
  yield* Effect.addFinalizer(() => close(CLOSED))

  const store: Store = {
    ...makeReads(points, embedded),
    ...makeWrites(points, removeStaged),
    touch: makeTouch(points),
    search: (request) => search(points, embedded, request)
  }
  const admin: Omit<Admin, "close"> = {
    backend: "qdrant",
    erasure: ERASURE,
    ...makeAdmin(points, removeStaged),
    ...staging,
    fingerprint: Effect.succeed(fingerprint)
  }
  return Context.make(
    MemoryStore,
    guarded(checkedStore(withIds(store), fingerprint), () => closed)
  ).pipe(Context.add(StoreAdmin, { ...guarded(admin, () => closed), close: close(CLOSED) }))
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
