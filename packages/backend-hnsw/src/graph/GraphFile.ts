/**
 * A scope's graph on disk: hnswlib's own file, and a header written after it. hnswlib reads a damaged file, or one of
 * other dimensions, without an error and crashes later; so a graph is loaded only if it matches its header, including
 * the checksum.
 */
import { makePrivateFolder, replacePrivateFile } from "@keepsake/core/driver"
import { createReadStream } from "node:fs"
import { chmod, readdir, readFile, rm, stat, unlink } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { crc32 } from "node:zlib"
import type { DeletedFiles } from "../erasure.ts"

const FORMAT = 1

export interface GraphHeader {
  readonly format: typeof FORMAT
  readonly dimensions: number
  /** N of the `body_N` that the vectors were written to. */
  readonly generation: number
  readonly count: number
  /** The graph has the rows up to this row number that have a vector. */
  readonly through: number
  /** `scope.removed` at the build: after a later removal the file holds vectors that must be erased. */
  readonly removed: number
  readonly bytes: number
  readonly crc32: number
}

export const graphFolder = (databasePath: string): string => `${databasePath}-graphs`

export class GraphFile {
  readonly path: string
  readonly #headerPath: string

  constructor(databasePath: string, sid: number) {
    this.path = join(graphFolder(databasePath), `${sid}.hnsw`)
    this.#headerPath = join(graphFolder(databasePath), `${sid}.json`)
  }

  /** Null if there is no readable header. */
  async readHeader(): Promise<GraphHeader | null> {
    try {
      // `isIntact` compares the rest with the graph.
      const header = JSON.parse(await readFile(this.#headerPath, "utf8")) as GraphHeader
      return header.format === FORMAT ? header : null
    } catch {
      return null
    }
  }

  /** Whether the graph is the file that the header was written for. */
  async isIntact(header: GraphHeader): Promise<boolean> {
    try {
      return (await stat(this.path)).size === header.bytes && (await checksum(this.path)) === header.crc32
    } catch {
      return false
    }
  }

  /** Replaces graph and header with what `write` writes; after a crash the old pair, or none, is valid. */
  async replace(
    write: (temporary: string) => void,
    header: Omit<GraphHeader, "format" | "bytes" | "crc32">
  ): Promise<void> {
    const folder = dirname(this.path)
    makePrivateFolder(folder)
    // The first version made folders that others could read.
    await chmod(folder, 0o700)
    let described = { bytes: 0, crc32: 0 }
    await replacePrivateFile(this.path, async (file, temporary) => {
      write(temporary)
      described = { bytes: (await file.stat()).size, crc32: await checksum(temporary) }
      await rm(this.#headerPath, { force: true })
    })
    const complete: GraphHeader = { ...header, format: FORMAT, ...described }
    await replacePrivateFile(this.#headerPath, (file) => file.writeFile(JSON.stringify(complete)))
  }

  /** Deletes graph and header, and what builds that were killed have left. */
  async remove(): Promise<DeletedFiles> {
    const folder = dirname(this.path)
    const names = await readdir(folder).catch(() => new Array<string>())
    const temporary = names.filter((name) => name.startsWith(`${basename(this.path)}.`))
    const deleted = await Promise.all(temporary.map((name) => deleteFile(join(folder, name))))
    return {
      graphs: Number(await deleteFile(this.#headerPath)) + Number(await deleteFile(this.path)),
      temporary: deleted.filter(Boolean).length
    }
  }
}

/** Older files of a build are of one that was killed: a build writes its result in seconds. */
const HALF_WRITTEN_MS = 600_000

/** `GraphStore.sweep`. */
export const sweepGraphs = async (
  databasePath: string,
  findRemoved: (sid: number) => number | null
): Promise<void> => {
  const folder = graphFolder(databasePath)
  for (const name of await readdir(folder).catch(() => new Array<string>())) {
    const [, digits, ending] = /^(\d+)\.(.+)$/u.exec(name) ?? []
    if (digits === undefined || ending === undefined) continue
    const file = new GraphFile(databasePath, Number(digits))
    if (ending === "json") {
      const header = await file.readHeader()
      if (header !== null && header.removed !== findRemoved(Number(digits))) await file.remove()
    } else if (ending !== "hnsw" || (await file.readHeader()) === null) {
      const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
      if (Date.now() - mtimeMs > HALF_WRITTEN_MS) await deleteFile(join(folder, name))
    }
  }
}

/** Whether the file was there. */
const deleteFile = async (path: string): Promise<boolean> => {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) {
      return false
    }
    throw error
  }
}

/** Reads in chunks, so that the event loop is not blocked. */
const checksum = async (path: string): Promise<number> => {
  let sum = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) sum = crc32(chunk, sum)
  return sum
}
