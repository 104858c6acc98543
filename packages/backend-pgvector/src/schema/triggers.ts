/** Triggers keep postings, counts and last turns true in the transaction of every change, by any SQL. */
import { ENTRY_TAKEN } from "../connection/errors.ts"
import {
  embeddingColumn,
  type EmbeddingColumns,
  termsColumn,
  weightColumn,
  weightsColumn
} from "./EmbeddingColumns.ts"
import type { Identifiers } from "./identifiers.ts"

/** 128 bits of a text's SHA-256, as `scopeId` makes them. */
export const hashSql = (text: string): string =>
  `encode(substring(sha256(convert_to(${text}, 'UTF8')) from 1 for 16), 'hex')::uuid`

/** Names a session under which its last turn outlives its memories: the session's own name may be personal. */
export const sessionHashSql = (scope: string, sessionId: string): string =>
  hashSql(`${scope}::text || ${sessionId}`)

/** A transaction in which this setting is `on` removes whole scopes, so it keeps no last turns. */
export const ENDS_TURNS = "keepsake.ends_turns"

/** Whether words alone find a row; never in a store without an embedder. */
const isUnembedded = (space: EmbeddingColumns, row: string): string =>
  space.dimensions === null
    ? "false"
    : `(${row}.valid_to is null and ${row}.${embeddingColumn(space)} is null)`

const added = (n: Identifiers, space: EmbeddingColumns): string =>
  `create or replace function ${n.qualified("memories_added")}() returns trigger language plpgsql as $$
begin
  insert into ${n.table("postings")} (scope, term, id, is_current, ${weightColumn(space)})
    select a.scope, t.term, a.id, a.valid_to is null, t.weight
    from added a, unnest(a.${termsColumn(space)}, a.${weightsColumn(space)}) as t (term, weight);
  insert into ${n.table("scopes")} as s (scope, agent_id, user_id, row_count, current_count, unembedded_count)
    select scope, min(agent_id), min(user_id), count(*), count(*) filter (where valid_to is null),
      count(*) filter (where ${isUnembedded(space, "a")})
    from added a group by scope order by scope
    on conflict (scope) do update set
      row_count = s.row_count + excluded.row_count,
      current_count = s.current_count + excluded.current_count,
      unembedded_count = s.unembedded_count + excluded.unembedded_count;
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
      unembedded_count = greatest(0, s.unembedded_count - r.unembedded_count)
    from (
      select scope, count(*) as row_count, count(*) filter (where valid_to is null) as current_count,
        count(*) filter (where ${isUnembedded(space, "d")}) as unembedded_count
      from removed d group by scope
    ) r
    where s.scope = r.scope;
  delete from ${n.table("scopes")}
    where row_count = 0 and entry_count = 0 and scope in (select scope from removed);
  return null;
end $$`

const changed = (n: Identifiers, space: EmbeddingColumns): string =>
  `create or replace function ${n.qualified("memories_changed")}() returns trigger language plpgsql as $$
begin
  if old.content <> new.content then
    delete from ${n.table("postings")} where scope = old.scope and id = old.id and term = any (old.${termsColumn(space)});
    insert into ${n.table("postings")} (scope, term, id, is_current, ${weightColumn(space)})
      select new.scope, t.term, new.id, new.valid_to is null, t.weight
      from unnest(new.${termsColumn(space)}, new.${weightsColumn(space)}) as t (term, weight);
    delete from ${n.table("stage")} where scope = old.scope and id = old.id;
    delete from ${n.table("accesses")} where scope = old.scope and id = old.id;
    if old.session_id is not null and old.turn is not null then
    ${keepTurns(
      n,
      `values (old.scope, ${sessionHashSql("old.scope", "old.session_id")}, ${hashSql("old.user_id")}, old.turn)`
    )}
    end if;
  else
    update ${n.table("postings")} set is_current = new.valid_to is null
      where scope = new.scope and id = new.id and term = any (new.${termsColumn(space)});
  end if;
  update ${n.table("scopes")} set
      current_count = current_count + (new.valid_to is null)::int - (old.valid_to is null)::int,
      unembedded_count = greatest(0, unembedded_count + ${isUnembedded(space, "new")}::int - ${isUnembedded(space, "old")}::int)
    where scope = new.scope and (
      (new.valid_to is null) <> (old.valid_to is null) or ${isUnembedded(space, "new")} <> ${isUnembedded(space, "old")}
    );
  return null;
end $$`

/** The functions name the columns of a space, so a move to another space replaces them. */
export const triggerFunctions = (n: Identifiers, space: EmbeddingColumns): ReadonlyArray<string> => [
  added(n, space),
  removed(n, space),
  changed(n, space)
]

export const entryTriggers = (n: Identifiers): ReadonlyArray<string> => [
  `create function ${n.qualified("entries_added")}() returns trigger language plpgsql as $$
begin
  insert into ${n.table("scopes")} as s (scope, agent_id, user_id, row_count, current_count, entry_count)
    select scope, min(agent_id), min(user_id), 0, 0, count(*) from added group by scope order by scope
    on conflict (scope) do update set entry_count = s.entry_count + excluded.entry_count;
  return null;
end $$`,
  `create function ${n.qualified("entries_removed")}() returns trigger language plpgsql as $$
begin
  perform 1 from ${n.table("scopes")} where scope in (select scope from removed) order by scope for update;
  update ${n.table("scopes")} s set entry_count = s.entry_count - r.entry_count
    from (select scope, count(*) as entry_count from removed group by scope) r
    where s.scope = r.scope;
  delete from ${n.table("scopes")}
    where row_count = 0 and entry_count = 0 and scope in (select scope from removed);
  return null;
end $$`,
  `-- Of two writers of one number the second is refused, and nothing of its statement is kept.
create function ${n.qualified("entry_taken")}() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '${ENTRY_TAKEN}', message = format('entry %s of %s is taken', old.number, old.kind);
end $$`,
  `create trigger ${n.bare("entries_added")} after insert on ${n.table("entries")}
  referencing new table as added for each statement execute function ${n.qualified("entries_added")}()`,
  `create trigger ${n.bare("entries_removed")} after delete on ${n.table("entries")}
  referencing old table as removed for each statement execute function ${n.qualified("entries_removed")}()`,
  `create trigger ${n.bare("entries_taken")} before update on ${n.table("entries")}
  for each row when (old.content <> new.content) execute function ${n.qualified("entry_taken")}()`
]
