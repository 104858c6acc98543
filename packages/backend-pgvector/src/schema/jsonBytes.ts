/** The bytes that a row counts for: core's `toBytes` in SQL. */
import type { Identifiers } from "./identifiers.ts"

/**
 * UTF-8 bytes of `JSON.stringify`, for rows that do not keep the number. PostgreSQL puts a space behind each comma
 * and colon, and writes very large and very small numbers without an exponent.
 */
export const jsonBytes = (n: Identifiers): string =>
  `create function ${n.qualified("json_bytes")}(metadata jsonb) returns integer language sql immutable as $$
  select octet_length(metadata::text) + coalesce(sum(case jsonb_typeof(part)
    when 'object' then -greatest(0, 2 * (select count(*) from jsonb_object_keys(part)) - 1)
    when 'array' then -greatest(0, jsonb_array_length(part) - 1)
    when 'number' then (
      select case when abs(part::numeric) >= 1e21 or (abs(part::numeric) < 1e-6 and part::numeric <> 0)
        then length(digits) + (length(digits) > 1)::int + 2 + length(exponent::text) - length(plain) else 0 end
      from (select ltrim(part::text, '-') as plain) p
      cross join lateral (
        select trim(both '0' from replace(plain, '.', '')) as digits,
          case when plain like '0.%' then length(plain) - 1 - length(ltrim(substr(plain, 3), '0'))
            else length(split_part(plain, '.', 1)) - 1 end as exponent
      ) d
    )
    else 0
  end), 0)::integer
  from jsonb_path_query(metadata, 'strict $.**') part
$$`

/** The bytes of `row`, a row of `memories`. */
export const rowBytes = (n: Identifiers, row: string): string =>
  `(octet_length(${row}.content) + coalesce(
      ${row}.metadata_bytes, case when ${row}.metadata = '{}' then 0 else ${n.qualified("json_bytes")}(${row}.metadata) end
    ))`
