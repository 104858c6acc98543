import { hash } from "node:crypto"
import { type Scope, invalidInput } from "@keepsake/core/driver"

/** PostgreSQL cuts longer identifiers without an error; the longest suffix of ours takes 40. */
const PREFIX_MAX = 20
const SCHEMA_MAX = 63

const quote = (identifier: string): string => `"${identifier}"`

/** Plain identifiers only: they are written into SQL, and a DBA types them. */
const PLAIN = /^[a-z_][a-z0-9_]*$/u

const checkIdentifier = (field: string, value: string, max: number): void => {
  if (!PLAIN.test(value) || value.length > max) {
    throw invalidInput(
      field,
      `must be lower-case letters, digits and underscores, not starting with a digit, at most ${max} long.`
    )
  }
}

/** Every name that our SQL uses, quoted and qualified where it has a schema. */
export interface Identifiers {
  readonly schema: string
  readonly schemaName: string
  readonly prefix: string
  readonly table: (name: TableName) => string
  /** An index or a constraint: PostgreSQL puts it in its table's schema by itself. */
  readonly bare: (name: string) => string
  readonly qualified: (name: string) => string
}

export type TableName =
  | "memories"
  | "postings"
  | "scopes"
  | "accesses"
  | "stage"
  | "tuned"
  | "settings"
  | "migrations"

/** Throws `InvalidInput` for a schema or prefix that is no plain identifier. */
export const identifiersOf = (schemaName: string, prefix: string): Identifiers => {
  checkIdentifier("schema", schemaName, SCHEMA_MAX)
  if (prefix !== "") checkIdentifier("tablePrefix", prefix, PREFIX_MAX)
  const schema = quote(schemaName)
  const qualified = (name: string) => `${schema}.${quote(prefix + name)}`
  return { schema, schemaName, prefix, table: qualified, bare: (name) => quote(prefix + name), qualified }
}

const asUuid = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`

/**
 * The key of a scope in every table: 128 bits of SHA-256 over both ids. As narrow in an index as an id of the
 * database's own, yet known without asking it, and no user id in index names, plans or logs.
 */
export const scopeId = (scope: Scope): string =>
  asUuid(hash("sha256", JSON.stringify([scope.agentId, scope.userId]), "hex"))
