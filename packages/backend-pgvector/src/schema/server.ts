/** The server and its `vector` extension: their versions, and what to run where one is missing or too old. */
import { MemoryError, type StoreAdvice, Unauthorized, Unsupported, unsupported } from "@keepsake/core/driver"
import type { DbSession, Row, Rows } from "../connection/Database.ts"
import { errorCode } from "../connection/errors.ts"
import { Parameters } from "../connection/Parameters.ts"
import type { Identifiers } from "./identifiers.ts"

type Version = readonly [major: number, minor: number, patch: number]

/** 0.8 brought iterative scans, which a filtered HNSW search needs. */
const PGVECTOR_MIN: Version = [0, 8, 0]
const PGVECTOR_REPAIRED: Version = [0, 8, 4]
/** The oldest server that pgvector 0.8 builds on. */
const SERVER_MIN = 130_000

export const firstRow = (rows: Rows): Row => rows[0] ?? []

const stringOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null)

export interface ServerFacts {
  readonly server: number
  readonly extensionVersion: string | null
  /** Quoted schema of the extension. */
  readonly extension: string | null
  readonly vectorOid: number
  readonly schemaExists: boolean
  readonly migrated: boolean
}

export const inspectServer = async (session: DbSession, names: Identifiers): Promise<ServerFacts> => {
  const p = new Parameters()
  const statement = p.statement(
    "inspect",
    `select current_setting('server_version_num')::int, e.extversion, quote_ident(en.nspname), t.oid::int8,
  exists (select from pg_namespace where nspname = ${p.add(names.schemaName)}),
  to_regclass(${p.add(names.table("migrations"))}) is not null
from (select 1) one
left join pg_extension e on e.extname = 'vector'
left join pg_namespace en on en.oid = e.extnamespace
left join pg_type t on t.typname = 'vector' and t.typnamespace = e.extnamespace`
  )
  const [server, version, extension, oid, schemaExists, migrated] = firstRow(await session.query(statement))
  return {
    server: Number(server),
    extensionVersion: stringOrNull(version),
    extension: stringOrNull(extension),
    vectorOid: Number(oid),
    schemaExists: schemaExists === true,
    migrated: migrated === true
  }
}

/** Takes a version such as `0.8.0`. */
const isBelow = (version: string, least: Version): boolean => {
  const parts = version.split(".").map(Number)
  const i = least.findIndex((part, at) => parts[at] !== part)
  return i >= 0 && (parts[i] ?? 0) < (least[i] ?? 0)
}

/** What is known to be wrong with the server's pgvector. */
export const adviseServer = ({ extensionVersion }: ServerFacts): ReadonlyArray<StoreAdvice> =>
  extensionVersion === null || !isBelow(extensionVersion, PGVECTOR_REPAIRED)
    ? []
    : [
        {
          problem: `pgvector ${extensionVersion} has faults that ${PGVECTOR_REPAIRED.join(".")} mends (a parallel build or a vacuum may damage an HNSW index)`,
          fix: `Install ${PGVECTOR_REPAIRED.join(".")} or newer on the server, then run \`alter extension vector update\` in this database.`
        }
      ]

/** Throws for a server or extension that is too old; the message says what to run. */
export const checkServer = (facts: ServerFacts): void => {
  if (facts.server < SERVER_MIN) {
    throw unsupported(
      `PostgreSQL ${Math.floor(facts.server / 10_000)} is too old: pgvector 0.8 and this store need 13 or newer.`
    )
  }
  if (facts.extensionVersion !== null && isBelow(facts.extensionVersion, PGVECTOR_MIN)) {
    throw unsupported(
      `pgvector ${facts.extensionVersion} is too old: 0.8 or newer is needed. Install it on the server, then run \`alter extension vector update\` in this database.`
    )
  }
}

export const createExtension = async (session: DbSession): Promise<void> => {
  // Schemas of a new database may be opened at the same time, and only one of them creates what they share.
  await session.execute("select pg_advisory_xact_lock(hashtext('keepsake'), hashtext('extension'))")
  try {
    await session.execute("create extension if not exists vector")
  } catch (cause) {
    const message =
      errorCode(cause) === "42501"
        ? "This database has no pgvector extension, and the role may not create it: have a superuser run `create extension vector` in this database."
        : "This server has no pgvector: install it (Debian: `apt-get install postgresql-<version>-pgvector`), then run `create extension vector` in this database."
    throw new MemoryError({ reason: new Unsupported({ message, cause }) })
  }
}

export const createSchema = async (session: DbSession, names: Identifiers): Promise<void> => {
  try {
    await session.execute(`create schema if not exists ${names.schema}`)
  } catch (cause) {
    if (errorCode(cause) !== "42501") throw cause
    throw new MemoryError({
      reason: new Unauthorized({
        message: `The role may not create the schema ${names.schemaName}: run \`create schema ${names.schemaName} authorization <role>\` as an administrator, or give the option \`schema\` another value.`,
        cause
      })
    })
  }
}
