/** The migrations. `docs/pgvector.md` prints their SQL. */
import type { EmbeddingColumns } from "./EmbeddingColumns.ts"
import type { Identifiers } from "./identifiers.ts"
import { spaceColumns, tables } from "./tables.ts"
import { triggerFunctions, triggers } from "./triggers.ts"

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
}

/** In order. A released migration is never edited, only followed by another. */
export const MIGRATIONS: ReadonlyArray<Migration> = [
  {
    version: 1,
    name: "memories, postings, counts",
    up: (n, space) => [...tables(n), ...spaceColumns(n, space), ...triggerFunctions(n, space), ...triggers(n)]
  }
]

const SCOPED_TABLES = ["memories", "postings", "scopes", "accesses", "stage", "tuned"] as const

/**
 * Shows a transaction only the rows of its `keepsake.scope`, even if its role owns the tables. Administration works
 * across scopes and sets `keepsake.scope = 'all'`.
 */
export const rowLevelSecurity = (n: Identifiers): ReadonlyArray<string> =>
  SCOPED_TABLES.flatMap((table) => [
    `alter table ${n.table(table)} enable row level security, force row level security`,
    `create policy ${n.bare("scope_only")} on ${n.table(table)} using (
  (select current_setting('keepsake.scope', true)) = 'all'
  or scope = (select nullif(nullif(current_setting('keepsake.scope', true), ''), 'all'))::uuid
)`
  ])
