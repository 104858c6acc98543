import type { Scan } from "../connection/Scan.ts"
import type { EntryTable } from "./EntryTable.ts"
import type { MemoryQueries } from "./MemoryQueries.ts"
import type { ScopeRow } from "./ScopeTable.ts"

/** What a scope's rows and entries count for: read where no counter keeps it. */
export function* countBytes(
  tables: { readonly entries: EntryTable; readonly queries: MemoryQueries },
  { bytes, sid }: ScopeRow
): Scan<number> {
  return bytes ?? (yield* tables.queries.sumBytes(sid)) + tables.entries.sumBytes(sid)
}
