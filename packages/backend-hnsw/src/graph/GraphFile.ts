/**
 * A scope's graph on disk: hnswlib's own file and, written after it, a header that says what it must be. hnswlib
 * reads a damaged file, or one of another dimension, without complaint and crashes later; so nothing is
 * loaded that the header does not vouch for, down to its checksum.
 */
import { createReadStream } from "node:fs"
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { crc32 } from "node:zlib"

const FORMAT = 1

export interface GraphHeader {
  readonly format: typeof FORMAT
  readonly dimensions: number
  /** Which `body_N` the vectors are from. */
  readonly generation: number
  readonly count: number
  /** Rows up to this number are in the graph, if they have a vector. */
  readonly through: number
  /** `scope.removed` when it was built: after a later removal the file holds what must be forgotten. */
  readonly removed: number
  readonly bytes: number
  readonly crc32: number
}

export const graphFolder = (databasePath: string): string => `${databasePath}-graphs`

export class GraphFile {
  readonly path: string
  readonly #header: string

  constructor(databasePath: string, sid: number) {
    this.path = join(graphFolder(databasePath), `${sid}.hnsw`)
    this.#header = join(graphFolder(databasePath), `${sid}.json`)
  }

  /** Null where there is none, or it cannot be read. */
  async header(): Promise<GraphHeader | null> {
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `format` is checked, and `isWhole` checks the rest against the file
      const header = JSON.parse(await readFile(this.#header, "utf8")) as GraphHeader
      return header.format === FORMAT ? header : null
    } catch {
      return null
    }
  }

  /** Whether the graph is the very file that the header was written for. */
  async isWhole(header: GraphHeader): Promise<boolean> {
    try {
      return (await stat(this.path)).size === header.bytes && (await checksum(this.path)) === header.crc32
    } catch {
      return false
    }
  }

  /** Puts a file that `write` has written in place, with its header; either both or, after a crash, neither counts. */
  async replace(
    write: (temporary: string) => void,
    header: Omit<GraphHeader, "format" | "bytes" | "crc32">
  ): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true })
    const temporary = `${this.path}.${process.pid}-${Date.now()}.tmp`
    try {
      write(temporary)
      const file = await open(temporary, "r+")
      const { size } = await file.stat()
      await file.sync()
      await file.close()
      const whole: GraphHeader = { ...header, format: FORMAT, bytes: size, crc32: await checksum(temporary) }
      await rm(this.#header, { force: true })
      await rename(temporary, this.path)
      await writeFile(`${temporary}.json`, JSON.stringify(whole), { flush: true })
      await rename(`${temporary}.json`, this.#header)
    } finally {
      await rm(temporary, { force: true })
      await rm(`${temporary}.json`, { force: true })
    }
  }

  async remove(): Promise<void> {
    await rm(this.#header, { force: true })
    await rm(this.path, { force: true })
  }
}

/** Read in pieces, so that the event loop is never held. */
const checksum = async (path: string): Promise<number> => {
  let sum = 0
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) sum = crc32(piece, sum)
  return sum
}
