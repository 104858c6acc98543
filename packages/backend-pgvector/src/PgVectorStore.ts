import {
  checkedStore,
  invalidInput,
  type MemoryError,
  MemoryStore,
  StoreAdmin,
  StoreFingerprint
} from "@keepsake/core/driver"
import { Config, Context, Effect, FiberSet, Layer, Redacted } from "effect"
import { Pool } from "pg"
import { CLOSED, makeAdmin, makePgVectorAdmin, PgVectorAdmin } from "./admin/admin.ts"
import type { Database } from "./connection/Database.ts"
import { toMemoryError } from "./connection/errors.ts"
import { identifiersOf } from "./schema/identifiers.ts"
import { openStore } from "./schema/openSchema.ts"
import { checkOptions, type PgVectorOptions, type UrlConnection } from "./options.ts"
import { pgliteDatabase } from "./connection/pgliteDatabase.ts"
import { poolDatabase } from "./connection/poolDatabase.ts"
import { makeStatementRunner } from "./connection/StatementRunner.ts"
import { makeStore } from "./store.ts"
import { makeTuning } from "./tuning/tuning.ts"

const POOL_SIZE = 10
const STATEMENT_TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 10_000

const ownPool = (options: UrlConnection): Pool => {
  const url = Redacted.value(options.url)
  if (!/^postgres(ql)?:\/\//u.test(url))
    throw invalidInput("url", "must begin with postgres:// or postgresql://.")
  const timeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS
  return new Pool({
    connectionString: url,
    max: options.poolSize ?? POOL_SIZE,
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    application_name: "keepsake",
    allowExitOnIdle: true,
    // Said on the session and not at its start: poolers refuse unknown startup options. Compiling a statement that
    // runs for a millisecond takes a hundred, so no JIT; planning a search takes as long as running it, and every plan
    // goes by the scope, so one plan serves all values.
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool waits for it, whatever its types say
    onConnect: async (client) => {
      await client.query(
        `set statement_timeout = ${timeoutMs}; set jit = off; set plan_cache_mode = force_generic_plan`
      )
    }
  })
}

const connect = (options: PgVectorOptions): Database => {
  if ("pglite" in options) return pgliteDatabase(options.pglite)
  const namedStatements = options.namedStatements ?? true
  return "pool" in options
    ? poolDatabase(options.pool, { owned: false, namedStatements })
    : poolDatabase(ownPool(options), { owned: true, namedStatements })
}

const make = (options: PgVectorOptions) =>
  Effect.gen(function* () {
    const fingerprint = yield* StoreFingerprint
    const names = yield* Effect.try({
      try: () => {
        checkOptions(options)
        return identifiersOf(options.schema ?? "keepsake", options.tablePrefix ?? "")
      },
      catch: toMemoryError
    })
    const database = yield* Effect.acquireRelease(
      Effect.try({ try: () => connect(options), catch: toMemoryError }),
      (opened) => Effect.promise(() => opened.close().catch(() => {}))
    )
    const { layout, rowLevelSecurity } = yield* Effect.tryPromise({
      try: () =>
        openStore(database, {
          names,
          fingerprint,
          vectorType: options.halfvec === undefined ? undefined : options.halfvec ? "halfvec" : "vector",
          rowLevelSecurity: options.rowLevelSecurity ?? false
        }),
      catch: toMemoryError
    })
    const runner = makeStatementRunner(database, rowLevelSecurity)
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        runner.seal(CLOSED)
        return Effect.promise(runner.drained)
      })
    )
    const fibers = yield* FiberSet.make<void>()
    const tuning = makeTuning(layout, database, runner, {
      autoTuneRows: options.autoTuneRows ?? null,
      background: (work) => Effect.asVoid(FiberSet.run(fibers, work))
    })
    return Context.make(MemoryStore, checkedStore(makeStore(layout, runner, tuning), fingerprint)).pipe(
      Context.add(StoreAdmin, makeAdmin(layout, runner, database)),
      Context.add(PgVectorAdmin, makePgVectorAdmin(layout, runner, tuning))
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
  /** The same from configuration: `layerConfig({ url: Config.Redacted("DATABASE_URL") })`. */
  layerConfig: (options: Config.Wrap<PgVectorOptions>): PgVectorLayer<Config.ConfigError> =>
    Layer.unwrap(Effect.map(Config.unwrap(options), layer))
}
