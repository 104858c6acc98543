/** Migration 2: keys, entries, last turns and counts. It rewrites no row, so it takes no longer on a large table. */
import type { EmbeddingColumns } from "../EmbeddingColumns.ts"
import { firstIdentifiers, type Identifiers } from "../identifiers.ts"
import { entryTriggers, triggerFunctions } from "../triggers.ts"

const numberedTables = (n: Identifiers): ReadonlyArray<string> => {
  const first = firstIdentifiers(n)
  return [
    `-- A process of the first version that still has the store open finds no table: it is refused, and changes nothing.
alter table ${first.table("memories")} rename to ${n.bare("memories_2")}`,
    `alter table ${first.table("stage")} rename to ${n.bare("stage_2")}`
  ]
}

const newColumns = (n: Identifiers): ReadonlyArray<string> => [
  `alter table ${n.table("memories")} add column key text collate "C"`,
  `-- Entries, and current rows without a vector.
alter table ${n.table("scopes")}
  add column entry_count bigint not null default 0,
  add column unembedded_count bigint not null default 0`
]

const newTables = (n: Identifiers): ReadonlyArray<string> => [
  `-- The greatest turn that was removed from a session. It outlives the memories, so names are kept as hashes.
create table ${n.table("session_turns")} (
  scope uuid not null,
  session uuid not null,           -- 128 bits of sha256(scope, session_id)
  user_hash uuid not null,         -- 128 bits of sha256(user_id): erasing a user ends the counts
  last_turn bigint not null,
  primary key (scope, session)
) with (fillfactor = 50)`,
  `-- What an agent keeps about a session: history, notes.
create table ${n.table("entries")} (
  scope uuid not null,
  number bigint not null,
  created_at bigint not null,
  agent_id text collate "C" not null,
  user_id text collate "C" not null,
  session_id text collate "C" not null,
  kind text collate "C" not null,
  content text collate "C" not null,
  primary key (scope, session_id, kind, number)
)`
]

export const secondMigration = (n: Identifiers, space: EmbeddingColumns): ReadonlyArray<string> => [
  ...numberedTables(n),
  ...newColumns(n),
  ...newTables(n),
  ...entryTriggers(n),
  ...triggerFunctions(n, space)
]

/** The tables of migration 2 that row-level security covers. */
export const SECOND_SCOPED_TABLES = ["session_turns", "entries"] as const
