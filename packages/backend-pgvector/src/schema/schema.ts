/** The tables, as SQL that a DBA can read. `docs/pgvector.md` prints what these functions return. */
import type { Identifiers } from "./identifiers.ts"
import {
  embeddingColumn,
  type EmbeddingColumns,
  termsColumn,
  typeName,
  weightColumn,
  weightsColumn
} from "./EmbeddingColumns.ts"

const tables = (n: Identifiers): ReadonlyArray<string> => [
  `create table ${n.table("settings")} (
  one_row boolean primary key default true check (one_row),
  fingerprint jsonb not null,      -- what the store was filled with
  space integer not null,          -- number of the serving embedding space
  staged jsonb,                    -- fingerprint of the space being filled, if any
  vector_type text not null,       -- vector or halfvec
  row_level_security boolean not null
)`,
  `-- One row per scope, kept by the triggers below: BM25 needs the counts without counting.
create table ${n.table("scopes")} (
  scope uuid primary key,          -- 128 bits of sha256(json [agent_id, user_id])
  agent_id text collate "C" not null,
  user_id text collate "C" not null,
  row_count bigint not null,
  current_count bigint not null    -- rows not closed by a successor
) with (fillfactor = 50)`,
  `create index ${n.bare("scopes_user")} on ${n.table("scopes")} (user_id)`,
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
  `create index ${n.bare("memories_expiry")} on ${n.table("memories")} (expires_at) where expires_at is not null`,
  `-- The inverted index of the words: one row per memory and term, derived from memories by the triggers.
create table ${n.table("postings")} (
  scope uuid not null,
  term integer not null,           -- 32-bit hash of a stemmed word, as signed
  id uuid not null,
  is_current boolean not null
)`,
  `-- Beside memories, since a recall counts every hit: an update there would copy the vector and enter every index.
create table ${n.table("accesses")} (
  scope uuid not null,
  id uuid not null,
  access_count bigint not null,
  last_accessed_at bigint not null,
  primary key (scope, id),
  foreign key (scope, id) references ${n.table("memories")} on delete cascade
) with (fillfactor = 50)`,
  `-- Vectors and terms of the space being filled.
create table ${n.table("stage")} (
  scope uuid not null,
  id uuid not null,
  terms integer[] not null,
  weights real[] not null,
  primary key (scope, id)
)`,
  `-- Heavy scopes that have an HNSW index of their own.
create table ${n.table("tuned")} (
  scope uuid primary key,
  is_ready boolean not null
)`
]

/** Columns of an embedding space: vectors, terms, weights. */
const spaceColumns = (n: Identifiers, space: EmbeddingColumns): ReadonlyArray<string> => [
  `alter table ${n.table("memories")}
  add column ${termsColumn(space)} integer[] not null default '{}',
  add column ${weightsColumn(space)} real[] not null default '{}'`,
  `alter table ${n.table("postings")} add column ${weightColumn(space)} real not null default 0`,
  postingsKey(n, space),
  ...embeddingColumns(n, space)
]

/** Covers the search: an index-only scan reads weights and currency from it. */
const postingsKey = (n: Identifiers, space: EmbeddingColumns): string =>
  `alter table ${n.table("postings")} add constraint ${n.bare("postings_pkey")}
  primary key (scope, term, id) include (is_current, ${weightColumn(space)})`

/** PLAIN keeps vectors in the row: out of line, a scan would fetch each of them from another table. */
export const embeddingColumns = (n: Identifiers, space: EmbeddingColumns): ReadonlyArray<string> =>
  space.dimensions === null
    ? []
    : [
        `alter table ${n.table("memories")} add column ${embeddingColumn(space)} ${typeName(space)}(${space.dimensions})`,
        `alter table ${n.table("memories")} alter column ${embeddingColumn(space)} set storage plain`
      ]

