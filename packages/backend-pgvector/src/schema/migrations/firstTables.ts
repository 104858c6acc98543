/** The tables of migration 1, as SQL that a DBA can read. `docs/pgvector.md` prints it. */
import {
  addEmbedding,
  type EmbeddingColumns,
  termsColumn,
  weightColumn,
  weightsColumn
} from "../EmbeddingColumns.ts"
import type { Identifiers } from "../identifiers.ts"

const settingsTable = (n: Identifiers): string =>
  `create table ${n.table("settings")} (
  one_row boolean primary key default true check (one_row),
  fingerprint jsonb not null,      -- what the store was filled with
  space integer not null,          -- number of the serving embedding space
  staged jsonb,                    -- fingerprint of the space being filled, if any
  vector_type text not null,       -- vector or halfvec
  row_level_security boolean not null
)`

const scopesTable = (n: Identifiers): ReadonlyArray<string> => [
  `-- One row per scope, kept by the triggers below: BM25 needs the counts without counting.
create table ${n.table("scopes")} (
  scope uuid primary key,          -- 128 bits of sha256(json [agent_id, user_id])
  agent_id text collate "C" not null,
  user_id text collate "C" not null,
  row_count bigint not null,
  current_count bigint not null    -- rows not closed by a successor
) with (fillfactor = 50)`,
  `create index ${n.bare("scopes_user")} on ${n.table("scopes")} (user_id)`
]

const memoriesTable = (n: Identifiers): ReadonlyArray<string> => [
  `-- All times are epoch milliseconds, decided by the application.
create table ${n.table("memories")} (
  scope uuid not null,
  id uuid not null,
  said_at bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  expires_at bigint,               -- gone when <= now
  valid_from bigint not null,      -- the last interval in which it held
  valid_to bigint,                 -- null: it still holds
  turn bigint,
  importance double precision not null,
  access_count bigint not null,
  last_accessed_at bigint,
  pinned boolean not null,
  type text collate "C" not null,
  source text collate "C" not null,
  agent_id text collate "C" not null,
  user_id text collate "C" not null,
  speaker text collate "C",
  session_id text collate "C",
  superseded_by text collate "C",
  stated text collate "C" not null, -- what the last statement did: created, refreshed, reopened
  past bigint[] not null,          -- earlier intervals: from, to, from, to, ...
  metadata jsonb not null,
  content text collate "C" not null,
  primary key (scope, id)
) with (toast_tuple_target = 8160)`,
  `-- Out of line only when a row would not fit its page, and never compressed: a search reads many.
alter table ${n.table("memories")} alter column content set storage external`,
  `create index ${n.bare("memories_created")} on ${n.table("memories")} (scope, created_at, id)`,
  `create index ${n.bare("memories_said")} on ${n.table("memories")} (scope, said_at)`,
  `create index ${n.bare("memories_session")} on ${n.table("memories")} (scope, session_id, turn) where session_id is not null`,
  `create index ${n.bare("memories_speaker")} on ${n.table("memories")} (scope, speaker) where speaker is not null`,
  `create index ${n.bare("memories_expiry")} on ${n.table("memories")} (expires_at) where expires_at is not null`
]

const postingsTable = (n: Identifiers): string =>
  `-- The inverted index of the words: one row per memory and term, derived from memories by the triggers.
create table ${n.table("postings")} (
  scope uuid not null,
  term integer not null,           -- 32-bit hash of a stemmed word, as signed
  id uuid not null,
  is_current boolean not null
)`

const accessesTable = (n: Identifiers): string =>
  `-- Beside memories, since a recall counts every hit: an update there would copy the vector and enter every index.
create table ${n.table("accesses")} (
  scope uuid not null,
  id uuid not null,
  access_count bigint not null,
  last_accessed_at bigint not null,
  primary key (scope, id),
  foreign key (scope, id) references ${n.table("memories")} on delete cascade
) with (fillfactor = 50)`

const stageTable = (n: Identifiers): string =>
  `-- Vectors and terms of the space being filled.
create table ${n.table("stage")} (
  scope uuid not null,
  id uuid not null,
  terms integer[] not null,
  weights real[] not null,
  primary key (scope, id)
)`

const tunedTable = (n: Identifiers): string =>
  `-- Heavy scopes that have an HNSW index of their own.
create table ${n.table("tuned")} (
  scope uuid primary key,
  is_ready boolean not null
)`

export const tables = (n: Identifiers): ReadonlyArray<string> => [
  settingsTable(n),
  ...scopesTable(n),
  ...memoriesTable(n),
  postingsTable(n),
  accessesTable(n),
  stageTable(n),
  tunedTable(n)
]

/** Covers the search: an index-only scan finds weights and `is_current` in it. */
const postingsKey = (n: Identifiers, space: EmbeddingColumns): string =>
  `alter table ${n.table("postings")} add constraint ${n.bare("postings_pkey")}
  primary key (scope, term, id) include (is_current, ${weightColumn(space)})`

/** Columns of an embedding space: vectors, terms, weights. */
export const spaceColumns = (n: Identifiers, space: EmbeddingColumns): ReadonlyArray<string> => [
  `alter table ${n.table("memories")}
  add column ${termsColumn(space)} integer[] not null default '{}',
  add column ${weightsColumn(space)} real[] not null default '{}'`,
  `alter table ${n.table("postings")} add column ${weightColumn(space)} real not null default 0`,
  postingsKey(n, space),
  ...addEmbedding(n, space, "memories")
]
