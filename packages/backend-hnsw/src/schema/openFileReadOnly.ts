import { type Fingerprint, MemoryError, NotFound } from "@keepsake/core/driver"
import { statSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import { hasLog, readFileState } from "./fileState.ts"
import { checkFingerprint, hasBlocks, inspect, readGeneration } from "./inspect.ts"
import { BLOCK_MS } from "./openFile.ts"
import { imitateBlocks, imitateVersion2, SCHEMA_VERSION } from "./schema.ts"

export interface ReadOnlyFile {
  readonly db: DatabaseSync
  /** `readFileState` if the file is read as one that never changes: another state asks for another open. */
  readonly frozenState: string | null
}

const notFound = (path: string): MemoryError =>
  new MemoryError({
    reason: new NotFound({
      message: `There is no memory file at ${path}, and a store that is opened read-only creates none. Check the path.`
    })
  })

/** Brings a file of an older version to today's statements, in memory alone: nothing is in these tables. */
const completeTables = (db: DatabaseSync, version: number): void => {
  const generation = readGeneration(db)
  if (version < SCHEMA_VERSION) db.exec(imitateVersion2(generation))
  else if (!hasBlocks(db, generation)) db.exec(imitateBlocks(generation))
}

/**
 * Opens a file of this version or an older one as it is. Throws as `openFile` does, and `NotFound`. SQLite reads a log
 * through shared memory, a file that it creates; without a log it is told that the file never changes, and creates
 * nothing.
 */
export const openFileReadOnly = (path: string, fingerprint: Fingerprint): ReadOnlyFile => {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) throw notFound(path)
  const url = pathToFileURL(path)
  const frozenState = hasLog(path) ? null : readFileState(path)
  if (frozenState !== null) url.searchParams.set("immutable", "1")
  const db = new DatabaseSync(url, { readOnly: true, timeout: BLOCK_MS })
  try {
    db.exec("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192")
    const version = inspect(db, path)
    if (version === null) throw notFound(path)
    checkFingerprint(db, fingerprint)
    completeTables(db, version)
    return { db, frozenState }
  } catch (error) {
    db.close()
    throw error
  }
}
