/** Migration 2: keys, passages, entries, last turns and counts. It rewrites no row, so it takes no longer on a large table. */
import {
  addEmbedding,
  type EmbeddingColumns,
  lengthColumn,
  normColumn,
  termsColumn,
  weightsColumn
} from "../EmbeddingColumns.ts"
import { entryTriggers } from "../entryTriggers.ts"
import { firstIdentifiers, type Identifiers } from "../identifiers.ts"
import { jsonBytes } from "../jsonBytes.ts"
import { passageTriggers, triggerFunctions } from "../triggers.ts"
import { tunedColumns } from "../tunedColumns.ts"

const numberedTables = (n: Identifiers): ReadonlyArray<string> => {
  const first = firstIdentifiers(n)
  return [
    `-- A process of the first version that still has the store open finds no table: it is refused, and changes nothing.
alter table ${first.table("memories")} rename to ${n.bare("memories_2")}`,
    `alter table ${first.table("stage")} rename to ${n.bare("stage_2")}`
  ]
}

const newColumns = (n: Identifiers, space: EmbeddingColumns): ReadonlyArray<string> => [
  `-- A null takes no byte of a row.
alter table ${n.table("memories")}
  add column key text collate "C",
  add column passage_count integer,  -- of a long text, whose words and vectors are in passages; null: the text is one passage
  add column lacks_vectors boolean,  -- of a long text: some passage has no vector
  add column owed boolean,           -- vectors are still to come
  add column metadata_bytes integer, -- of metadata as JSON.stringify writes it; null: none, or to be computed
  add column ${lengthColumn(space)} integer,       -- terms of the text, repetitions included; null in rows of the first version
  add column ${normColumn(space)} real`,
  `alter table ${n.table("scopes")}
  add column entry_count bigint not null default 0,
  add column unembedded_count bigint not null default 0, -- current rows of which a passage has no vector
  add column long_count bigint not null default 0,       -- rows that have passages
  add column extra_count bigint not null default 0,      -- passages of current rows beyond their first
  add column bytes bigint                                -- of texts, metadata and entries; null: not counted yet`,
  `alter table ${n.table("stage")}
  add column passage_count integer,
  add column lacks_vectors boolean,
  add column owed boolean,
  add column length integer,
  add column norm real`
]

/** Where a passage stands: half-open in UTF-16 code units, and in characters, as substr counts. */
const PLACE_COLUMNS = `number integer not null,          -- counted from 0
  start_at integer not null,        -- in UTF-16 code units of the text
  end_at integer not null,
  char_start integer not null,      -- in characters of the text
  char_count integer not null`

const passageTables = (n: Identifiers, space: EmbeddingColumns): ReadonlyArray<string> => [
  `-- The passages of long texts, each with its words and its vector.
create table ${n.table("passages")} (
  scope uuid not null,
  id uuid not null,                 -- of the memory
  passage uuid not null,            -- its own name in postings
  ${PLACE_COLUMNS},
  is_current boolean not null,
  ${termsColumn(space)} integer[] not null,
  ${weightsColumn(space)} real[] not null,
  ${lengthColumn(space)} integer not null,
  ${normColumn(space)} real not null,
  primary key (scope, id, number)
) with (toast_tuple_target = 8160)`,
  ...addEmbedding(n, space, "passages"),
  `create unique index ${n.bare("passages_passage")} on ${n.table("passages")} (scope, passage)`,
  `create table ${n.table("stage_passages")} (
  scope uuid not null,
  id uuid not null,
  ${PLACE_COLUMNS},
  terms integer[] not null,
  weights real[] not null,
  length integer not null,
  norm real not null,
  primary key (scope, id, number),
  foreign key (scope, id) references ${n.table("stage")} on delete cascade
)`
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
  ...newColumns(n, space),
  ...passageTables(n, space),
  ...newTables(n),
  tunedColumns(n),
  jsonBytes(n),
  ...triggerFunctions(n, space),
  ...entryTriggers(n),
  ...passageTriggers(n)
]

/** The tables of migration 2 that row-level security covers. */
export const SECOND_SCOPED_TABLES = ["passages", "session_turns", "entries", "stage_passages"] as const
