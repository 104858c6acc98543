/** The one place that makes files and folders: for this account alone, and never through a link that someone planted. */
import { randomUUID } from "node:crypto"
import { constants, existsSync, mkdirSync, openSync } from "node:fs"
import { type FileHandle, open, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"

// Without O_NOFOLLOW on Windows, which has no links of that kind.
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants
const NEW_FILE = O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR

const isTaken = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "EEXIST"

/**
 * Makes the folder and those above it that are missing. Not by `recursive`, which never ends where the system refuses a
 * folder as missing, as `/proc` does.
 */
export const makePrivateFolder = (path: string): void => {
  if (existsSync(path)) return
  const parent = dirname(path)
  if (parent !== path) makePrivateFolder(parent)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (!isTaken(error)) throw error
  }
}

/** Opens a new file to read and write; null if the name is taken, by a link too. */
export const createPrivateFile = (path: string): number | null => {
  try {
    return openSync(path, NEW_FILE, 0o600)
  } catch (error) {
    if (isTaken(error)) return null
    throw error
  }
}

/** Of a half-written file: the process that writes it. */
const WRITER = /\.(\d+)\.[0-9a-f-]{36}\.tmp$/u

/** Whether a half-written file is of another process that still runs: those of the others are left over. */
export const isBeingWritten = (name: string): boolean => {
  const writer = Number(WRITER.exec(name)?.[1] ?? process.pid)
  // A process in a container often has the number of the one before it.
  if (writer === process.pid) return false
  try {
    process.kill(writer, 0)
    return true
  } catch (error) {
    // Another account's process may not be signalled.
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/**
 * Writes a file beside `path` and puts it in the place of whatever has the name, a link included. After a failure the
 * old file is as it was.
 */
export const replacePrivateFile = async (
  path: string,
  write: (file: FileHandle, temporary: string) => Promise<void>
): Promise<void> => {
  const temporary = join(dirname(path), `${basename(path)}.${process.pid}.${randomUUID()}.tmp`)
  try {
    const file = await open(temporary, NEW_FILE, 0o600)
    try {
      await write(file, temporary)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}
