/** The triggers of migration 1; migration 2 replaces their functions. */
import { type EmbeddingColumns, termsColumn, weightColumn, weightsColumn } from "../EmbeddingColumns.ts"
import type { Identifiers } from "../identifiers.ts"

export const firstTriggerFunctions = (n: Identifiers, space: EmbeddingColumns): ReadonlyArray<string> => [
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

export const firstTriggers = (n: Identifiers): ReadonlyArray<string> => [
  `create trigger ${n.bare("memories_added")} after insert on ${n.table("memories")}
  referencing new table as added for each statement execute function ${n.qualified("memories_added")}()`,
  `create trigger ${n.bare("memories_removed")} after delete on ${n.table("memories")}
  referencing old table as removed for each statement execute function ${n.qualified("memories_removed")}()`,
  `create trigger ${n.bare("memories_changed")} after update on ${n.table("memories")}
  for each row when (old.content <> new.content or (old.valid_to is null) <> (new.valid_to is null))
  execute function ${n.qualified("memories_changed")}()`
]
