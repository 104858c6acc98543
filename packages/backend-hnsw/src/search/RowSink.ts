import type { AddedRows } from "../tables/ScopeChange.ts"

/** Takes rows in ascending order of `rid`, each passage of a row after it. */
export interface RowSink extends AddedRows {
  /** The greatest number taken or passed over, or -1. */
  readonly lastLocal: number
  /** Passes over a row or passage that is damaged. */
  pass(rid: number): void
}
