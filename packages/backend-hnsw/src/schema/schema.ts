/** The file: its tables, and the number by which it is known. */

/** "Keep" in ASCII: tells our file from any other SQLite database. */
export const APPLICATION_ID = 0x4b656570
export const SCHEMA_VERSION = 1

/**
 * `memory` and `scope` hold numbers and hashes only; every text, and all vectors and terms, are in
 * `scope_name` and `body_N`, whose bytes vanish with their rows (`erasableBlob.ts`). N grows by one with each
 * change of embedder: `body_N+1` is filled while `body_N` serves.
 *
 * `scope.seq` grows with every change of a row, `removed` is its value at the last removal, `touched`
 * grows with access counts: by these an instance knows which of its derived structures lag behind.
 * `memory.changed` is `seq` at a row's last change after its insertion; a new row is known by its `rid`.
 */
export const TABLES = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE scope (
    sid INTEGER PRIMARY KEY AUTOINCREMENT,
    key BLOB NOT NULL UNIQUE,
    user_key BLOB NOT NULL,
    next INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    touched INTEGER NOT NULL
  );
  CREATE INDEX scope_user ON scope (user_key);
  CREATE TABLE scope_name (sid INTEGER PRIMARY KEY, data BLOB NOT NULL);
  CREATE TABLE memory (
    rid INTEGER PRIMARY KEY,
    sid INTEGER NOT NULL,
    id TEXT NOT NULL,
    flags INTEGER NOT NULL,
    session_key INTEGER,
    turn INTEGER,
    said_at INTEGER NOT NULL,
    importance REAL NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,
    history TEXT,
    superseded_by TEXT,
    access_count INTEGER NOT NULL,
    accessed_at INTEGER,
    changed INTEGER
  );
  CREATE UNIQUE INDEX memory_id ON memory (sid, id);
  CREATE INDEX memory_created ON memory (sid, created_at, id);
  CREATE INDEX memory_place ON memory (sid, session_key, turn) WHERE session_key IS NOT NULL;
  CREATE INDEX memory_expiry ON memory (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX memory_changed ON memory (sid, changed) WHERE changed IS NOT NULL;
`

export const bodyTable = (generation: number): string => `body_${generation}`

export const createBodyTable = (generation: number): string =>
  `CREATE TABLE ${bodyTable(generation)} (rid INTEGER PRIMARY KEY, data BLOB NOT NULL)`
