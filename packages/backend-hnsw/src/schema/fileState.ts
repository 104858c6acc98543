import { realpathSync, statSync } from "node:fs"

/** The path that SQLite derives the log's from. */
const resolve = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** Whether a log beside the file holds writes, which SQLite reads through shared memory. */
export const hasLog = (path: string): boolean =>
  (statSync(`${resolve(path)}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0

/** Equal for as long as no process has written to a file without a log, or put another in its place. */
export const readFileState = (path: string): string => {
  const file = statSync(path, { throwIfNoEntry: false })
  return `${file?.dev}:${file?.ino}:${file?.size}:${file?.mtimeMs}:${hasLog(path)}`
}
