/** The migrations. `docs/pgvector.md` prints their SQL. */
import type { EmbeddingColumns } from "./EmbeddingColumns.ts"
import { firstIdentifiers, type Identifiers, type TableName } from "./identifiers.ts"
import { spaceColumns, tables } from "./migrations/firstTables.ts"
import { firstTriggerFunctions, firstTriggers } from "./migrations/firstTriggers.ts"
import { SECOND_SCOPED_TABLES, secondMigration } from "./migrations/second.ts"

export const migrationsTable = (n: Identifiers): string =>
  `create table if not exists ${n.table("migrations")} (
  version integer primary key,
  name text not null,
  applied_at timestamptz not null default now()
)`

export interface Migration {
  readonly version: number
  readonly name: string
  readonly up: (names: Identifiers, space: EmbeddingColumns) => ReadonlyArray<string>
  /** Tables that it adds and row-level security covers. */
  readonly scopedTables: ReadonlyArray<TableName>
}

const firstMigration: Migration["up"] = (names, space) => {
  const n = firstIdentifiers(names)
  return [...tables(n), ...spaceColumns(n, space), ...firstTriggerFunctions(n, space), ...firstTriggers(n)]
}

/** In order. A released migration is never edited, only followed by another. */
export const MIGRATIONS: ReadonlyArray<Migration> = [
  {
    version: 1,
    name: "memories, postings, counts",
    up: firstMigration,
    scopedTables: ["memories", "postings", "scopes", "accesses", "stage", "tuned"]
  },
  {
    version: 2,
    name: "keys, passages, entries, counts",
    up: secondMigration,
    scopedTables: SECOND_SCOPED_TABLES
  }
]

/**
 * Shows a transaction only the rows of its `keepsake.scope`, even if its role owns the tables. Administration works
 * across scopes and sets `keepsake.scope = 'all'`.
 */
export const rowLevelSecurity = (n: Identifiers, scoped: ReadonlyArray<TableName>): ReadonlyArray<string> =>
  scoped.flatMap((table) => [
    `alter table ${n.table(table)} enable row level security, force row level security`,
    `create policy ${n.bare("scope_only")} on ${n.table(table)} using (
  (select current_setting('keepsake.scope', true)) = 'all'
  or scope = (select nullif(nullif(current_setting('keepsake.scope', true), ''), 'all'))::uuid
)`
  ])
