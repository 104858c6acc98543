import { realpathSync, statSync } from "node:fs"

/** The path that SQLite derives the log's from; the path itself if there is no file. */
export const resolveLinks = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

const logPath = (path: string): string => `${resolveLinks(path)}-wal`

/** Whether a log beside the file holds writes, which SQLite reads through shared memory. */
export const hasLog = (path: string): boolean =>
  (statSync(logPath(path), { throwIfNoEntry: false })?.size ?? 0) > 0

/** Equal for as long as no process has written to a file without a log, or put another in its place. */
export const readFileState = (path: string): string => {
  const file = statSync(path, { throwIfNoEntry: false })
  return `${file?.dev}:${file?.ino}:${file?.size}:${file?.mtimeMs}:${hasLog(path)}`
}

/** Tells a file from another that took its name: device and inode; null if there is none. */
export const readIdentity = (path: string): string | null => {
  // A number would lose digits of Windows' inodes.
  const file = statSync(path, { bigint: true, throwIfNoEntry: false })
  return file === undefined ? null : `${file.dev}:${file.ino}`
}
