import { createPrivateFile, type Fingerprint, invalidInput, makePrivateFolder } from "@keepsake/core/driver"
import { randomBytes } from "node:crypto"
import { accessSync, closeSync, constants, lstatSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import { choosePageSize } from "../codec/erasableBlob.ts"
import { checkFingerprint, hasBlocks, inspect, readGeneration } from "./inspect.ts"
import { migrate } from "./migrations/migrate.ts"
import { addBlocks, APPLICATION_ID, createSpaceTables, OWN_IDS, SCHEMA_VERSION, TABLES } from "./schema.ts"

/** Longest wait of one call for another process's lock, which blocks the event loop; longer waits are timers. */
export const BLOCK_MS = 5
/** A commit checkpoints by itself from this log length (32 MB); `WalCheckpointer` works long before. */
const AUTO_CHECKPOINT_PAGES = 32_000

const configure = (db: DatabaseSync, synchronous: "full" | "normal", pageSize: number): void => {
  // The page size must be set before the first table; an existing file keeps its own.
  db.exec(`
    PRAGMA page_size = ${pageSize};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${synchronous};
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -8192;
    PRAGMA wal_autocheckpoint = ${AUTO_CHECKPOINT_PAGES};
  `)
}

/** Inside a transaction: another process sees either an empty file or a whole store. */
const createTables = (db: DatabaseSync, fingerprint: Fingerprint): void => {
  db.exec(TABLES)
  db.exec(createSpaceTables(1))
  const put = db.prepare("INSERT INTO meta (key, value) VALUES (?, ?)")
  put.run("generation", "1")
  put.run("salt", randomBytes(16).toString("hex"))
  put.run("fingerprint", JSON.stringify(fingerprint))
  put.run(OWN_IDS, "1")
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
}

/** Whose file a link names: SQLite would create a missing one with the umask's mode, and anyone may plant a link. */
const checkLink = (path: string): void => {
  if (!lstatSync(path).isSymbolicLink()) return
  const target = statSync(path, { throwIfNoEntry: false })
  if (target === undefined) {
    throw invalidInput(
      "path",
      `${path} is a link to a file that is not there: remove it, or give the file's own path`
    )
  }
  const account = process.getuid?.()
  if (account !== undefined && target.uid !== account) {
    throw invalidInput("path", `${path} is a link to another account's file: give the file's own path`)
  }
}

/** Creates the file if it is missing: SQLite copies its mode to `-wal` and `-shm`. */
const createFile = (path: string): void => {
  makePrivateFolder(dirname(path))
  const file = createPrivateFile(path)
  if (file === null) checkLink(path)
  else closeSync(file)
}

/** Without creating: a file that goes away meanwhile would come back with the umask's mode. */
const openExisting = (path: string): DatabaseSync => {
  const url = pathToFileURL(path)
  url.searchParams.set("mode", "rw")
  return new DatabaseSync(url, { timeout: BLOCK_MS })
}

/** In one transaction, which a kill undoes; the next process to open the file begins again. */
const createOrMigrate = (db: DatabaseSync, path: string, fingerprint: Fingerprint): void => {
  db.exec("BEGIN IMMEDIATE")
  // Another process may have created or migrated the tables before this one got the lock.
  const version = inspect(db, path)
  if (version === null) createTables(db, fingerprint)
  else migrate(db, version)
  db.exec("COMMIT")
}

/** Another process may do so at once. */
const completeTables = (db: DatabaseSync): void => {
  const generation = readGeneration(db)
  if (!hasBlocks(db, generation)) db.exec(addBlocks(generation))
}

/**
 * Opens or creates the file. Throws node:sqlite's errors, and `MemoryError` for a foreign file or another fingerprint.
 * A file that another process is creating or recovering is busy: try again.
 */
export const openFile = (
  path: string,
  fingerprint: Fingerprint,
  synchronous: "full" | "normal"
): DatabaseSync => {
  createFile(path)
  // SQLite would only say that it cannot open the file.
  accessSync(dirname(path), constants.W_OK | constants.X_OK)
  const db = openExisting(path)
  try {
    const version = inspect(db, path)
    // A file that is refused is not migrated.
    if (version !== null) checkFingerprint(db, fingerprint)
    configure(db, synchronous, choosePageSize(fingerprint.embedding?.dimensions ?? 0))
    if (version !== SCHEMA_VERSION) createOrMigrate(db, path, fingerprint)
    checkFingerprint(db, fingerprint)
    completeTables(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
