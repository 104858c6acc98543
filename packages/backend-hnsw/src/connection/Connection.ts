import {
  Corrupt,
  type Fingerprint,
  fingerprintMismatch,
  MemoryError,
  sameFingerprint,
  Unsupported
} from "@keepsake/core/driver"
import { randomBytes } from "node:crypto"
import { accessSync, closeSync, constants, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync, type StatementSync } from "node:sqlite"
import { pageSizeFor } from "../codec/erasableBlob.ts"
import { APPLICATION_ID, createBodyTable, SCHEMA_VERSION, TABLES } from "../schema/schema.ts"
import { closedError } from "./errors.ts"

export const MOVED = "This store has moved to a new embedding space: open it again with the new embedder."

/** How long one call may block the event loop on another process's lock; longer waits are slept through. */
const BLOCK_MS = 5

const numberOf = (row: object | undefined): number => Number(Object.values(row ?? {})[0])

/** One open file: its pragmas, its fingerprint, and whether another process has moved it on. */
export class Connection {
  readonly path: string
  readonly db: DatabaseSync
  readonly #dataVersion: StatementSync
  readonly #meta: StatementSync
  readonly #generation: number
  readonly salt: string
  /** Bytes; what erasable blobs are made for. */
  readonly pageSize: number
  #seen: number
  #epoch = 0
  #closed: string | null = null

  constructor(path: string, db: DatabaseSync) {
    this.path = path
    this.db = db
    this.#dataVersion = db.prepare("PRAGMA data_version")
    this.#dataVersion.setReturnArrays(true)
    this.#meta = db.prepare("SELECT value FROM meta WHERE key = ?")
    this.pageSize = numberOf(db.prepare("PRAGMA page_size").get())
    this.#seen = numberOf(this.#dataVersion.get())
    this.#generation = Number(this.meta("generation"))
    this.salt = this.meta("salt") ?? ""
  }

  /** The number of the serving `body_N`. */
  get generation(): number {
    return this.#generation
  }

  /** Moves whenever the file may hold something else than what this handle last read or wrote. */
  get epoch(): number {
    return this.#epoch
  }

  get closed(): string | null {
    return this.#closed
  }

  meta(key: string): string | null {
    const value = this.#meta.get(key)?.["value"]
    return typeof value === "string" ? value : null
  }

