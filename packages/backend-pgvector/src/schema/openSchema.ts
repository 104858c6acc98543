/** Opens a schema, migrates it where needed, and returns its layout. */
import { conflict, type Fingerprint, fingerprintMismatch, sameFingerprint } from "@keepsake/core/driver"
import type { Database, DbSession } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import {
  checkDimensions,
  type EmbeddingColumns,
  type StatementLayout,
  toEmbeddingColumns,
  type VectorType
} from "./EmbeddingColumns.ts"
import type { Identifiers } from "./identifiers.ts"
import { MIGRATIONS, migrationsTable, rowLevelSecurity } from "./schema.ts"
import {
  checkServer,
  createExtension,
  createSchema,
  firstRow,
  inspectServer,
  type ServerFacts,
  unsupported
} from "./server.ts"
import { insertSettings, lockStatement, readSettings } from "./storedSettings.ts"

export interface OpenOptions {
  readonly names: Identifiers
  readonly fingerprint: Fingerprint
  /** `undefined`: that of the database; `vector` for a new one. */
  readonly vectorType: VectorType | undefined
  readonly rowLevelSecurity: boolean
}

export interface OpenedSchema {
  readonly layout: StatementLayout
  /** Each statement must name its scope. */
  readonly rowLevelSecurity: boolean
}

const LATEST = MIGRATIONS.at(-1)?.version ?? 0

const readVersion = async (session: DbSession, names: Identifiers): Promise<number> => {
  const statement = {
    operation: "version",
    text: `select coalesce(max(version), 0) from ${names.table("migrations")}`,
    values: []
  }
  return Number(firstRow(await session.query(statement))[0])
}

const checkVersion = (version: number): void => {
  if (version <= LATEST) return
  throw unsupported(
    `The database is at schema version ${version}, this package knows ${LATEST}: upgrade @keepsake/backend-pgvector. Nothing was changed.`
  )
}

/** The extension and the schema, created where missing, and the list of migrations. */
const prepareDatabase = async (session: DbSession, names: Identifiers): Promise<ServerFacts> => {
  let facts = await inspectServer(session, names)
  if (facts.extension === null) {
    await createExtension(session)
    facts = await inspectServer(session, names)
  }
  checkServer(facts)
  if (!facts.schemaExists) await createSchema(session, names)
  if (!facts.migrated) await session.execute(migrationsTable(names))
  return facts
}

const applyMigrations = async (
  session: DbSession,
  names: Identifiers,
  space: EmbeddingColumns,
  version: number
): Promise<void> => {
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
}

const migrate = async (session: DbSession, options: OpenOptions): Promise<void> => {
  const { names } = options
  await session.query(lockStatement(names))
  const facts = await prepareDatabase(session, names)
  const version = await readVersion(session, names)
  checkVersion(version)
  const settings = version === 0 ? null : await readSettings(session, names)
  const fingerprint = settings?.fingerprint ?? options.fingerprint
  const vectorType = settings?.vectorType ?? options.vectorType ?? "vector"
  const space = toEmbeddingColumns(settings?.space ?? 1, fingerprint, vectorType, facts.extension ?? "public")
  if (settings === null) checkDimensions(space.dimensions, vectorType)
  await applyMigrations(session, names, space, version)
  if (settings === null) await session.query(insertSettings(names, fingerprint, vectorType))
  if (options.rowLevelSecurity && settings?.rowLevelSecurity !== true) {
    for (const command of rowLevelSecurity(names)) await session.execute(command)
    await session.execute(`update ${names.table("settings")} set row_level_security = true`)
  }
}

/** The schema as it is, or null where it must be migrated first. Takes no lock and writes nothing. */
const openCurrent = async (session: DbSession, options: OpenOptions): Promise<OpenedSchema | null> => {
  const { fingerprint, names, vectorType } = options
  const facts = await inspectServer(session, names)
  checkServer(facts)
  if (facts.extension === null || !facts.migrated) return null
  const version = await readVersion(session, names)
  checkVersion(version)
  if (version < LATEST) return null
  const settings = await readSettings(session, names)
  if (options.rowLevelSecurity && !settings.rowLevelSecurity) return null
  if (!sameFingerprint(settings.fingerprint, fingerprint))
    throw fingerprintMismatch(settings.fingerprint, fingerprint)
  if (vectorType !== undefined && vectorType !== settings.vectorType && fingerprint.embedding !== null) {
    throw conflict(
      `The store keeps its vectors as ${settings.vectorType}, which is fixed when it is made: leave the option halfvec out, or move to a new space with \`keepsake reembed\`.`
    )
  }
  const { rowLevelSecurity, space } = settings
  return {
    layout: {
      names,
      space: toEmbeddingColumns(space, settings.fingerprint, settings.vectorType, facts.extension),
      vectorOid: facts.vectorOid
    },
    rowLevelSecurity
  }
}

/** Migrates where needed. Of ten instances that start at once, one migrates and the others wait for its lock. */
export const openSchema = async (database: Database, options: OpenOptions): Promise<OpenedSchema> => {
  const current = await openCurrent(database, options)
  if (current !== null) return current
  await database.transaction((session) => migrate(session, options))
  const migrated = await openCurrent(database, options)
  if (migrated === null) throw unsupported("The migration left no usable schema: see the server's log.")
  return migrated
}
