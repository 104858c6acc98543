/** Brings a database to what this version needs, and tells how it is laid out. */
import {
  Conflict,
  type Fingerprint,
  fingerprintMismatch,
  FingerprintSchema,
  invalidInput,
  MemoryError,
  sameFingerprint,
  Unauthorized,
  Unsupported
} from "@keepsake/core/driver"
import { Schema } from "effect"
import type { Database, Row, DbSession } from "../connection/Database.ts"
import { codeOf } from "../connection/errors.ts"
import type { Identifiers } from "./identifiers.ts"
import { Parameters } from "../connection/Parameters.ts"
import { MIGRATIONS, migrationsTable, rowLevelSecurity } from "./schema.ts"
import {
  DIMENSIONS_MAX,
  type StatementLayout,
  type EmbeddingColumns,
  type VectorType
} from "./EmbeddingColumns.ts"

/** `[major, minor]`: iterative scans, which a filtered HNSW search needs, came with 0.8. */
const PGVECTOR_MIN: readonly [number, number] = [0, 8]
/** `unnest` of several arrays, covering indexes, multi-column triggers: 13 is the oldest that pgvector 0.8 builds on. */
const SERVER_MIN = 130_000

export interface OpenOptions {
  readonly names: Identifiers
  readonly fingerprint: Fingerprint
  /** `undefined`: as the database is; `vector` for a new one. */
  readonly vectorType: VectorType | undefined
  readonly rowLevelSecurity: boolean
}

export interface Opened {
  readonly layout: StatementLayout
  /** Statements must say whose rows they want. */
  readonly rowLevelSecurity: boolean
}

const LATEST = MIGRATIONS.at(-1)?.version ?? 0

const unsupported = (message: string): MemoryError =>
  new MemoryError({ reason: new Unsupported({ message }) })

/** `pgvector 0.8.0` as numbers. */
const tooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major < PGVECTOR_MIN[0] || (major === PGVECTOR_MIN[0] && minor < PGVECTOR_MIN[1])
}

const text = (value: unknown): string | null => (typeof value === "string" ? value : null)
const only = (rows: ReadonlyArray<Row>): Row => rows[0] ?? []

interface ServerFacts {
  readonly server: number
  readonly extensionVersion: string | null
  readonly extension: string | null
  readonly vectorOid: number
  readonly schemaExists: boolean
  readonly migrated: boolean
}

const inspect = async (session: DbSession, names: Identifiers): Promise<ServerFacts> => {
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
  const [server, version, extension, oid, schemaExists, migrated] = only(await session.query(statement))
  return {
    server: Number(server),
    extensionVersion: text(version),
    extension: text(extension),
    vectorOid: Number(oid),
    schemaExists: schemaExists === true,
    migrated: migrated === true
  }
}

/** Throws what is wrong with the server or its extension, and what to run. */
const checkServer = (facts: ServerFacts): void => {
  if (facts.server < SERVER_MIN) {
    throw unsupported(
      `PostgreSQL ${Math.floor(facts.server / 10_000)} is too old: pgvector 0.8 and this store need 13 or newer.`
    )
  }
  if (facts.extensionVersion !== null && tooOld(facts.extensionVersion)) {
    throw unsupported(
      `pgvector ${facts.extensionVersion} is too old: ${PGVECTOR_MIN.join(".")} or newer is needed. Install it on the server, then run \`alter extension vector update\` in this database.`
    )
  }
}

const createExtension = async (session: DbSession): Promise<void> => {
  try {
    await session.execute("create extension if not exists vector")
  } catch (cause) {
    const code = codeOf(cause)
    const message =
      code === "42501"
        ? "This database has no pgvector extension, and the role may not create it: have a superuser run `create extension vector` in this database."
        : "This server has no pgvector: install it (Debian: `apt-get install postgresql-<version>-pgvector`), then run `create extension vector` in this database."
    throw new MemoryError({ reason: new Unsupported({ message, cause }) })
  }
}

const createSchema = async (session: DbSession, names: Identifiers): Promise<void> => {
  try {
    await session.execute(`create schema if not exists ${names.schema}`)
  } catch (cause) {
    if (codeOf(cause) !== "42501") throw cause
    throw new MemoryError({
      reason: new Unauthorized({
        message: `The role may not create the schema ${names.schemaName}: run \`create schema ${names.schemaName} authorization <role>\` as an administrator, or give the option \`schema\` another value.`,
        cause
      })
    })
  }
}

const versionOf = async (session: DbSession, names: Identifiers): Promise<number> => {
  const statement = {
    operation: "version",
    text: `select coalesce(max(version), 0) from ${names.table("migrations")}`,
    values: []
  }
  return Number(only(await session.query(statement))[0])
}

const checkVersion = (version: number): void => {
  if (version <= LATEST) return
  throw unsupported(
    `The database is at schema version ${version}, this package knows ${LATEST}: upgrade @keepsake/backend-pgvector. Nothing was changed.`
  )
}

interface StoredSettings {
  readonly fingerprint: Fingerprint
  readonly space: number
  readonly staged: Fingerprint | null
  readonly vectorType: VectorType
  readonly rowLevelSecurity: boolean
}

const decodeFingerprint = Schema.decodeUnknownSync(FingerprintSchema)

