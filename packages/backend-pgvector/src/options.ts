import type { PGliteInterface } from "@electric-sql/pglite"
import { invalidInput, type StoreOptions } from "@keepsake/core/driver"
import type * as Redacted from "effect/Redacted"
import type { Pool } from "pg"

/** A pool that the store makes and closes. */
export interface UrlConnection {
  /** `postgres://user:password@host:port/database`, optionally with `?sslmode=…`. */
  readonly url: Redacted.Redacted
  /** A standby that answers reads. What it lacks, or fails at, the primary answers. */
  readonly readUrl?: Redacted.Redacted | undefined
  /** Time for which a scope is read from the primary after this handle wrote to it; default 5,000. More than the standby's lag. */
  readonly readAfterWriteMs?: number | undefined
  /** Connections; default 10. */
  readonly poolSize?: number | undefined
  /** Time after which PostgreSQL cancels a statement; default 30,000, 0 for never. */
  readonly statementTimeoutMs?: number | undefined
  /** Time to wait for a free or new connection; default 10,000. */
  readonly connectTimeoutMs?: number | undefined
}

/** The application's pool: never closed, its timeouts stay as they are. */
export interface PoolConnection {
  readonly pool: Pool
}

/** PGlite in process, created with the extension of `@electric-sql/pglite-pgvector`; never closed. */
export interface PGliteConnection {
  readonly pglite: PGliteInterface
}

/** Settings that hold for each kind of connection. */
export interface PgVectorSettings extends StoreOptions {
  /** Created if missing; default `keepsake`. */
  readonly schema?: string | undefined
  /** Prefix of each table name, for several stores in one schema; up to 20 characters. */
  readonly tablePrefix?: string | undefined
  /** Half-precision vectors: half the space, cosines to about three digits. Fixed when the store is created. */
  readonly halfvec?: boolean | undefined
  /**
   * PostgreSQL isolates scopes too: by policies, and with each call a transaction that names its scope. Stays on for
   * every handle once a store has it.
   */
  readonly rowLevelSecurity?: boolean | undefined
  /** False for poolers that break prepared statements; default true. */
  readonly namedStatements?: boolean | undefined
  /** Number of rows at which the store tunes a scope by itself, as `tuneScope` does; default never. */
  readonly autoTuneRows?: number | undefined
}

/** A connection (`url`, `pool` or `pglite`) and the settings. */
export type PgVectorOptions = (UrlConnection | PoolConnection | PGliteConnection) & PgVectorSettings

const LIMITS = {
  poolSize: [1, 1_000],
  statementTimeoutMs: [0, 86_400_000],
  connectTimeoutMs: [1, 600_000],
  readAfterWriteMs: [0, 3_600_000],
  autoTuneRows: [1_000, 1_000_000_000]
} as const

/** Throws `InvalidInput` that names the field. */
export const checkOptions = (options: PgVectorOptions): void => {
  const connections = ["url", "pool", "pglite"].filter((name) => Reflect.get(options, name) !== undefined)
  if (connections.length !== 1) {
    throw invalidInput(
      "url",
      `give exactly one of url, pool and pglite${connections.length === 0 ? "" : `, not ${connections.join(" and ")}`}.`
    )
  }
  for (const [name, [min, max]] of Object.entries(LIMITS)) {
    const value: unknown = Reflect.get(options, name)
    if (value === undefined) continue
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw invalidInput(name, `must be a whole number from ${min} to ${max}.`)
    }
  }
}
