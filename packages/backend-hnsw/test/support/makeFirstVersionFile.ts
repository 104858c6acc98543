import { DatabaseSync } from "node:sqlite"

/** Turns a closed file back into one of the first version. */
export const makeFirstVersionFile = (path: string): void => {
  const db = new DatabaseSync(path)
  db.exec(`
    DROP TABLE session; DROP TABLE entry_list; DROP TABLE entry_list_name; DROP TABLE entry; DROP TABLE entry_body;
    DROP TABLE long_1; DROP TABLE owed_1;
    DROP INDEX memory_superseded;
    ALTER TABLE memory DROP COLUMN bytes; ALTER TABLE scope DROP COLUMN bytes;
    PRAGMA user_version = 1;
  `)
  db.close()
}
