/** What is known of a tuned scope's vector index. A store that an earlier version made gets the columns when a scope is tuned. */
import type { Identifiers } from "./identifiers.ts"

const COLUMNS: Readonly<Record<string, string>> = {
  lists: "integer,        -- of its vector index; null: a graph of the first version",
  probes: "integer,       -- lists that a search reads",
  recall: "real,          -- share of the nearest 100 rows that it finds; null: not measured yet",
  measured_rows: "bigint  -- the scope's size then"
}

export const TUNED_COLUMNS = Object.keys(COLUMNS)

export const tunedColumns = (n: Identifiers): string =>
  `alter table ${n.table("tuned")}
${Object.entries(COLUMNS)
  .map(([name, rest]) => `  add column if not exists ${name} ${rest}`)
  .join("\n")}`
