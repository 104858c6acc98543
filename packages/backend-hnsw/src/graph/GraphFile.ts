/**
 * A scope's graph on disk: hnswlib's own file, and a header written after it. hnswlib reads a damaged file, or one of
 * other dimensions, without an error and crashes later; so a graph is loaded only if it matches its header, including
 * the checksum.
 */
import { isBeingWritten, makePrivateFolder, replacePrivateFile } from "@keepsake/core/driver"
import { createReadStream } from "node:fs"
import { chmod, readdir, readFile, rm, stat, unlink } from "node:fs/promises"
import { hash } from "node:crypto"
import { basename, dirname, join } from "node:path"
import { crc32 } from "node:zlib"
import type { DeletedFiles } from "../erasure.ts"

/** Of the header. Format 1 named neither the store nor the vectors. */
const FORMAT = 2

export interface GraphHeader {
  readonly format: number
  /** `storeName`. */
  readonly store: string
  readonly dimensions: number
  /** N of the `body_N` that the vectors were written to. */
  readonly generation: number
  readonly count: number
  /** The graph has the rows up to this row number that have a vector. */
  readonly through: number
  /** `VectorDigest` of what it has. */
  readonly vectors: string
  /** `scope.removed` at the build: after a later removal the file holds vectors that must be erased. */
  readonly removed: number
  readonly bytes: number
  readonly crc32: number
}

/** Names a store in its graphs' headers. A copy of the file has the same name: the vectors tell it apart. */
export const storeName = (salt: string): string => hash("sha256", `graphs of ${salt}`).slice(0, 32)

/** What a graph must be of, beside its scope. */
export interface GraphSource {
  /** `storeName`. */
  readonly store: string
  readonly dimensions: number
  /** The generation under which the vectors were written. */
  readonly space: number
}

/** Whether a saved graph may be of a scope in this state; its vectors are still to be compared. */
export const matchesScope = (header: GraphHeader, source: GraphSource, removed: number): boolean =>
  header.format === FORMAT &&
  header.store === source.store &&
  header.dimensions === source.dimensions &&
  header.generation === source.space &&
  header.removed === removed

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
      // `matchesScope` and `isIntact` compare it.
      return JSON.parse(await readFile(this.#headerPath, "utf8")) as GraphHeader
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

/** A build writes its result in seconds: an older file is left over, though a process has its number. */
const HALF_WRITTEN_MS = 600_000

const isLeftOver = async (path: string): Promise<boolean> => {
  if (!isBeingWritten(path)) return true
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
  return Date.now() - mtimeMs > HALF_WRITTEN_MS
}

/** `GraphStore.sweep`. @param isOfState whether a scope may have such a graph */
export const sweepGraphs = async (
  databasePath: string,
  isOfState: (header: GraphHeader, sid: number) => boolean
): Promise<void> => {
  const folder = graphFolder(databasePath)
  for (const name of await readdir(folder).catch(() => new Array<string>())) {
    const [, digits, ending] = /^(\d+)\.(.+)$/u.exec(name) ?? []
    if (digits === undefined || ending === undefined) continue
    const file = new GraphFile(databasePath, Number(digits))
    if (ending === "json") {
      const header = await file.readHeader()
      if (header !== null && !isOfState(header, Number(digits))) await file.remove()
    } else if (
      ending === "hnsw" ? (await file.readHeader()) === null : await isLeftOver(join(folder, name))
    ) {
      await deleteFile(join(folder, name))
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
