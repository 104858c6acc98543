import { invalidInput } from "@keepsake/core/driver"

/** PostgreSQL truncates identifiers beyond 63 without an error; our longest suffix takes 40. */
const PREFIX_MAX = 20
const SCHEMA_MAX = 63

const quote = (identifier: string): string => `"${identifier}"`

/** Plain identifiers only: they become part of SQL, and a DBA types them. */
const PLAIN = /^[a-z_][a-z0-9_]*$/u

const checkIdentifier = (field: string, value: string, max: number): void => {
  if (!PLAIN.test(value) || value.length > max) {
    throw invalidInput(
      field,
      `must be lower-case letters, digits and underscores, not starting with a digit, at most ${max} long.`
    )
  }
}

/** The names that our SQL uses, quoted, and qualified where they have a schema. */
export interface Identifiers {
  readonly schema: string
  readonly schemaName: string
  readonly prefix: string
  readonly table: (name: TableName) => string
  /** An index, constraint, trigger or policy: PostgreSQL puts it in its table's schema. */
  readonly bare: (name: string) => string
  readonly qualified: (name: string) => string
}

/**
 * Tables by their names in the database. Those that the statements of every write name carry the number of the
 * schema: a process of an older version that still has the store open finds no table, and changes nothing.
 */
const TABLES = {
  memories: "memories_2",
  passages: "passages",
  postings: "postings",
  scopes: "scopes",
  accesses: "accesses",
  session_turns: "session_turns",
  entries: "entries",
  stage: "stage_2",
  stage_passages: "stage_passages",
  tuned: "tuned",
  settings: "settings",
  migrations: "migrations"
} as const

export type TableName = keyof typeof TABLES

/** Throws `InvalidInput` unless schema and prefix are plain identifiers. */
export const makeIdentifiers = (schemaName: string, prefix: string): Identifiers => {
  checkIdentifier("schema", schemaName, SCHEMA_MAX)
  if (prefix !== "") checkIdentifier("tablePrefix", prefix, PREFIX_MAX)
  const schema = quote(schemaName)
  const qualified = (name: string) => `${schema}.${quote(prefix + name)}`
  return {
    schema,
    schemaName,
    prefix,
    table: (name) => qualified(TABLES[name]),
    bare: (name) => quote(prefix + name),
    qualified
  }
}

/** The names of migration 1, which numbered no table. */
export const firstIdentifiers = (names: Identifiers): Identifiers => ({ ...names, table: names.qualified })
