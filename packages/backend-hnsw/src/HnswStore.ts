import {
  checkedAdmin,
  checkedStore,
  type Fingerprint,
  type MemoryError,
  MemoryStore,
  StoreAdmin,
  StoreFingerprint,
  warn
} from "@keepsake/core/driver"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as EffectScope from "effect/Scope"
import { rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { makeAdmin } from "./admin/admin.ts"
import { Staging } from "./admin/Staging.ts"
import { CommitQueue } from "./connection/CommitQueue.ts"
import type { Connection } from "./connection/Connection.ts"
import { toMemoryError } from "./connection/errors.ts"
import { openConnection } from "./connection/openConnection.ts"
import { WalCheckpointer } from "./connection/WalCheckpointer.ts"
import { Eraser } from "./erase/Eraser.ts"
import { graphFolder, storeName } from "./graph/GraphFile.ts"
import { GraphStore } from "./graph/GraphStore.ts"
import { loadHnswlib } from "./graph/hnswlib.ts"
import { checkOptions, type HnswOptions, type HnswSettings } from "./options.ts"
import { IndexCache } from "./search/IndexCache.ts"
import { reopenWhenOutdated } from "./reopening.ts"
import { resolveLinks } from "./schema/fileState.ts"
import { makeStore } from "./store.ts"
import type { StoreServices } from "./StoreServices.ts"
import { DropOrder } from "./tables/DropOrder.ts"
import { EntryTable } from "./tables/EntryTable.ts"
import { MemoryQueries } from "./tables/MemoryQueries.ts"
import { MemoryTable } from "./tables/MemoryTable.ts"
import { ScopeTable } from "./tables/ScopeTable.ts"
import { SessionTable } from "./tables/SessionTable.ts"

/** Share of `cacheBytes` that graphs may take: the vectors' arena never shrinks, so what they take comes on top of it. */
const GRAPH_SHARE = 0.5

const makeServices = (
  connection: Connection,
  fingerprint: Fingerprint,
  settings: HnswSettings,
  background: EffectScope.Closeable,
  awaitGraphs: boolean
) => {
  const dimensions = fingerprint.embedding?.dimensions ?? 0
  const graphs = new GraphStore({
    path: connection.realPath,
    db: connection.db,
    identity: connection.identity,
    generation: connection.generation,
    source: { store: storeName(connection.salt), dimensions, space: connection.space },
    readOnly: connection.readOnly,
    fromRows: settings.graphFromRows,
    maxBytes: settings.cacheBytes * GRAPH_SHARE,
    load: loadHnswlib
  })
  const scopes = new ScopeTable(connection)
  const sessions = new SessionTable(connection)
  const entries = new EntryTable(connection)
  const memories = new MemoryTable(connection, sessions, fingerprint)
  const queries = new MemoryQueries(connection)
  const checkpointer = new WalCheckpointer(connection)
  const commits = new CommitQueue(connection, checkpointer)
  const maxBytes = settings.cacheBytes
  const indexes = new IndexCache(connection, scopes, {
    dimensions,
    settings: fingerprint,
    maxBytes,
    graphs,
    commits,
    background,
    awaitGraphs
  })
  const tables = { connection, commits, scopes, memories, sessions, entries, queries, graphs }
  const eraser = new Eraser({ ...tables, onRemoved: (rows) => indexes.removed(rows) })
  const staging = new Staging({ connection, commits, scopes, memories })
  const closedReason = () => connection.closedReason
  const services: StoreServices = { ...tables, dropOrder: new DropOrder(connection), indexes, eraser }
  const store = makeStore(services)
  const admin = makeAdmin({ ...services, checkpointer, staging, background, mode: settings.mode })
  return {
    connection,
    store: checkedStore(store, { fingerprint, closedReason, mode: settings.mode }),
    admin: checkedAdmin(admin, closedReason),
    eraser
  }
}

type Opened = ReturnType<typeof makeServices>

/** Graphs were once saved beside a link to the file: a removal through another link left them. */
const dropGraphsBesideLink = ({ path, realPath }: Connection): Effect.Effect<void, MemoryError> =>
  // The folder's own links change nothing.
  join(resolveLinks(dirname(path)), basename(path)) === realPath
    ? Effect.void
    : Effect.tryPromise({
        try: () => rm(graphFolder(path), { recursive: true, force: true }),
        catch: (error) => toMemoryError(path, error)
      })

/** A failure keeps no one out: the next open tries again. */
const finishErasures = ({ connection, eraser }: Opened): Effect.Effect<void> =>
  eraser.finish.pipe(
    Effect.catch((error) =>
      warn(`What was being erased in ${connection.path} when a process ended is not erased yet.`, error)
    )
  )

const make = Effect.fnUntraced(function* (options: HnswOptions, awaitGraphs: boolean) {
  const fingerprint = yield* StoreFingerprint
  const settings = yield* checkOptions(options, fingerprint.embedding?.dimensions ?? 0)
  const open = Effect.gen(function* () {
    const connection = yield* openConnection(settings, fingerprint)
    if (!settings.mode.readOnly) yield* dropGraphsBesideLink(connection)
    const background = yield* EffectScope.make()
    return yield* Effect.try({
      try: () => makeServices(connection, fingerprint, settings, background, awaitGraphs),
      // Statements that do not fit the tables.
      catch: (error) => {
        connection.db.close()
        return toMemoryError(connection.path, error)
      }
    })
  })
  const opened = yield* open
  if (!settings.mode.readOnly) yield* finishErasures(opened)
  return settings.mode.readOnly ? reopenWhenOutdated(opened, open) : opened
})

/** @param awaitGraphs searches wait for a graph that is due, so that tests search through it */
export const makeLayer = (
  options: HnswOptions,
  awaitGraphs: boolean
): Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint> =>
  Layer.effectContext(
    Effect.map(
      Effect.acquireRelease(make(options, awaitGraphs), ({ admin }) => admin.close),
      ({ admin, store }) => Context.make(MemoryStore, store).pipe(Context.add(StoreAdmin, admin))
    )
  )

const layer = (options: HnswOptions): Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint> =>
  makeLayer(options, false)

/**
 * The embedded store: one SQLite file, searched in process. Several stores and several processes may open the same
 * file; each sees what the others have acknowledged.
 */
export const HnswStore = {
  /**
   * Fails with `InvalidInput` for an option that cannot be used, `Unauthorized` if the file may not be written,
   * `Corrupt` for a file that is not a store, `FingerprintMismatch` for a file filled with another embedder, `NotFound`
   * for one that is not there and is to be opened read-only.
   */
  layer,
  /** Like `layer`, from configuration. */
  layerConfig: (
    options: Config.Wrap<HnswOptions>
  ): Layer.Layer<MemoryStore | StoreAdmin, MemoryError | Config.ConfigError, StoreFingerprint> =>
    Layer.unwrap(Effect.map(Config.unwrap(options), layer))
}
