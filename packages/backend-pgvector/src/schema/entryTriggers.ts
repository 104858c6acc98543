/** Triggers of entries: the counts of their scope, and the refusal of a number that is taken. */
import { ENTRY_TAKEN } from "../connection/errors.ts"
import type { Identifiers } from "./identifiers.ts"

export const entryTriggers = (n: Identifiers): ReadonlyArray<string> => [
  `create function ${n.qualified("entries_added")}() returns trigger language plpgsql as $$
begin
  insert into ${n.table("scopes")} as s (scope, agent_id, user_id, row_count, current_count, entry_count, bytes)
    select scope, min(agent_id), min(user_id), 0, 0, count(*), sum(octet_length(content))
    from added group by scope order by scope
    on conflict (scope) do update set
      entry_count = s.entry_count + excluded.entry_count,
      bytes = s.bytes + excluded.bytes;
  return null;
end $$`,
  `create function ${n.qualified("entries_removed")}() returns trigger language plpgsql as $$
begin
  perform 1 from ${n.table("scopes")} where scope in (select scope from removed) order by scope for update;
  update ${n.table("scopes")} s set
      entry_count = s.entry_count - r.entry_count,
      bytes = s.bytes - r.bytes
    from (
      select scope, count(*) as entry_count, sum(octet_length(content)) as bytes from removed group by scope
    ) r
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
