import { DatabaseSync } from "node:sqlite"

/** Turns a closed file back into one of the first version. */
export const makeFirstVersionFile = (path: string): void => {
  const db = new DatabaseSync(path)
  db.exec(`
    DROP TABLE session; DROP TABLE entry_list; DROP TABLE entry_list_name; DROP TABLE entry; DROP TABLE entry_body;
    DROP INDEX memory_superseded;
    PRAGMA user_version = 1;
  `)
  db.close()
}
