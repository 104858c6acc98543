/** What is particular to a store that is a file. */
import { statfs, stat } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect } from "effect"
import { fault, type Finding, ok, warning } from "./Finding.ts"

const LEAST_FREE = 200 * 2 ** 20

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`

const checkSpace = async (path: string): Promise<Finding> => {
  const { bavail, bsize } = await statfs(dirname(resolve(path)))
  const free = bavail * bsize
  return free < LEAST_FREE
    ? warning(
        "disk",
        `${mebibytes(free)} free beside ${path}`,
        "Make room: writes fail when the disk is full."
      )
    : ok("disk", `${mebibytes(free)} free`)
}

const checkPermissions = async (path: string): Promise<ReadonlyArray<Finding>> => {
  const { mode } = await stat(path)
  // Windows has no such bits.
  return process.platform !== "win32" && (mode & 0o077) !== 0
    ? [warning("permissions", `other accounts on this machine may open ${path}`, `chmod 600 ${path}*`)]
    : []
}

const quickCheck = (path: string): Finding => {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const [row] = database.prepare("pragma quick_check(1)").all()
    const said = row?.["quick_check"]
    return said === "ok"
      ? ok("file", `${path} is sound`)
      : fault(
          "file",
          `${path} is damaged: ${String(said)}`,
          "Save what can be read with keepsake export, and import it into a new file."
        )
  } finally {
    database.close()
  }
}

/** Checks of the file beneath a store that could be opened. */
export const checkFile = (path: string): Effect.Effect<ReadonlyArray<Finding>> =>
  Effect.tryPromise(async () => [
    quickCheck(path),
    ...(await checkPermissions(path)),
    await checkSpace(path)
  ]).pipe(
    Effect.catch((error) =>
      Effect.succeed([
        fault(
          "file",
          `${path} could not be looked at: ${String(error.cause)}`,
          "Check the path and its permissions."
        )
      ])
    )
  )

/** Whether graphs for heavy scopes are at hand; without them the scan serves. */
export const hasGraphs = (): boolean => {
  try {
    createRequire(import.meta.resolve("@keepsake/backend-hnsw")).resolve("hnswlib-node")
    return true
  } catch {
    return false
  }
}
