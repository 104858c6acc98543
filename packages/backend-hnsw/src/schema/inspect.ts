import {
  canServe,
  Corrupt,
  type Fingerprint,
  fingerprintMismatch,
  MemoryError,
  unsupported
} from "@keepsake/core/driver"
import type { DatabaseSync } from "node:sqlite"
import { APPLICATION_ID, blockTable, SCHEMA_VERSION } from "./schema.ts"

/** The number that a one-column query returns. */
const queryNumber = (db: DatabaseSync, sql: string): number =>
  Number(Object.values(db.prepare(sql).get() ?? {})[0])

/** The file's version, up to `SCHEMA_VERSION`; null for an empty file. Throws for a foreign file or a newer version. */
export const inspect = (db: DatabaseSync, path: string): number | null => {
  const applicationId = queryNumber(db, "PRAGMA application_id")
  const tables = queryNumber(db, "SELECT count(*) FROM sqlite_schema")
  if (applicationId === 0 && tables === 0) return null
  if (applicationId !== APPLICATION_ID) {
    throw new MemoryError({
      reason: new Corrupt({
        message: `${path} is an SQLite database of another program: it was left as it is. Choose another path.`
      })
    })
  }
  const version = queryNumber(db, "PRAGMA user_version")
  if (version < 1 || version > SCHEMA_VERSION) {
    throw unsupported(
      `${path} has file format ${version}; this version of @keepsake/backend-hnsw reads formats 1 to ${SCHEMA_VERSION}. Use the version that wrote it.`
    )
  }
  return version
}

/** Throws `FingerprintMismatch` if the file was filled with another embedder. */
export const checkFingerprint = (db: DatabaseSync, fingerprint: Fingerprint): void => {
  const value = db.prepare("SELECT value FROM meta WHERE key = 'fingerprint'").get()?.["value"]
  if (typeof value !== "string") return
  const stored = JSON.parse(value) as Fingerprint
  if (!canServe(stored, fingerprint)) throw fingerprintMismatch(stored, fingerprint)
}

/** Whether the tables of a generation include that of blocks. */
export const hasBlocks = (db: DatabaseSync, generation: number): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").get(blockTable(generation)) !== undefined

/** The N of the tables that serve. */
export const readGeneration = (db: DatabaseSync): number =>
  queryNumber(db, "SELECT value FROM meta WHERE key = 'generation'")
