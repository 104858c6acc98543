import {
  checkedStore,
  invalidInput,
  type Memory,
  MemoryError,
  MemoryStore,
  type RemoveTarget,
  type Scope,
  StoreAdmin,
  StoreFingerprint,
  STORE_LIMITS,
  Timeout
} from "@keepsake/core"
import { Config, Context, Effect, Layer, Schedule } from "effect"
import { type Connection, openConnection } from "./Connection.ts"
import { ERASED, Eraser } from "./Eraser.ts"
import { IndexCache } from "./IndexCache.ts"
import { Reader } from "./Reader.ts"
import { changeOf, Records } from "./Records.ts"
import { CLOSED } from "./row.ts"
import { Scopes } from "./Scopes.ts"
import { isBusy, toMemoryError } from "./sqliteErrors.ts"
import { Staging } from "./Staging.ts"
import { Writer } from "./Writer.ts"

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
}

const CACHE_BYTES = 256 * 2 ** 20
/** How long opening waits for a process that is creating or recovering the file. */
const OPEN_LIMIT = "10 seconds"
const MOVED_HERE = "This store has moved to a new embedding space: open it again with the new embedder."

const checkOptions = ({ cacheBytes, path }: HnswOptions): MemoryError | null => {
  if (path === "" || path === ":memory:" || path.includes("\u0000")) {
    return invalidInput(
      "path",
      "name a file; for a store that is not kept, use InMemoryStore of @keepsake/core"
    )
  }
  if (cacheBytes !== undefined && !(Number.isSafeInteger(cacheBytes) && cacheBytes >= 0)) {
    return invalidInput("cacheBytes", "a whole number of bytes, 0 or more")
  }
  return null
}

const open = Effect.fnUntraced(function* (options: HnswOptions) {
  const problem = checkOptions(options)
  if (problem !== null) return yield* problem
  const given = yield* StoreFingerprint
  const connect = Effect.try({
    try: () => openConnection(options.path, given, { synchronous: options.synchronous ?? "full" }),
    catch: (error) => (isBusy(error) ? ("busy" as const) : toMemoryError(options.path, error))
  })
  return yield* connect.pipe(
    Effect.retry({ while: (error) => error === "busy", schedule: Schedule.spaced("10 millis") }),
    Effect.catchIf(
      (error) => error === "busy",
      () => Effect.never
    ),
    Effect.timeoutOrElse({
      duration: OPEN_LIMIT,
      orElse: () =>
        Effect.fail(
          new MemoryError({
            reason: new Timeout({
              message: `Another process kept ${options.path} locked for ${OPEN_LIMIT}. Try again.`
            })
          })
        )
    })
  )
})

/** The parts of an open store. */
const partsOf = (connection: Connection, dimensions: number, cacheBytes: number) => {
  const { db, generation } = connection
  const scopes = new Scopes(connection)
  const records = new Records(db, generation)
  const reader = new Reader(db, generation)
  const writer = new Writer(connection)
  const cache = new IndexCache(connection, scopes, records, dimensions, cacheBytes)
  const eraser = new Eraser(connection, writer, scopes, records, reader)
  const staging = new Staging(connection, writer, scopes, records)
  return { connection, scopes, records, reader, writer, cache, eraser, staging }
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
  switch (target._tag) {
    case "All":
      return eraser.removeMatching(scope, {})
    case "Filter":
      return eraser.removeMatching(scope, target.filter)
    case "Ids":
      return eraser.removeIds(scope, target.ids)
  }
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
      }),

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

    around: (request) => read(request.scope, [], (sid) => reader.around(sid, request)),

    speakers: ({ now, scope }) =>
      cache.use(scope, (index) => (index?.speakers(now) ?? []).slice(0, STORE_LIMITS.speakers)),

    lastTurn: ({ scope, sessionId }) => read(scope, null, (sid) => reader.lastTurn(scope, sid, sessionId)),

    list: (request) =>
      read(request.scope, { rows: [], next: null }, (sid) => {
        const { next, rows } = reader.list(sid, request)
        return { rows: rows.map((row) => row.memory), next }
      }),

    listRows: (request) => read(request.scope, { rows: [], next: null }, (sid) => reader.list(sid, request)),

    latest: (request) => read(request.scope, [], (sid) => reader.latest(sid, request)),

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

const adminOf = ({ cache, connection, eraser, scopes, staging, writer }: Parts): StoreAdmin["Service"] => {
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
      Effect.andThen(Effect.sync(() => connection.shut(MOVED_HERE)))
    ),
    dropStage: Effect.asVoid(Effect.andThen(staging.drop, eraser.erase)),
    close: Effect.andThen(
      writer.drained,
      Effect.sync(() => {
        connection.close("This store is closed.")
        cache.clear()
      })
    )
  }
}

const make = Effect.fnUntraced(function* (options: HnswOptions) {
  const given = yield* StoreFingerprint
  const connection = yield* open(options)
  const parts = partsOf(connection, given.embedding?.dimensions ?? 0, options.cacheBytes ?? CACHE_BYTES)
  return { store: checkedStore(storeOf(parts), given), admin: adminOf(parts) }
})

const layer = (options: HnswOptions): Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint> =>
  Layer.effectContext(
    Effect.map(
      Effect.acquireRelease(make(options), ({ admin }) => admin.close),
      ({ admin, store }) => Context.make(MemoryStore, store).pipe(Context.add(StoreAdmin, admin))
    )
  )

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
