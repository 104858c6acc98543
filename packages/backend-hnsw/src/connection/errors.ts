/** Classifies SQLite's and the file system's errors as `MemoryError`s that name the file and say what to do. */
import {
  Corrupt,
  InvalidInput,
  MemoryError,
  type MemoryErrorReason,
  StorageFull,
  Timeout,
  Unauthorized,
  Unavailable
} from "@keepsake/core/driver"
import { DamagedIndex, DamagedRow } from "../codec/checksum.ts"

/** Primary result codes (sqlite.org/rescode.html). */
const SQLITE = {
  ERROR: 1,
  PERM: 3,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  AUTH: 23,
  NOTADB: 26
} as const

/** The primary result code of a node:sqlite error, or null. */
const resultCode = (error: unknown): number | null =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : null

/** Another process holds a lock; retrying may succeed. */
export const isBusy = (error: unknown): boolean => {
  const code = resultCode(error)
  return code === SQLITE.BUSY || code === SQLITE.LOCKED
}

const corrupt = (path: string, cause: unknown): MemoryErrorReason =>
  new Corrupt({
    cause,
    message:
      `The memory file ${path} is damaged. Put a copy from a backup in its place, or save what can be read with ` +
      `\`sqlite3 ${path} .recover\`; move the damaged file away to start again.`
  })

const damagedRow = (path: string, cause: DamagedRow): MemoryErrorReason =>
  new Corrupt({
    cause,
    message: `A memory in ${path} is damaged (row ${cause.rid}); the others serve. \`keepsake doctor\` names what is damaged, \`keepsake repair\` rebuilds what it can and lists what is lost.`
  })

const fsCode = (error: unknown): string | null =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null

/** V8's words for memory that it cannot get; other RangeErrors are of lengths that contradict each other. */
const isOutOfMemory = (cause: unknown): boolean =>
  cause instanceof RangeError && /memory|allocation failed|invalid string length/iu.test(cause.message)

/** A statement of ours does not fit the file's tables: their description is damaged. */
const isForeignSchema = (cause: unknown): boolean =>
  resultCode(cause) === SQLITE.ERROR && /no such|has no column|malformed/u.test(String(cause))

const classify = (path: string, cause: unknown): MemoryErrorReason => {
  if (cause instanceof DamagedRow) return damagedRow(path, cause)
  if (cause instanceof DamagedIndex) {
    return new Corrupt({
      cause,
      message: `An index of ${path} is damaged: what it does not find may be there. \`keepsake repair\` builds it again.`
    })
  }
  switch (resultCode(cause)) {
    case SQLITE.FULL:
      return new StorageFull({
        cause,
        message: `The disk that holds ${path} is full; nothing was written. Make room, or move the file, and try again.`
      })
    case SQLITE.BUSY:
    case SQLITE.LOCKED:
      return new Timeout({ cause, message: `Another process kept ${path} locked for too long. Try again.` })
    case SQLITE.NOTADB:
      return new Corrupt({
        cause,
        message: `${path} is not a memory file: it was left as it is. Choose another path, or move it away.`
      })
    case SQLITE.CORRUPT:
      return corrupt(path, cause)
    case SQLITE.READONLY:
    case SQLITE.PERM:
    case SQLITE.AUTH:
      return unauthorized(path, cause)
    case SQLITE.CANTOPEN:
      return new Unavailable({
        cause,
        message: `${path} cannot be opened. The file and its folder must be writable by this process, and the path must not be a folder.`
      })
    case SQLITE.IOERR:
      return new Unavailable({
        cause,
        message: `Reading or writing ${path} failed: check the disk that holds it.`
      })
    default:
      return classifyFileError(path, cause)
  }
}

const unauthorized = (path: string, cause: unknown): MemoryErrorReason =>
  new Unauthorized({
    cause,
    message: `This process may not write ${path}. The file and its folder must be writable: change their rights, or choose another path.`
  })

const classifyFileError = (path: string, cause: unknown): MemoryErrorReason => {
  switch (fsCode(cause)) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return unauthorized(path, cause)
    case "ENOSPC":
    case "EDQUOT":
      return new StorageFull({
        cause,
        message: `The disk that holds ${path} is full. Make room and try again.`
      })
    case "ENOENT":
      return new InvalidInput({
        cause,
        field: "path",
        message: `path: the folder of ${path} does not exist and cannot be made. Choose another path.`
      })
    case "ENOTDIR":
    case "EEXIST":
      return new InvalidInput({
        cause,
        field: "path",
        message: `path: a part of ${path} is a file where a folder is needed. Choose another path.`
      })
    default:
      if (isOutOfMemory(cause)) {
        return new StorageFull({
          cause,
          message: `This process has no memory left to search ${path}. Lower cacheBytes, or give it more memory, and try again.`
        })
      }
      if (isForeignSchema(cause) || cause instanceof RangeError || cause instanceof SyntaxError)
        return corrupt(path, cause)
      return new Unavailable({
        cause,
        message: `The memory file ${path} could not be used: ${String(cause)}`
      })
  }
}

/** A `MemoryError` passes unchanged. */
export const toMemoryError = (path: string, cause: unknown): MemoryError =>
  cause instanceof MemoryError ? cause : new MemoryError({ reason: classify(path, cause) })
