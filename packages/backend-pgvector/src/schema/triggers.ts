/** Triggers keep postings, passages, counts and last turns true in the transaction of every change, by any SQL. */
import {
  embeddingColumn,
  type EmbeddingColumns,
  termsColumn,
  weightColumn,
  weightsColumn
} from "./EmbeddingColumns.ts"
import type { Identifiers } from "./identifiers.ts"
import { rowBytes } from "./jsonBytes.ts"

/** 128 bits of a text's SHA-256, as `scopeId` makes them. */
export const hashSql = (text: string): string =>
  `encode(substring(sha256(convert_to(${text}, 'UTF8')) from 1 for 16), 'hex')::uuid`

/** Names a session under which its last turn outlives its memories: the session's own name may be personal. */
export const sessionHashSql = (scope: string, sessionId: string): string =>
  hashSql(`${scope}::text || ${sessionId}`)

/** A transaction in which this setting is `on` removes whole scopes, so it keeps no last turns. */
export const ENDS_TURNS = "keepsake.ends_turns"

/** Whether a passage of a current row has no vector; never in a store without an embedder. */
const isUnembedded = (space: EmbeddingColumns, row: string): string =>
  space.dimensions === null
    ? "false"
    : `(${row}.valid_to is null and case when ${row}.passage_count is null then ${row}.${embeddingColumn(space)} is null else coalesce(${row}.lacks_vectors, false) end)`

/** Passages of a current row beyond the first. */
const extraPassages = (row: string): string =>
  `(case when ${row}.valid_to is null then coalesce(${row}.passage_count - 1, 0) else 0 end)`

/** The counts that a scope keeps of its rows, as aggregates over `row`. */
export const countRows = (n: Identifiers, space: EmbeddingColumns, row: string): string =>
  `count(*) as row_count, count(*) filter (where ${row}.valid_to is null) as current_count,
        count(*) filter (where ${isUnembedded(space, row)}) as unembedded_count, count(${row}.passage_count) as long_count,
        sum(${extraPassages(row)}) as extra_count, sum(${rowBytes(n, row)}) as bytes`

const postingsOf = (n: Identifiers, space: EmbeddingColumns): string =>
  `insert into ${n.table("postings")} (scope, term, id, is_current, ${weightColumn(space)})`

const added = (n: Identifiers, space: EmbeddingColumns): string =>
  `create or replace function ${n.qualified("memories_added")}() returns trigger language plpgsql as $$
begin
  ${postingsOf(n, space)}
    select a.scope, t.term, a.id, a.valid_to is null, t.weight
    from added a, unnest(a.${termsColumn(space)}, a.${weightsColumn(space)}) as t (term, weight);
  insert into ${n.table("scopes")} as s (scope, agent_id, user_id, row_count, current_count, unembedded_count, long_count,
      extra_count, bytes)
    select a.scope, min(a.agent_id), min(a.user_id), ${countRows(n, space, "a")}
    from added a group by a.scope order by a.scope
    on conflict (scope) do update set
      row_count = s.row_count + excluded.row_count,
      current_count = s.current_count + excluded.current_count,
      unembedded_count = s.unembedded_count + excluded.unembedded_count,
      long_count = s.long_count + excluded.long_count,
      extra_count = s.extra_count + excluded.extra_count,
      bytes = s.bytes + excluded.bytes;
  return null;
end $$`

const keepTurns = (n: Identifiers, rows: string): string =>
  `insert into ${n.table("session_turns")} as t (scope, session, user_hash, last_turn)
      ${rows}
      on conflict (scope, session) do update set last_turn = greatest(t.last_turn, excluded.last_turn);`

const removed = (n: Identifiers, space: EmbeddingColumns): string =>
  `create or replace function ${n.qualified("memories_removed")}() returns trigger language plpgsql as $$
begin
  delete from ${n.table("postings")} p
    using (select scope, id, unnest(${termsColumn(space)}) as term from removed) r
    where p.scope = r.scope and p.term = r.term and p.id = r.id;
  if exists (select from removed where passage_count is not null) then
    delete from ${n.table("passages")} x using removed r
      where r.passage_count is not null and x.scope = r.scope and x.id = r.id;
  end if;
  delete from ${n.table("stage")} s using removed r where s.scope = r.scope and s.id = r.id;
  if current_setting('${ENDS_TURNS}', true) is distinct from 'on' then
    ${keepTurns(
      n,
      `select scope, ${sessionHashSql("scope", "session_id")}, ${hashSql("min(user_id)")}, max(turn)
      from removed where session_id is not null and turn is not null
      group by scope, session_id order by 1, 2`
    )}
  end if;
  -- Locked in one order, so that two removals over several scopes cannot wait for each other.
  perform 1 from ${n.table("scopes")} where scope in (select scope from removed) order by scope for update;
  update ${n.table("scopes")} s set
      row_count = s.row_count - r.row_count,
      current_count = s.current_count - r.current_count,
      -- Rows of the first version are not counted.
      unembedded_count = greatest(0, s.unembedded_count - r.unembedded_count),
      long_count = s.long_count - r.long_count,
      extra_count = s.extra_count - r.extra_count,
      bytes = s.bytes - r.bytes
    from (
      select d.scope, ${countRows(n, space, "d")}
      from removed d group by d.scope
    ) r
    where s.scope = r.scope;
  delete from ${n.table("scopes")}
    where row_count = 0 and entry_count = 0 and scope in (select scope from removed);
  return null;
end $$`

