import {
  checkedStore,
  type Fingerprint,
  invalidInput,
  type Memory,
  type MemoryError,
  MemoryStore,
  type RemoveTarget,
  type Scope,
  StoreAdmin,
  StoreFingerprint,
  STORE_LIMITS
} from "@keepsake/core/driver"
import { Config, Context, Effect, Exit, Layer, Scope as EffectScope } from "effect"
import { WalCheckpointer } from "./connection/WalCheckpointer.ts"
import { type Connection, MOVED, openConnection } from "./connection/Connection.ts"
import { ERASED, Eraser } from "./erase/Eraser.ts"
import { GraphStore } from "./graph/GraphStore.ts"
import { loadHnswlib } from "./graph/hnswlib.ts"
import { IndexCache } from "./search/IndexCache.ts"
import { pause } from "./connection/pause.ts"
import { MemoryQueries } from "./tables/MemoryQueries.ts"
import { changeOf, MemoryTable } from "./tables/MemoryTable.ts"
import { CLOSED } from "./codec/memoryRow.ts"
import { ScopeTable } from "./tables/ScopeTable.ts"
import { isBusy, toMemoryError } from "./connection/errors.ts"
import { Staging } from "./admin/Staging.ts"
import { CommitQueue } from "./connection/CommitQueue.ts"

/** Where the file is, and how much may be held in memory. */
export interface HnswOptions {
  /** The file; it is created, with its folder, where there is none. Beside it SQLite keeps `-wal` and `-shm`. */
  readonly path: string
  /** Bytes for search structures of the scopes used last; 256 MiB unless said otherwise. One scope larger than this is served alone. */
  readonly cacheBytes?: number | undefined
  /**
   * `full` (the default) waits for the disk at every write: what was acknowledged survives a power loss. `normal`
   * leaves that to the operating system: a killed process loses nothing, a power loss may lose the last writes,
   * never older ones.
   */
  readonly synchronous?: "full" | "normal" | undefined
  /**
   * Rows from which a scope is searched through a graph (approximate: how much it finds depends on the data), where the optional peer
   * hnswlib-node is installed. Unless said otherwise it is where rows × dimensions reach 40 million; `Infinity` for
   * never. Half of `cacheBytes` is the graphs' then; one that alone would fill that is not used.
   */
  readonly graphFromRows?: number | undefined
}

const CACHE_BYTES = 256 * 2 ** 20
/** How long opening waits for a process that is creating or recovering the file. */
const OPEN_LIMIT_MS = 10_000
const OPEN_PAUSE_MS = 5
/** Rows × dimensions from which a scope gets a graph. Below, the exact scan is as fast or nearly so (20,000 × 384: 0.8 ms) and misses nothing. */
const GRAPH_FROM = 40_000_000

const checkOptions = ({ cacheBytes, graphFromRows, path }: HnswOptions): MemoryError | null => {
  if (path === "" || path === ":memory:" || path.includes("\u0000")) {
    return invalidInput(
      "path",
      "name a file; for a store that is not kept, use InMemoryStore of @keepsake/core"
    )
  }
  if (cacheBytes !== undefined && !(Number.isSafeInteger(cacheBytes) && cacheBytes >= 0)) {
    return invalidInput("cacheBytes", "a whole number of bytes, 0 or more")
  }
  if (graphFromRows !== undefined && !(graphFromRows >= 1)) {
    return invalidInput("graphFromRows", "a number of rows, 1 or more; Infinity for no graphs")
  }
  return null
}

const open = (
  options: HnswOptions,
  given: Fingerprint,
  since = performance.now()
): Effect.Effect<Connection, MemoryError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(
        openConnection(options.path, given, { synchronous: options.synchronous ?? "full" })
      )
    } catch (error) {
      const wait = isBusy(error) && performance.now() - since < OPEN_LIMIT_MS
      return wait
        ? Effect.andThen(pause(OPEN_PAUSE_MS), open(options, given, since))
        : Effect.fail(toMemoryError(options.path, error))
    }
  })

/** Graphs have this share of the cache to themselves: the arena of the vectors never gives memory back to them. */
const GRAPH_SHARE = 0.5

