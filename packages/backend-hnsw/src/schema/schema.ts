/** The file's tables and versions. `migrations/` has the way from each older version. */

/** "Keep" in ASCII: distinguishes our file from other SQLite databases. */
export const APPLICATION_ID = 0x4b656570
export const SCHEMA_VERSION = 2

/**
 * The key in `meta` of a file in which no row has a former id (`StoreRow.formerIds`). It is there from the beginning, and
 * goes with the first row that comes without its own, such as an import's; older files never had it.
 */
export const OWN_IDS = "ownIds"

/**
 * `memory` and `scope` hold only numbers and hashes; texts, vectors and terms are in `scope_name` and `body_N`, whose
 * bytes disappear with their rows (`erasableBlob.ts`). N is the generation: changing the embedder fills the tables of
 * N+1 while those of N serve. A migration also moves N on, so that handles of the older version find that they are
 * left behind; `meta.space` then keeps the N under which the vectors were written, which saved graphs name.
 *
 * `body_N` has a body for each passage. The first has its row's `rid`; the others of a long text have numbers of their
 * own in the same scope, `extras` of them from `first` on, as `long_N` says. `owed_N` names the rows whose vectors are
 * still to come. `block_N` holds what a search needs of many passages at once (`blockBlob.ts`), derived from the others.
 *
 * `bytes` is what a row or scope counts for (`toBytes`); null where the first version wrote it and no limit asked since.
 *
 * `memory.sum` is the sum of a row's columns (`sumRow`), null where the first version wrote them; bodies carry their own.
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

/** Columns that version 2 adds. */
const BYTES = "ADD COLUMN bytes INTEGER"
const BYTES_COLUMNS = `ALTER TABLE memory ${BYTES}; ALTER TABLE memory ADD COLUMN sum INTEGER; ALTER TABLE scope ${BYTES};`

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
    "(lid INTEGER NOT NULL, number INTEGER NOT NULL, eid INTEGER NOT NULL, created_at INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (lid, number)) WITHOUT ROWID",
  /** Contents, erasably. */
  entry_body: "(eid INTEGER PRIMARY KEY, data BLOB NOT NULL)"
}

const SUPERSEDED_INDEX =
  "CREATE INDEX memory_superseded ON memory (sid, superseded_by) WHERE superseded_by IS NOT NULL"

type TableKind = "TABLE" | "TEMP TABLE"

const createSessionTables = (kind: TableKind): string =>
  Object.entries(SESSION_TABLES)
    .map(([name, columns]) => `CREATE ${kind} ${name} ${columns};`)
    .join("\n")

export const bodyTable = (generation: number): string => `body_${generation}`
export const longTable = (generation: number): string => `long_${generation}`
export const owedTable = (generation: number): string => `owed_${generation}`
export const blockTable = (generation: number): string => `block_${generation}`

const createBlockTable = (generation: number, kind: TableKind): string =>
  `CREATE ${kind} IF NOT EXISTS ${blockTable(generation)} (rid INTEGER PRIMARY KEY, data BLOB NOT NULL);`

/** What the first version had no tables for in a space. */
const createPassageTables = (generation: number, kind: TableKind): string =>
  `CREATE ${kind} ${longTable(generation)} (rid INTEGER PRIMARY KEY, first INTEGER NOT NULL, extras INTEGER NOT NULL);\n` +
  `CREATE ${kind} ${owedTable(generation)} (rid INTEGER PRIMARY KEY);\n${createBlockTable(generation, kind)}`

/** The tables of a generation. */
export const createSpaceTables = (generation: number): string =>
  `CREATE TABLE ${bodyTable(generation)} (rid INTEGER PRIMARY KEY, data BLOB NOT NULL);\n${createPassageTables(generation, "TABLE")}`

export const dropSpaceTables = (generation: number): string =>
  [bodyTable, longTable, owedTable, blockTable]
    .map((name) => `DROP TABLE IF EXISTS ${name(generation)};`)
    .join("\n")

/** Every table of a new file but those of its generation. */
export const TABLES = `${FIRST_TABLES}${BYTES_COLUMNS}\n${SUPERSEDED_INDEX};\n${createSessionTables("TABLE")}`

/** What version 2 adds to a file of version 1. @param generations whose bodies it holds */
export const addVersion2 = (generations: ReadonlyArray<number>): string =>
  [
    BYTES_COLUMNS,
    `${SUPERSEDED_INDEX};`,
    createSessionTables("TABLE"),
    ...generations.map((generation) => createPassageTables(generation, "TABLE"))
  ].join("\n")

/** Blocks came within version 2. */
export const addBlocks = (generation: number): string => createBlockTable(generation, "TABLE")

/** The same for a file that may not be changed. */
export const imitateBlocks = (generation: number): string => createBlockTable(generation, "TEMP TABLE")

/** `addVersion2` for a file that may not be changed: in memory, and nothing is in these tables. */
export const imitateVersion2 = (generation: number): string =>
  [
    "CREATE TEMP VIEW memory AS SELECT *, NULL AS bytes, NULL AS sum FROM main.memory;",
    "CREATE TEMP VIEW scope AS SELECT *, NULL AS bytes FROM main.scope;",
    createSessionTables("TEMP TABLE"),
    createPassageTables(generation, "TEMP TABLE")
  ].join("\n")