/** How much a count of the scope grows by a change of one row. */
const growth = (value: (row: string) => string): string => `${value("new")} - ${value("old")}`

const changed = (n: Identifiers, space: EmbeddingColumns): string => {
  const [terms, weights] = [termsColumn(space), weightsColumn(space)]
  return `create or replace function ${n.qualified("memories_changed")}() returns trigger language plpgsql as $$
begin
  if old.content <> new.content or old.${terms} <> new.${terms} then
    delete from ${n.table("postings")} where scope = old.scope and id = old.id and term = any (old.${terms});
    ${postingsOf(n, space)}
      select new.scope, t.term, new.id, new.valid_to is null, t.weight
      from unnest(new.${terms}, new.${weights}) as t (term, weight);
  elsif (old.valid_to is null) <> (new.valid_to is null) then
    update ${n.table("postings")} set is_current = new.valid_to is null
      where scope = new.scope and id = new.id and term = any (new.${terms});
  end if;
  if old.content <> new.content then
    delete from ${n.table("stage")} where scope = old.scope and id = old.id;
    delete from ${n.table("accesses")} where scope = old.scope and id = old.id;
    if old.session_id is not null and old.turn is not null then
    ${keepTurns(
      n,
      `values (old.scope, ${sessionHashSql("old.scope", "old.session_id")}, ${hashSql("old.user_id")}, old.turn)`
    )}
    end if;
  end if;
  if new.passage_count is not null and (old.valid_to is null) <> (new.valid_to is null) then
    update ${n.table("passages")} set is_current = new.valid_to is null where scope = new.scope and id = new.id;
    update ${n.table("postings")} p set is_current = new.valid_to is null
      from ${n.table("passages")} x
      where x.scope = new.scope and x.id = new.id
        and p.scope = new.scope and p.term = any (x.${terms}) and p.id = x.passage;
  end if;
  update ${n.table("scopes")} s set
      current_count = s.current_count + c.current_count,
      unembedded_count = greatest(0, s.unembedded_count + c.unembedded_count),
      long_count = s.long_count + c.long_count,
      extra_count = s.extra_count + c.extra_count,
      bytes = s.bytes + c.bytes
    from (
      select ${growth((row) => `(${row}.valid_to is null)::int`)} as current_count,
        ${growth((row) => `${isUnembedded(space, row)}::int`)} as unembedded_count,
        ${growth((row) => `(${row}.passage_count is not null)::int`)} as long_count,
        ${growth(extraPassages)} as extra_count,
        ${growth((row) => rowBytes(n, row))} as bytes
    ) c
    where s.scope = new.scope and (
      (c.current_count, c.unembedded_count, c.long_count, c.extra_count) <> (0, 0, 0, 0)
      or (c.bytes <> 0 and s.bytes is not null)
    );
  return null;
end $$`
}

const passagesAdded = (n: Identifiers, space: EmbeddingColumns): string =>
  `create or replace function ${n.qualified("passages_added")}() returns trigger language plpgsql as $$
begin
  ${postingsOf(n, space)}
    select a.scope, t.term, a.passage, a.is_current, t.weight
    from added a, unnest(a.${termsColumn(space)}, a.${weightsColumn(space)}) as t (term, weight);
  return null;
end $$`

const passagesRemoved = (n: Identifiers, space: EmbeddingColumns): string =>
  `create or replace function ${n.qualified("passages_removed")}() returns trigger language plpgsql as $$
begin
  delete from ${n.table("postings")} p
    using (select scope, passage, unnest(${termsColumn(space)}) as term from removed) r
    where p.scope = r.scope and p.term = r.term and p.id = r.passage;
  return null;
end $$`

/** The functions name the columns of a space, so a move to another space replaces them. */
export const triggerFunctions = (n: Identifiers, space: EmbeddingColumns): ReadonlyArray<string> => [
  added(n, space),
  removed(n, space),
  changed(n, space),
  passagesAdded(n, space),
  passagesRemoved(n, space)
]

/** The triggers of passages, and that of changed memories, which looks at more columns than in migration 1. */
export const passageTriggers = (n: Identifiers): ReadonlyArray<string> => [
  `create trigger ${n.bare("passages_added")} after insert on ${n.table("passages")}
  referencing new table as added for each statement execute function ${n.qualified("passages_added")}()`,
  `create trigger ${n.bare("passages_removed")} after delete on ${n.table("passages")}
  referencing old table as removed for each statement execute function ${n.qualified("passages_removed")}()`,
  `drop trigger ${n.bare("memories_changed")} on ${n.table("memories")}`,
  `create trigger ${n.bare("memories_changed")} after update on ${n.table("memories")}
  for each row when (
    old.content <> new.content or (old.valid_to is null) <> (new.valid_to is null)
    or old.owed is distinct from new.owed or old.metadata_bytes is distinct from new.metadata_bytes
  )
  execute function ${n.qualified("memories_changed")}()`,
  `-- A text that takes the place of another, or comes again with the vectors that were owed, brings its own passages.
create function ${n.qualified("memories_recut")}() returns trigger language plpgsql as $$
begin
  delete from ${n.table("passages")} where scope = old.scope and id = old.id;
  return new;
end $$`,
  `create trigger ${n.bare("memories_recut")} before update on ${n.table("memories")}
  for each row when (
    old.passage_count is not null
    and (old.content <> new.content or (old.owed and new.stated in ('paid', 'repaid')))
  )
  execute function ${n.qualified("memories_recut")}()`
]