/** The parts of an open store. */
const partsOf = (
  connection: Connection,
  dimensions: number,
  options: HnswOptions & { readonly background: EffectScope.Closeable; readonly awaitGraphs: boolean }
) => {
  const { db, generation, path } = connection
  const { awaitGraphs, background } = options
  const maxBytes = options.cacheBytes ?? CACHE_BYTES
  const fromRows = options.graphFromRows ?? Math.ceil(GRAPH_FROM / Math.max(1, dimensions))
  const graphs = new GraphStore({
    path,
    generation,
    dimensions,
    fromRows,
    maxBytes: maxBytes * GRAPH_SHARE,
    load: loadHnswlib
  })
  const scopes = new ScopeTable(connection)
  const records = new MemoryTable(connection)
  const reader = new MemoryQueries(db, generation)
  const checkpoints = new WalCheckpointer(connection)
  const writer = new CommitQueue(connection, checkpoints)
  const cache = new IndexCache(connection, scopes, {
    dimensions,
    maxBytes,
    graphs,
    background,
    awaitGraphs
  })
  const eraser = new Eraser(connection, writer, scopes, records, reader, graphs)
  const staging = new Staging(connection, writer, scopes, records)
  return {
    connection,
    scopes,
    records,
    reader,
    writer,
    cache,
    eraser,
    staging,
    graphs,
    checkpoints,
    background
  }
}
type Parts = ReturnType<typeof partsOf>

/** Reads at once: `read` gets the scope's number, `empty` is for a scope without rows. */
const reading =
  ({ connection, scopes }: Parts) =>
  <A>(scope: Scope, empty: A, read: (sid: number) => A): Effect.Effect<A, MemoryError> =>
    Effect.suspend(() => {
      try {
        connection.assertServing()
        const row = scopes.find(scope)
        return Effect.succeed(row === null ? empty : read(row.sid))
      } catch (error) {
        return Effect.fail(toMemoryError(connection.path, error))
      }
    })

const removing = ({ eraser }: Parts, scope: Scope, target: RemoveTarget) => {
  if (target._tag === "Ids") return eraser.removeIds(scope, target.ids)
  return eraser.removeMatching(scope, target._tag === "All" ? {} : target.filter)
}

const storeOf = (parts: Parts): MemoryStore["Service"] => {
  const { cache, reader, records, scopes, writer } = parts
  const read = reading(parts)
  return {
    put: ({ now, rows, scope }) =>
      writer.write(() => {
        if (rows.length === 0) return []
        const change = changeOf(scopes.findOrCreate(scope))
        const results = rows.map((row) => ({
          id: row.memory.id,
          outcome: records.put(scope, change, row, now)
        }))
        scopes.save(change)
        return results
      }, rows.length),

    get: ({ ids, now, scope }) =>
      read(scope, new Array<Memory>(), (sid) =>
        ids.flatMap((id) => {
          const memory = records.byId(scope, sid, id)?.memory
          return memory === undefined || (memory.expiresAt !== null && memory.expiresAt <= now)
            ? []
            : [memory]
        })
      ),

    search: (request) =>
      cache.use(
        request.scope,
        (index) =>
          index?.search(request) ?? {
            hits: [],
            n: 0,
            df: Array.from(request.terms ?? [], () => 0)
          }
      ),

    around: (request) => cache.use(request.scope, (index) => index?.around(request) ?? []),

    speakers: ({ now, scope }) =>
      cache.use(scope, (index) => (index?.speakers(now) ?? []).slice(0, STORE_LIMITS.speakers)),

    lastTurn: ({ scope, sessionId }) => read(scope, null, (sid) => reader.lastTurn(scope, sid, sessionId)),

    list: (request) =>
      read(request.scope, { rows: [], next: null }, (sid) => {
        const { next, rows } = reader.list(sid, request)
        return { rows: rows.map((row) => row.memory), next }
      }),

    listRows: (request) => read(request.scope, { rows: [], next: null }, (sid) => reader.list(sid, request)),

    latest: (request) => cache.use(request.scope, (index) => index?.latest(request) ?? []),

    patch: ({ change: fields, id, now, scope }) =>
      writer.write(() => {
        const row = scopes.find(scope)
        if (row === null) return null
        const change = changeOf(row)
        const memory = records.patch(scope, change, id, fields, now)
        if (memory !== null) scopes.save(change)
        return memory
      }),

    supersede: ({ id, now, row, scope }) =>
      writer.write(() => {
        const change = changeOf(scopes.findOrCreate(scope))
        const outcome = records.put(scope, change, row, now)
        const closed = outcome !== "conflict" && records.close(scope, change, id, row.memory.id, now)
        scopes.save(change)
        return { outcome, closed }
      }),

    remove: ({ scope, target }) => removing(parts, scope, target),

    touch: ({ ids, now, scope }) => {
      const distinct = Array.from(new Set(ids))
      const count = writer.write(() => {
        const row = scopes.find(scope)
        if (row === null) return null
        for (const id of distinct) records.touch(row.sid, id, now)
        scopes.touch(row.sid)
        return row.touched + 1
      })
      return Effect.map(count, (touched) => {
        if (touched !== null) cache.touched(scope, distinct, now, touched)
      })
    },

    count: ({ filter, lifetime, now, scope }) =>
      read(scope, 0, (sid) =>
        lifetime === "any"
          ? reader.count(scope, sid, filter, Number.NEGATIVE_INFINITY, 0)
          : reader.count(scope, sid, filter, now, CLOSED)
      )
  }
}