  /** Inside a transaction. */
  setMeta(key: string, value: string): void {
    this.db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)").run(key, value)
  }

  /** Inside a transaction. */
  removeMeta(key: string): void {
    this.db.prepare("DELETE FROM meta WHERE key = ?").run(key)
  }

  fingerprint(key: "fingerprint" | "staged"): Fingerprint | null {
    const value = this.meta(key)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this package alone
    return value === null ? null : (JSON.parse(value) as Fingerprint)
  }

  /** Throws `Closed` when this handle is closed. */
  assertOpen(): void {
    if (this.#closed !== null) throw closedError(this.#closed)
  }

  /** Throws `Closed` also when another process has switched the file to another embedder. */
  assertServing(): void {
    this.assertOpen()
    const version = numberOf(this.#dataVersion.get())
    if (version === this.#seen) return
    this.#epoch++
    if (Number(this.meta("generation")) === this.#generation) this.#seen = version
    else this.refuse(MOVED)
    this.assertOpen()
  }

  /** Ends a transaction that failed. */
  rollback(): void {
    this.#epoch++
    // A full disk rolls back by itself.
    if (this.db.isTransaction) this.db.exec("ROLLBACK")
  }

  /** Moves what it can of the write-ahead log into the file, waiting for nobody; a failure is met again by the next commit. */
  checkpointPassive(): void {
    if (!this.db.isOpen || this.db.isTransaction) return
    try {
      this.db.prepare("PRAGMA wal_checkpoint(PASSIVE)").get()
    } catch {
      // Nothing is lost: the log still holds what was acknowledged.
    }
  }

  /** Moves the write-ahead log into the file and empties it; false when another process reads it just now. */
  checkpointTruncate(): boolean {
    return Number(this.db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.["busy"]) === 0
  }

  /** From now on every call is `Closed` with this reason; the first reason stays. */
  refuse(reason: string): void {
    this.#closed ??= reason
  }

  /** Shuts it and lets go of the file. */
  close(reason: string): void {
    this.refuse(reason)
    if (this.db.isOpen) this.db.close()
  }
}

/** From 32 MB of log on a commit moves what `WalCheckpointer` has not yet moved. */
const LOG_PAGES = 32_000

const configure = (
  db: DatabaseSync,
  options: { readonly synchronous: "full" | "normal"; readonly pageSize: number }
): void => {
  // The page size must come before the first table; a file that exists keeps its own.
  db.exec(`
    PRAGMA page_size = ${options.pageSize};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${options.synchronous};
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -8192;
    PRAGMA wal_autocheckpoint = ${LOG_PAGES};
  `)
}

const foreign = (path: string): MemoryError =>
  new MemoryError({
    reason: new Corrupt({
      message: `${path} is an SQLite database of another program: it was left as it is. Choose another path.`
    })
  })

/** Tables, salt and fingerprint in one transaction: a file is a store wholly or not at all. */
const create = (db: DatabaseSync, given: Fingerprint): void => {
  db.exec(TABLES)
  db.exec(createBodyTable(1))
  const put = db.prepare("INSERT INTO meta (key, value) VALUES (?, ?)")
  put.run("generation", "1")
  put.run("salt", randomBytes(16).toString("hex"))
  put.run("fingerprint", JSON.stringify(given))
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
}

/** Refuses what is not ours before anything is written to it. */
const inspect = (db: DatabaseSync, path: string): "ours" | "empty" => {
  const application = numberOf(db.prepare("PRAGMA application_id").get())
  const tables = numberOf(db.prepare("SELECT count(*) FROM sqlite_schema").get())
  if (application === 0 && tables === 0) return "empty"
  if (application !== APPLICATION_ID) throw foreign(path)
  const version = numberOf(db.prepare("PRAGMA user_version").get())
  if (version !== SCHEMA_VERSION) {
    throw new MemoryError({
      reason: new Unsupported({
        message: `${path} has file format ${version}; this version of @keepsake/backend-hnsw reads format ${SCHEMA_VERSION}. Use the version that wrote it.`
      })
    })
  }
  return "ours"
}

/**
 * What people said is for this account alone. SQLite would make the file for everybody to read, and gives
 * the log beside it the rights that the file has.
 */
const createPrivate = (path: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    closeSync(openSync(path, "wx", 0o600))
  } catch {
    // It is there, or SQLite will say why it cannot be.
  }
}

/**
 * Opens or creates the file. Throws what node:sqlite throws, and `MemoryError` for a foreign file or a
 * mismatch; a busy file is busy: the caller waits and tries again.
 */
export const openConnection = (
  path: string,
  given: Fingerprint,
  options: { readonly synchronous: "full" | "normal" }
): Connection => {
  createPrivate(path)
  // SQLite says no more than that it cannot open it.
  accessSync(dirname(path), constants.W_OK | constants.X_OK)
  const db = new DatabaseSync(path, { timeout: BLOCK_MS })
  try {
    const found = inspect(db, path)
    configure(db, { ...options, pageSize: pageSizeFor(given.embedding?.dimensions ?? 0) })
    if (found === "empty") {
      db.exec("BEGIN IMMEDIATE")
      // Another process may have created it between the look and the lock.
      if (inspect(db, path) === "empty") create(db, given)
      db.exec("COMMIT")
    }
    const connection = new Connection(path, db)
    const stored = connection.fingerprint("fingerprint") ?? given
    if (!sameFingerprint(stored, given)) throw fingerprintMismatch(stored, given)
    return connection
  } catch (error) {
    db.close()
    throw error
  }
}
