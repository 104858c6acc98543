import type { PGliteInterface } from "@electric-sql/pglite"
import { invalidInput } from "@keepsake/core/driver"
import type { Redacted } from "effect"
import type { Pool } from "pg"

/** A pool of our own, closed with the store. */
export interface UrlConnection {
  /** `postgres://user:password@host:port/database`, with `?sslmode=…` where wanted. */
  readonly url: Redacted.Redacted
  /** Connections; 10 unless said otherwise. */
  readonly poolSize?: number | undefined
  /** After which PostgreSQL cancels a statement; 30,000 unless said otherwise, 0 for never. */
  readonly statementTimeoutMs?: number | undefined
  /** For a connection to become free or be made; 10,000 unless said otherwise. */
  readonly connectTimeoutMs?: number | undefined
}

/** The application's own pool: used, never closed; its timeouts are the application's. */
export interface PoolConnection {
  readonly pool: Pool
}

/** PGlite in process, made with the extension of `@electric-sql/pglite-pgvector`; never closed. */
export interface PGliteConnection {
  readonly pglite: PGliteInterface
}

/** What a store on PostgreSQL can be told, whichever way it is reached. */
export interface PgVectorSettings {
  /** Made when missing; `keepsake` unless said otherwise. */
  readonly schema?: string | undefined
  /** Before every table's name, for several stores in one schema; at most 20 characters. */
  readonly tablePrefix?: string | undefined
  /** Half-precision vectors: half the space, cosines to about three digits. Fixed when the store is made. */
  readonly halfvec?: boolean | undefined
  /**
   * Scopes are kept apart by PostgreSQL too: policies are made, and every call is a transaction that names its
   * scope. Once a store has it, every handle follows.
   */
  readonly rowLevelSecurity?: boolean | undefined
  /** False for poolers that break prepared statements; true unless said otherwise. */
  readonly namedStatements?: boolean | undefined
  /** Rows from which a scope gets an HNSW index by itself, as by `tuneScope`; never unless given. */
  readonly autoTuneRows?: number | undefined
}

/** How PostgreSQL is reached (`url`, `pool` or `pglite`), and the settings. */
export type PgVectorOptions = (UrlConnection | PoolConnection | PGliteConnection) & PgVectorSettings

const LIMITS = {
  poolSize: [1, 1_000],
  statementTimeoutMs: [0, 86_400_000],
  connectTimeoutMs: [1, 600_000],
  autoTuneRows: [1_000, 1_000_000_000]
} as const

/** Throws `InvalidInput`, naming the field. */
export const checkOptions = (options: PgVectorOptions): void => {
  const given = ["url", "pool", "pglite"].filter((name) => Reflect.get(options, name) !== undefined)
  if (given.length !== 1) {
    throw invalidInput(
      "url",
      `give exactly one of url, pool and pglite${given.length === 0 ? "" : `, not ${given.join(" and ")}`}.`
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