export const readSettings = async (session: DbSession, names: Identifiers): Promise<StoredSettings> => {
  const statement = {
    operation: "settings",
    text: `select fingerprint, space, staged, vector_type, row_level_security from ${names.table("settings")}`,
    values: []
  }
  const [fingerprint, space, staged, vectorType, secured] = only(await session.query(statement))
  return {
    fingerprint: decodeFingerprint(fingerprint),
    space: Number(space),
    staged: staged === null ? null : decodeFingerprint(staged),
    vectorType: vectorType === "halfvec" ? "halfvec" : "vector",
    rowLevelSecurity: secured === true
  }
}

/** Throws for dimensions that would not fit a row beside its page. */
export const checkDimensions = (dimensions: number | null, vectorType: VectorType): void => {
  if (dimensions === null || dimensions <= DIMENSIONS_MAX[vectorType]) return
  const advice =
    dimensions <= DIMENSIONS_MAX.halfvec && vectorType === "vector" ? "set halfvec: true, or use" : "use"
  throw invalidInput(
    "dimensions",
    `${dimensions} are more than a ${vectorType} column keeps inside its row (${DIMENSIONS_MAX[vectorType]}): ${advice} an embedder with fewer (many models can shorten their vectors).`
  )
}

export const spaceOf = (
  number: number,
  fingerprint: Fingerprint,
  vectorType: VectorType,
  extension: string
): EmbeddingColumns => ({
  number,
  dimensions: fingerprint.embedding?.dimensions ?? null,
  vectorType,
  extension
})

/** Serialises migrations, moves and tuning of one schema and prefix. */
export const lockStatement = (names: Identifiers, operation = "lock") => {
  const p = new Parameters()
  return p.statement(
    operation,
    `select pg_advisory_xact_lock(hashtext('keepsake'), hashtext(${p.add(names.table("settings"))}::text))`
  )
}

const insertSettings = (options: OpenOptions, vectorType: VectorType) => {
  const p = new Parameters()
  return p.statement(
    "insert_settings",
    `insert into ${options.names.table("settings")} (fingerprint, space, vector_type, row_level_security)
values (${p.add(JSON.stringify(options.fingerprint))}::jsonb, 1, ${p.add(vectorType)}, false)`
  )
}

const migrate = async (session: DbSession, options: OpenOptions): Promise<void> => {
  const { names } = options
  await session.query(lockStatement(names))
  let facts = await inspect(session, names)
  if (facts.extension === null) {
    await createExtension(session)
    facts = await inspect(session, names)
  }
  checkServer(facts)
  if (!facts.schemaExists) await createSchema(session, names)
  if (!facts.migrated) await session.execute(migrationsTable(names))
  const version = await versionOf(session, names)
  checkVersion(version)
  const vectorType =
    version === 0 ? (options.vectorType ?? "vector") : (await readSettings(session, names)).vectorType
  if (version === 0) checkDimensions(options.fingerprint.embedding?.dimensions ?? null, vectorType)
  const settings = version === 0 ? null : await readSettings(session, names)
  const space = spaceOf(
    settings?.space ?? 1,
    settings?.fingerprint ?? options.fingerprint,
    vectorType,
    facts.extension ?? "public"
  )
  for (const migration of MIGRATIONS) {
    if (migration.version <= version) continue
    for (const command of migration.up(names, space)) await session.execute(command)
    const p = new Parameters()
    await session.query(
      p.statement(
        "migrated",
        `insert into ${names.table("migrations")} (version, name) values (${p.add(migration.version)}::int, ${p.add(migration.name)})`
      )
    )
  }
  if (settings === null) await session.query(insertSettings(options, vectorType))
  if (options.rowLevelSecurity && settings?.rowLevelSecurity !== true) {
    for (const command of rowLevelSecurity(names)) await session.execute(command)
    await session.execute(`update ${names.table("settings")} set row_level_security = true`)
  }
}

/** What is there, or null when it has to be migrated first. Takes no lock and writes nothing. */
const current = async (session: DbSession, options: OpenOptions): Promise<Opened | null> => {
  const { fingerprint, names, vectorType } = options
  const facts = await inspect(session, names)
  checkServer(facts)
  if (facts.extension === null || !facts.migrated) return null
  const version = await versionOf(session, names)
  checkVersion(version)
  if (version < LATEST) return null
  const settings = await readSettings(session, names)
  if (options.rowLevelSecurity && !settings.rowLevelSecurity) return null
  if (!sameFingerprint(settings.fingerprint, fingerprint))
    throw fingerprintMismatch(settings.fingerprint, fingerprint)
  if (vectorType !== undefined && vectorType !== settings.vectorType && fingerprint.embedding !== null) {
    const message = `The store keeps its vectors as ${settings.vectorType}, which is fixed when it is made: leave the option halfvec out, or move to a new space with \`keepsake reembed\`.`
    throw new MemoryError({ reason: new Conflict({ message }) })
  }
  const space = spaceOf(settings.space, settings.fingerprint, settings.vectorType, facts.extension)
  return {
    layout: { names, space, vectorOid: facts.vectorOid },
    rowLevelSecurity: settings.rowLevelSecurity
  }
}

/** Migrates where needed. Ten instances may start at once: one migrates, the others wait and find it done. */
export const openStore = async (database: Database, options: OpenOptions): Promise<Opened> => {
  const found = await current(database, options)
  if (found !== null) return found
  await database.transaction((session) => migrate(session, options))
  const opened = await current(database, options)
  if (opened === null) throw unsupported("The migration left no usable schema: see the server's log.")
  return opened
}
