/** Opens a schema, migrates it where needed, and returns its layout. */
import {
  canServe,
  conflict,
  type Fingerprint,
  fingerprintMismatch,
  type MemoryError,
  type StoreAdvice,
  unsupported
} from "@keepsake/core/driver"
import type { Database, DbSession } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import {
  checkDimensions,
  type EmbeddingColumns,
  type StatementLayout,
  toEmbeddingColumns,
  type VectorType
} from "./EmbeddingColumns.ts"
import type { Identifiers, TableName } from "./identifiers.ts"
import { countLaterIndexes, createIndexes, laterIndexes } from "./laterIndexes.ts"
import { MIGRATIONS, migrationsTable, rowLevelSecurity } from "./schema.ts"
import {
  adviseServer,
  checkServer,
  createExtension,
  createSchema,
  firstRow,
  inspectServer,
  type ServerFacts
} from "./server.ts"
import {
  decodeSettings,
  insertSettings,
  lockStatement,
  readSettings,
  selectSettings
} from "./storedSettings.ts"

export interface OpenOptions {
  readonly names: Identifiers
  readonly fingerprint: Fingerprint
  /** `undefined`: that of the database; `vector` for a new one. */
  readonly vectorType: VectorType | undefined
  readonly rowLevelSecurity: boolean
  /** Takes the schema as it is: no migration, no lock. */
  readonly readOnly: boolean
}

export interface OpenedSchema {
  /** That of the store, whose terms may be older than those asked for. */
  readonly fingerprint: Fingerprint
  readonly layout: StatementLayout
  /** Each statement must name its scope. */
  readonly rowLevelSecurity: boolean
  /** Whether indexes are to be built beside the reads and writes. */
  readonly lacksIndexes: boolean
  readonly advice: ReadonlyArray<StoreAdvice>
}

const LATEST = MIGRATIONS.at(-1)?.version ?? 0

const selectVersion = (names: Identifiers): string =>
  `select coalesce(max(version), 0) from ${names.table("migrations")}`

const readVersion = async (session: DbSession, names: Identifiers): Promise<number> => {
  const statement = { operation: "version", text: selectVersion(names), values: [] }
  return Number(firstRow(await session.query(statement))[0])
}

/** What a schema of any version says of itself, in one trip. */
const readState = async (session: DbSession, names: Identifiers) => {
  const p = new Parameters()
  const parts = [selectVersion(names), selectSettings(names), countLaterIndexes(names, p)]
  const statement = p.statement("schema", `select ${parts.map((part) => `(${part})`).join(", ")}`)
  const [version, settings, indexes] = firstRow(await session.query(statement))
  return { version: Number(version), settings, lacksIndexes: Number(indexes) < laterIndexes(names).length }
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

const allScopedTables = MIGRATIONS.flatMap(({ scopedTables }) => scopedTables)

const secureTables = async (
  session: DbSession,
  names: Identifiers,
  tables: ReadonlyArray<TableName>
): Promise<void> => {
  for (const command of rowLevelSecurity(names, tables)) await session.execute(command)
}

/** Policies of the tables that a migration added, where the others have them. */
const secureAdded = (session: DbSession, names: Identifiers, version: number): Promise<void> =>
  secureTables(
    session,
    names,
    MIGRATIONS.flatMap((migration) => (migration.version > version ? migration.scopedTables : []))
  )

const migrate = async (session: DbSession, options: OpenOptions, concurrent: boolean): Promise<void> => {
  const { names } = options
  await session.query(lockStatement(names))
  const facts = await prepareDatabase(session, names)
  const version = await readVersion(session, names)
  checkVersion(version)
  const settings = version === 0 ? null : await readSettings(session, names)
  if (settings !== null && !canServe(settings.fingerprint, options.fingerprint))
    throw fingerprintMismatch(settings.fingerprint, options.fingerprint)
  const { fingerprint } = options
  const vectorType = settings?.vectorType ?? options.vectorType ?? "vector"
  const space = toEmbeddingColumns(settings?.space ?? 1, fingerprint, vectorType, facts.extension ?? "public")
  if (settings === null) checkDimensions(space.dimensions, vectorType)
  await applyMigrations(session, names, space, version)
  if (version < LATEST && (version === 0 || !concurrent)) {
    for (const command of createIndexes(names)) await session.execute(command)
  }
  if (settings === null) await session.query(insertSettings(names, fingerprint, vectorType))
  if (settings?.rowLevelSecurity === true) await secureAdded(session, names, version)
  else if (options.rowLevelSecurity) {
    await secureTables(session, names, allScopedTables)
    await session.execute(`update ${names.table("settings")} set row_level_security = true`)
  }
}

/** The schema as it is, or null where it must be migrated first: two trips. Takes no lock and writes nothing. */
const openCurrent = async (session: DbSession, options: OpenOptions): Promise<OpenedSchema | null> => {
  const { fingerprint, names, vectorType } = options
  const facts = await inspectServer(session, names)
  checkServer(facts)
  if (facts.extension === null || !facts.migrated) {
    if (options.readOnly) throw notMade(names)
    return null
  }
  const { lacksIndexes, version, ...state } = await readState(session, names)
  checkVersion(version)
  if (version < LATEST) {
    if (options.readOnly) throw notMigrated(version)
    return null
  }
  const settings = decodeSettings(state.settings)
  if (options.rowLevelSecurity && !settings.rowLevelSecurity && !options.readOnly) return null
  if (!canServe(settings.fingerprint, fingerprint))
    throw fingerprintMismatch(settings.fingerprint, fingerprint)
  if (vectorType !== undefined && vectorType !== settings.vectorType && fingerprint.embedding !== null) {
    throw conflict(
      `The store keeps its vectors as ${settings.vectorType}, which is fixed when it is made: leave the option halfvec out, or move to a new space with \`keepsake reembed\`.`
    )
  }
  const { rowLevelSecurity, space } = settings
  return {
    fingerprint: settings.fingerprint,
    layout: {
      names,
      space: toEmbeddingColumns(space, settings.fingerprint, settings.vectorType, facts.extension),
      vectorOid: facts.vectorOid,
      fingerprint: settings.fingerprint
    },
    rowLevelSecurity,
    lacksIndexes,
    advice: adviseServer(facts)
  }
}

/** Why a schema that opening would make or migrate cannot be opened read-only. */
const notMade = ({ schemaName }: Identifiers): MemoryError =>
  unsupported(
    `The schema ${schemaName} holds no store, and opening read-only makes none: open it once without readOnly, on the primary.`
  )

const notMigrated = (version: number): MemoryError =>
  unsupported(
    `The database is at schema version ${version}, this package reads version ${LATEST}, and opening read-only migrates nothing: open it once without readOnly, on the primary.`
  )

/** Migrates where needed. Of ten instances that start at once, one migrates and the others wait for its lock. */
export const openSchema = async (database: Database, options: OpenOptions): Promise<OpenedSchema> => {
  const current = await openCurrent(database, options)
  if (current !== null) return current
  await database.transaction((session) => migrate(session, options, database.concurrent))
  const migrated = await openCurrent(database, options)
  if (migrated === null) throw unsupported("The migration left no usable schema: see the server's log.")
  return migrated
}
