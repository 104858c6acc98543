import { statSync } from "node:fs"

/** Whether a log beside the file holds writes, which SQLite reads through shared memory. */
export const hasLog = (path: string): boolean =>
  (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0

/** Equal for as long as no process has written to a file without a log. */
export const readFileState = (path: string): string => {
  const file = statSync(path, { throwIfNoEntry: false })
  return `${file?.ino}:${file?.size}:${file?.mtimeMs}:${hasLog(path)}`
}
