/** The file's tables and versions. `migrations/` has the way from each older version. */

/** "Keep" in ASCII: distinguishes our file from other SQLite databases. */
export const APPLICATION_ID = 0x4b656570
export const SCHEMA_VERSION = 2

/**
 * `memory` and `scope` hold only numbers and hashes; texts, vectors and terms are in `scope_name` and `body_N`, whose
 * bytes disappear with their rows (`erasableBlob.ts`). N is the generation: changing the embedder fills `body_N+1`
 * while `body_N` serves. A migration also moves N on, so that handles of the older version find that they are left
 * behind; `meta.space` then keeps the N under which the vectors were written, which saved graphs name.
 *
 * A scope without rows stays while `session` or `entry_list` has something of it, its name only for the latter.
 *
 * An index compares its counters with the scope's to see what it has missed: `seq` grows with every change of a row,
 * `removed` is `seq` at the last removal, `touched` grows with access counts. `memory.changed` is `seq` at the row's
 * last change after its insertion; a new row is recognised by its `rid`.
 */
const FIRST_TABLES = `
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

/** What a scope keeps about its conversations beside memories. Keys are salted hashes. */
const SESSION_TABLES = {
  /** The greatest turn that a removal took from a session. */
  session:
    "(sid INTEGER NOT NULL, key BLOB NOT NULL, last_turn INTEGER NOT NULL, PRIMARY KEY (sid, key)) WITHOUT ROWID",
  /** The entries of one session and kind. */
  entry_list:
    "(lid INTEGER PRIMARY KEY, sid INTEGER NOT NULL, session_key BLOB NOT NULL, kind_key BLOB NOT NULL, UNIQUE (sid, session_key, kind_key))",
  /** The names behind the hashes, erasably. */
  entry_list_name: "(lid INTEGER PRIMARY KEY, data BLOB NOT NULL)",
  entry:
    "(lid INTEGER NOT NULL, number INTEGER NOT NULL, eid INTEGER NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (lid, number)) WITHOUT ROWID",
  /** Contents, erasably. */
  entry_body: "(eid INTEGER PRIMARY KEY, data BLOB NOT NULL)"
}

export const SUPERSEDED_INDEX =
  "CREATE INDEX memory_superseded ON memory (sid, superseded_by) WHERE superseded_by IS NOT NULL"

/** @param kind `TABLE`, or `TEMP TABLE` where the file may not be changed */
export const createSessionTables = (kind: "TABLE" | "TEMP TABLE"): string =>
  Object.entries(SESSION_TABLES)
    .map(([name, columns]) => `CREATE ${kind} ${name} ${columns};`)
    .join("\n")

/** Every table of a new file but `body_N`. */
export const TABLES = `${FIRST_TABLES}${SUPERSEDED_INDEX};\n${createSessionTables("TABLE")}`

export const bodyTable = (generation: number): string => `body_${generation}`

export const createBodyTable = (generation: number): string =>
  `CREATE TABLE ${bodyTable(generation)} (rid INTEGER PRIMARY KEY, data BLOB NOT NULL)`
