import { type Fingerprint, MemoryError, NotFound } from "@keepsake/core/driver"
import { accessSync, constants, statSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import { checkFingerprint, inspect } from "./inspect.ts"
import { BLOCK_MS } from "./openFile.ts"
import { createSessionTables, SCHEMA_VERSION } from "./schema.ts"

const notFound = (path: string): MemoryError =>
  new MemoryError({
    reason: new NotFound({
      message: `There is no memory file at ${path}, and a store that is opened read-only creates none. Check the path.`
    })
  })

const canWrite = (folder: string): boolean => {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/**
 * SQLite keeps shared memory beside a file with a log, so that it sees what other processes write. Where it cannot
 * create that and there is no log, no process of this machine writes: it may read the file as if it never changed.
 */
const toUrl = (path: string): URL => {
  const url = pathToFileURL(path)
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  if ((log === undefined || log.size === 0) && !canWrite(dirname(path)))
    url.searchParams.set("immutable", "1")
  return url
}

/** Opens a file of this version or an older one as it is. Throws as `openFile` does, and `NotFound`. */
export const openFileReadOnly = (path: string, fingerprint: Fingerprint): DatabaseSync => {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) throw notFound(path)
  const db = new DatabaseSync(toUrl(path), { readOnly: true, timeout: BLOCK_MS })
  try {
    db.exec("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192")
    const version = inspect(db, path)
    if (version === null) throw notFound(path)
    checkFingerprint(db, fingerprint)
    // Nothing is in them, but the statements that name them work.
    if (version < SCHEMA_VERSION) db.exec(createSessionTables("TEMP TABLE"))
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
