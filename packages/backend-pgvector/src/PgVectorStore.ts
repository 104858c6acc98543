import {
  checkedAdmin,
  checkedStore,
  invalidInput,
  type MemoryError,
  MemoryStore,
  readMode,
  STORE_CLOSED,
  StoreAdmin,
  StoreFingerprint,
  warn
} from "@keepsake/core/driver"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Pool } from "pg"
import { makeAdmin, makePgVectorAdmin, PgVectorAdmin } from "./admin/admin.ts"
import type { Database } from "./connection/Database.ts"
import { toMemoryError } from "./connection/errors.ts"
import { pgliteDatabase } from "./connection/pgliteDatabase.ts"
import { poolDatabase } from "./connection/poolDatabase.ts"
import { ReadReplica } from "./connection/ReadReplica.ts"
import { makeStatementRunner, type StatementRunner } from "./connection/StatementRunner.ts"
import { checkOptions, type PgVectorOptions, type PgVectorSettings, type UrlConnection } from "./options.ts"
import type { StatementLayout } from "./schema/EmbeddingColumns.ts"
import { makeIdentifiers } from "./schema/identifiers.ts"
import { buildLaterIndexes } from "./schema/laterIndexes.ts"
import { openSchema } from "./schema/openSchema.ts"
import { makeStore } from "./store.ts"
import { makeTuning } from "./tuning/tuning.ts"

const POOL_SIZE = 10
const STATEMENT_TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 10_000
/** Idle time after which a connection is probed, so that no router in between forgets it. */
const KEEP_ALIVE_MS = 10_000

