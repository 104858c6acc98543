/** Checks of a store that is a file. */
import { statfs, stat } from "node:fs/promises"
import { statSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import type { DamagedMemory } from "@keepsake/backend-hnsw"
import type { MemoryError } from "@keepsake/core"
import * as Effect from "effect/Effect"
import { loadHnsw } from "../loadPackage.ts"
import { plural } from "../plural.ts"
import { fault, type Finding, ok, warning } from "./Finding.ts"

const FREE_BYTES_MIN = 200 * 2 ** 20

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`

const checkSpace = async (path: string): Promise<Finding> => {
  const { bavail, bsize } = await statfs(dirname(resolve(path)))
  const free = bavail * bsize
  return free < FREE_BYTES_MIN
    ? warning(
        "disk",
        `${mebibytes(free)} free on the disk of ${path}`,
        "Free some space: writes fail when the disk is full."
      )
    : ok("disk", `${mebibytes(free)} free`)
}

const checkPermissions = async (path: string): Promise<ReadonlyArray<Finding>> => {
  const { mode } = await stat(path)
  // Windows has no permission bits.
  return process.platform !== "win32" && (mode & 0o077) !== 0
    ? [warning("permissions", `other accounts on this machine may open ${path}`, `chmod 600 ${path}*`)]
    : []
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/**
 * Opens the file without writing beside it: SQLite creates a log and shared memory unless it is told that the file
 * never changes. Where one of them has something, they are there already, and another process may write.
 */
const openToCheck = (path: string): DatabaseSync => {
  const url = pathToFileURL(path)
  if (sizeOf(`${path}-wal`) === 0 && sizeOf(`${path}-shm`) === 0) url.searchParams.set("immutable", "1")
  return new DatabaseSync(url, { readOnly: true })
}

/** The tables, and that their indexes have every row. */
const checkTables = (path: string): Finding => {
  const database = openToCheck(path)
  try {
    const [row] = database.prepare("pragma integrity_check(1)").all()
    const result = row?.["integrity_check"]
    return result === "ok"
      ? ok("file", `${path} is intact`)
      : fault(
          "file",
          `${path} is damaged: ${String(result)}`,
          "Make a copy with keepsake backup; then keepsake repair builds indexes again. Where it fails, save the readable memories with keepsake export, and import them into a new file."
        )
  } finally {
    database.close()
  }
}

/** Damaged memories that a finding names. */
const NAMED_MAX = 10

/** Which memory it is, without its text. */
export const describeDamaged = ({ id, rid, scope }: DamagedMemory): string =>
  `row ${rid}${id === null ? "" : ` (${id})`} of ${scope === null ? "an unknown user" : `${scope.agentId}/${scope.userId}`}`

/** Compares every memory with its checksums. */
const checkRows = (path: string): Effect.Effect<ReadonlyArray<Finding>, MemoryError> =>
  Effect.gen(function* () {
    const { HnswFile } = yield* loadHnsw
    const damaged = yield* HnswFile.inspect(path)
    if (damaged.length === 0) return []
    const named = damaged.slice(0, NAMED_MAX).map(describeDamaged).join(", ")
    const more = damaged.length > NAMED_MAX ? ` and ${damaged.length - NAMED_MAX} more` : ""
    return [
      fault(
        "memories",
        `${plural(damaged.length, "memory", "memories")} of ${path} damaged: ${named}${more}`,
        "Make a copy with keepsake backup; then keepsake repair rebuilds what it can and lists what is lost. Or put a backup in its place."
      )
    ]
  })

/** Compares the blocks of the search index with their checksums. */
const checkBlocks = (path: string): Effect.Effect<ReadonlyArray<Finding>, MemoryError> =>
  Effect.gen(function* () {
    const { HnswFile } = yield* loadHnsw
    const damaged = yield* HnswFile.inspectBlocks(path)
    if (damaged === 0) return []
    return [
      warning(
        "index",
        `${plural(damaged, "block")} of the search index of ${path} damaged: memories are read one by one instead`,
        "The next recall writes them again; keepsake repair does too. Other parts of the disk may be damaged: keep a backup."
      )
    ]
  })

/** Checks the file of a store that could be opened. */
export const checkFile = (path: string): Effect.Effect<ReadonlyArray<Finding>> =>
  Effect.tryPromise(async () => [
    checkTables(path),
    ...(await checkPermissions(path)),
    await checkSpace(path)
  ]).pipe(
    Effect.flatMap((findings) =>
      Effect.map(Effect.all([checkRows(path), checkBlocks(path)]), (more) => [...findings, ...more.flat()])
    ),
    Effect.catch((error) =>
      Effect.succeed([
        fault(
          "file",
          `${path} could not be checked: ${String(error.cause)}`,
          "Check the path and its permissions."
        )
      ])
    )
  )

/** Whether hnswlib is installed, for graphs of large scopes; without it they are scanned. */
export const isHnswlibInstalled = (): boolean => {
  try {
    createRequire(import.meta.resolve("@keepsake/backend-hnsw")).resolve("hnswlib-node")
    return true
  } catch {
    return false
  }
}
