import type { DatabaseSync, StatementSync } from "node:sqlite"

/** A statement that is prepared at its first use. */
export type Prepared = () => StatementSync

/** For a statement that most processes never run, or whose table may not be there yet. */
export const prepareLazily = (db: DatabaseSync, sql: string): Prepared => {
  let statement: StatementSync | null = null
  return () => (statement ??= db.prepare(sql))
}