const makePool = (
  options: UrlConnection & PgVectorSettings,
  field: "url" | "readUrl",
  address: Redacted.Redacted
): Pool => {
  const url = Redacted.value(address)
  if (!/^postgres(ql)?:\/\//u.test(url))
    throw invalidInput(field, "must begin with postgres:// or postgresql://.")
  const reads = options.readOnly === true || field === "readUrl"
  const readOnly = reads ? "; set default_transaction_read_only = on" : ""
  const timeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS
  const connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
  const settings = {
    text: `set statement_timeout = ${timeoutMs}; set jit = off; set plan_cache_mode = force_generic_plan${readOnly}`,
    // pg's own limit ends with the handshake.
    query_timeout: connectTimeoutMs
  }
  return new Pool({
    connectionString: url,
    max: options.poolSize ?? POOL_SIZE,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    application_name: "keepsake",
    allowExitOnIdle: true,
    // Set in the session, since poolers refuse unknown startup options. JIT takes 100 ms for a statement of 1 ms.
    // Planning a search takes as long as running it, and a generic plan serves all values: it starts at the scope.
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool awaits it, though its types do not say so
    onConnect: async (client) => {
      await client.query(settings)
    }
  })
}

const connect = (options: PgVectorOptions): Database => {
  if ("pglite" in options) return pgliteDatabase(options.pglite)
  const namedStatements = options.namedStatements ?? true
  return "pool" in options
    ? poolDatabase(options.pool, { owned: false, namedStatements })
    : poolDatabase(makePool(options, "url", options.url), { owned: true, namedStatements })
}

const READ_AFTER_WRITE_MS = 5_000

const connectReplica = (options: PgVectorOptions): ReadReplica | null => {
  if (!("url" in options) || options.readUrl === undefined) return null
  const pool = makePool(options, "readUrl", options.readUrl)
  return new ReadReplica(
    poolDatabase(pool, { owned: true, namedStatements: options.namedStatements ?? true }),
    options.readAfterWriteMs ?? READ_AFTER_WRITE_MS
  )
}

/** The database with its schema open, until the Effect scope closes. */
const openDatabase = Effect.fnUntraced(function* (options: PgVectorOptions) {
  const asked = yield* StoreFingerprint
  const names = yield* Effect.try({
    try: () => {
      checkOptions(options)
      return makeIdentifiers(options.schema ?? "keepsake", options.tablePrefix ?? "")
    },
    catch: toMemoryError
  })
  const database = yield* Effect.acquireRelease(
    Effect.try({ try: () => connect(options), catch: toMemoryError }),
    (opened) => Effect.promise(() => opened.close().catch(() => {}))
  )
  const replica = yield* Effect.acquireRelease(
    Effect.try({ try: () => connectReplica(options), catch: toMemoryError }),
    (opened) => Effect.promise(() => opened?.database.close().catch(() => {}) ?? Promise.resolve())
  )
  const opened = yield* Effect.tryPromise({
    try: () =>
      openSchema(database, {
        names,
        fingerprint: asked,
        vectorType: options.halfvec === undefined ? undefined : options.halfvec ? "halfvec" : "vector",
        rowLevelSecurity: options.rowLevelSecurity ?? false,
        readOnly: options.readOnly ?? false
      }),
    catch: toMemoryError
  })
  for (const { fix, problem } of opened.advice) yield* warn(`keepsake: ${problem}. ${fix}`)
  return { database, replica, ...opened }
})

/** Goes on at the next open where it fails or the process ends. */
const buildInBackground = (runner: StatementRunner, { names }: StatementLayout): Effect.Effect<void> =>
  runner
    .withSession((session) => buildLaterIndexes(session, names))
    .pipe(Effect.catch((error) => warn(`keepsake: an index could not be built: ${error.message}`)))

const make = Effect.fnUntraced(function* (options: PgVectorOptions) {
  const mode = readMode(options)
  const { advice, database, fingerprint, lacksIndexes, layout, replica, rowLevelSecurity } =
    yield* openDatabase(options)
  let reason: string | null = null
  const closedReason = () => reason
  const refuse = (message: string): void => {
    reason ??= message
  }
  const statementTimeoutMs = "url" in options ? (options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS) : 0
  const runner = makeStatementRunner(database, {
    rowLevelSecurity,
    closedReason,
    replica,
    statementTimeoutMs: statementTimeoutMs === 0 ? null : statementTimeoutMs
  })
  const drain = Effect.suspend(() => {
    refuse(STORE_CLOSED)
    return Effect.promise(runner.drained)
  })
  yield* Effect.addFinalizer(() => drain)
  const close = Effect.andThen(
    drain,
    Effect.promise(() => Promise.allSettled([database.close(), replica?.database.close()]))
  )
  const fibers = yield* FiberSet.make<void>()
  const fork = (build: Effect.Effect<void>) => Effect.asVoid(FiberSet.run(fibers, build))
  const tuning = makeTuning(layout, database, runner, {
    autoTuneRows: options.autoTuneRows ?? null,
    writes: !mode.readOnly,
    fork
  })
  if (lacksIndexes && !mode.readOnly) yield* fork(buildInBackground(runner, layout))
  const store = checkedStore(makeStore(layout, runner, tuning), { fingerprint, closedReason, mode })
  const admin = checkedAdmin(
    makeAdmin(layout, runner, { fingerprint, mode, advice }, { refuse, close }),
    closedReason
  )
  return Context.make(MemoryStore, store).pipe(
    Context.add(StoreAdmin, admin),
    Context.add(PgVectorAdmin, makePgVectorAdmin(layout, runner, tuning, mode))
  )
})

type PgVectorLayer<E = never> = Layer.Layer<
  MemoryStore | StoreAdmin | PgVectorAdmin,
  MemoryError | E,
  StoreFingerprint
>

const layer = (options: PgVectorOptions): PgVectorLayer => Layer.effectContext(make(options))

/**
 * Memories in PostgreSQL with pgvector 0.8 or newer.
 *
 * ```ts
 * PgVectorStore.layer({ url: Redacted.make("postgres://localhost/app") })
 * ```
 *
 * Opening migrates the schema under an advisory lock. Fails with `Unsupported` (no or too old pgvector, a newer
 * schema), `Unauthorized`, `Unavailable`, `InvalidInput` (options, a missing database, too many dimensions) or
 * `FingerprintMismatch`.
 */
export const PgVectorStore = {
  layer,
  /** The same layer with its options from configuration: `layerConfig({ url: Config.Redacted("DATABASE_URL") })`. */
  layerConfig: (options: Config.Wrap<PgVectorOptions>): PgVectorLayer<Config.ConfigError> =>
    Layer.unwrap(Effect.map(Config.unwrap(options), layer))
}