const adminOf = ({
  background,
  cache,
  checkpoints,
  connection,
  eraser,
  graphs,
  scopes,
  staging,
  writer
}: Parts): StoreAdmin["Service"] => {
  const attempt = <A>(body: () => A): Effect.Effect<A, MemoryError> =>
    Effect.try({
      try: () => {
        connection.assertServing()
        return body()
      },
      catch: (error) => toMemoryError(connection.path, error)
    })
  return {
    backend: "hnsw",
    erasure: ERASED,
    expire: ({ limit, now }) => eraser.removeExpired(now, limit),
    scopes: ({ after, limit }) => attempt(() => scopes.page(after, limit)),
    eraseUser: ({ userId }) => eraser.removeUser(userId),
    fingerprint: Effect.flatMap(
      attempt(() => connection.fingerprint("fingerprint")),
      (stored) =>
        stored === null
          ? Effect.fail(toMemoryError(connection.path, new RangeError("The file has no fingerprint")))
          : Effect.succeed(stored)
    ),
    stage: (next) => staging.stage(next),
    unstaged: ({ limit }) => staging.unstaged(limit),
    fillStage: (rows) => staging.fill(rows),
    commitStage: staging.commit.pipe(
      // What the old space held is erased like anything removed.
      Effect.andThen(eraser.erase),
      Effect.andThen(Effect.mapError(graphs.forgetAll, (error) => toMemoryError(connection.path, error))),
      Effect.andThen(Effect.sync(() => connection.refuse(MOVED)))
    ),
    dropStage: Effect.asVoid(Effect.andThen(staging.drop, eraser.erase)),
    close: writer.drained.pipe(
      Effect.andThen(checkpoints.close),
      Effect.andThen(EffectScope.close(background, Exit.void)),
      Effect.andThen(
        Effect.sync(() => {
          connection.close("This store is closed.")
          cache.clear()
        })
      )
    )
  }
}

const make = Effect.fnUntraced(function* (options: HnswOptions, awaitGraphs: boolean) {
  const problem = checkOptions(options)
  if (problem !== null) return yield* problem
  const given = yield* StoreFingerprint
  const connection = yield* open(options, given)
  const background = yield* EffectScope.make()
  const parts = partsOf(connection, given.embedding?.dimensions ?? 0, { ...options, background, awaitGraphs })
  return { store: checkedStore(storeOf(parts), given), admin: adminOf(parts) }
})

/** @param awaitGraphs searches wait until a graph that is due is there, so that tests search through it */
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
 * The embedded store: one SQLite file, searched in process. Several stores, and several processes, may have one
 * file open; each sees what the others have acknowledged.
 */
export const HnswStore = {
  /**
   * Fails with `InvalidInput` for unusable options, `Unauthorized` where the file may not be written, `Corrupt` for
   * a file that is not a store, `FingerprintMismatch` for one that was filled with another embedder.
   */
  layer,
  /** The same from configuration. */
  layerConfig: (
    options: Config.Wrap<HnswOptions>
  ): Layer.Layer<MemoryStore | StoreAdmin, MemoryError | Config.ConfigError, StoreFingerprint> =>
    Layer.unwrap(Effect.map(Config.unwrap(options), layer))
}