/** Trigger functions name the space's columns, so a move to another space replaces them. */
export const triggerFunctions = (n: Identifiers, space: EmbeddingColumns): ReadonlyArray<string> => [
  `create or replace function ${n.qualified("memories_added")}() returns trigger language plpgsql as $$
begin
  insert into ${n.table("postings")} (scope, term, id, is_current, ${weightColumn(space)})
    select a.scope, t.term, a.id, a.valid_to is null, t.weight
    from added a, unnest(a.${termsColumn(space)}, a.${weightsColumn(space)}) as t (term, weight);
  insert into ${n.table("scopes")} as s (scope, agent_id, user_id, row_count, current_count)
    select scope, min(agent_id), min(user_id), count(*), count(*) filter (where valid_to is null)
    from added group by scope order by scope
    on conflict (scope) do update set
      row_count = s.row_count + excluded.row_count,
      current_count = s.current_count + excluded.current_count;
  return null;
end $$`,
  `create or replace function ${n.qualified("memories_removed")}() returns trigger language plpgsql as $$
begin
  delete from ${n.table("postings")} p
    using (select scope, id, unnest(${termsColumn(space)}) as term from removed) r
    where p.scope = r.scope and p.term = r.term and p.id = r.id;
  delete from ${n.table("stage")} s using removed r where s.scope = r.scope and s.id = r.id;
  -- Locked in one order, so that two removals over several scopes cannot wait for each other.
  perform 1 from ${n.table("scopes")} where scope in (select scope from removed) order by scope for update;
  update ${n.table("scopes")} s set
      row_count = s.row_count - r.row_count,
      current_count = s.current_count - r.current_count
    from (
      select scope, count(*) as row_count, count(*) filter (where valid_to is null) as current_count
      from removed group by scope
    ) r
    where s.scope = r.scope;
  delete from ${n.table("scopes")} where row_count = 0 and scope in (select scope from removed);
  return null;
end $$`,
  `create or replace function ${n.qualified("memories_changed")}() returns trigger language plpgsql as $$
begin
  if old.content <> new.content then
    delete from ${n.table("postings")} where scope = old.scope and id = old.id and term = any (old.${termsColumn(space)});
    insert into ${n.table("postings")} (scope, term, id, is_current, ${weightColumn(space)})
      select new.scope, t.term, new.id, new.valid_to is null, t.weight
      from unnest(new.${termsColumn(space)}, new.${weightsColumn(space)}) as t (term, weight);
    delete from ${n.table("stage")} where scope = old.scope and id = old.id;
    delete from ${n.table("accesses")} where scope = old.scope and id = old.id;
  else
    update ${n.table("postings")} set is_current = new.valid_to is null
      where scope = new.scope and id = new.id and term = any (new.${termsColumn(space)});
  end if;
  update ${n.table("scopes")} set
      current_count = current_count + (new.valid_to is null)::int - (old.valid_to is null)::int
    where scope = new.scope and (new.valid_to is null) <> (old.valid_to is null);
  return null;
end $$`
]

const triggers = (n: Identifiers): ReadonlyArray<string> => [
  `create trigger ${n.bare("memories_added")} after insert on ${n.table("memories")}
  referencing new table as added for each statement execute function ${n.qualified("memories_added")}()`,
  `create trigger ${n.bare("memories_removed")} after delete on ${n.table("memories")}
  referencing old table as removed for each statement execute function ${n.qualified("memories_removed")}()`,
  `create trigger ${n.bare("memories_changed")} after update on ${n.table("memories")}
  for each row when (old.content <> new.content or (old.valid_to is null) <> (new.valid_to is null))
  execute function ${n.qualified("memories_changed")}()`
]

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

/** In order; applied ones are never edited, only followed. */
export const MIGRATIONS: ReadonlyArray<Migration> = [
  {
    version: 1,
    name: "memories, postings, counts",
    up: (n, space) => [...tables(n), ...spaceColumns(n, space), ...triggerFunctions(n, space), ...triggers(n)]
  }
]

const SCOPED_TABLES = ["memories", "postings", "scopes", "accesses", "stage", "tuned"] as const

/**
 * Rows are visible only where the transaction's `keepsake.scope` says so, for the tables' owner as well.
 * Administration, which works across scopes, says `keepsake.scope = 'all'`.
 */
export const rowLevelSecurity = (n: Identifiers): ReadonlyArray<string> =>
  SCOPED_TABLES.flatMap((table) => [
    `alter table ${n.table(table)} enable row level security, force row level security`,
    `create policy ${n.bare("scope_only")} on ${n.table(table)} using (
  (select current_setting('keepsake.scope', true)) = 'all'
  or scope = (select nullif(nullif(current_setting('keepsake.scope', true), ''), 'all'))::uuid
)`
  ])
