/** The file of an import, read as often as needed without ever being in memory as a whole. */
import { createReadStream, createWriteStream } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { type MemoryError, StorageFull, MemoryError as Failure } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { notUtf8, readFailed } from "../config/readText.ts"

export interface Line {
  readonly number: number
  readonly text: string
}

export interface ImportFile {
  /** For messages. */
  readonly name: string
  /** Its lines, each time from the beginning. */
  readonly lines: () => AsyncIterable<Line>
}

/** A longer line or document does not fit into one string of the runtime. */
const CHARACTERS_MAX = 500_000_000

/** Formats that are compressed, by their first bytes. */
const PACKED: ReadonlyArray<readonly [magic: string, advice: string]> = [
  ["504b", "is a zip archive; unpack it, and import memories.json from it"],
  ["1f8b", "is compressed; unpack it first: gunzip"]
]

const refusePacked = (name: string, chunk: Buffer): void => {
  const magic = chunk.subarray(0, 2).toString("hex")
  const packed = PACKED.find(([start]) => start === magic)
  if (packed !== undefined) throw invalidInput(name, `${packed[1]}. Nothing was imported`)
}

/** Lines of UTF-8; another encoding is refused, never guessed. The parts of a long line are joined once. */
async function* readLines(path: string, name: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true })
  const decode = (chunk?: Buffer): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
    } catch {
      throw notUtf8(name)
    }
  }
  let parts: Array<string> = []
  let length = 0
  let number = 0
  let isFirst = true
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    if (isFirst) refusePacked(name, chunk)
    isFirst = false
    const [head = "", ...others] = decode(chunk).split("\n")
    parts.push(head)
    length += head.length
    if (length > CHARACTERS_MAX)
      throw invalidInput(
        name,
        "has a line of more than 500 MB; write one memory per line (jq -c '.results[]')"
      )
    for (const other of others) {
      yield { number: ++number, text: parts.join("") }
      parts = [other]
      length = other.length
    }
  }
  parts.push(decode())
  yield { number: ++number, text: parts.join("") }
}

const openPath = (path: string, name: string): ImportFile => ({
  name,
  lines: async function* () {
    try {
      yield* readLines(path, name)
    } catch (cause) {
      throw cause instanceof Failure ? cause : readFailed(name, cause)
    }
  }
})

/** Standard input can be read once: it goes through a file that this account alone can read. */
const spoolStdin = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(async () => mkdtemp(join(tmpdir(), "keepsake-import-"))),
    (path) => Effect.promise(async () => rm(path, { recursive: true, force: true }))
  )
  const path = join(folder, "input")
  yield* Effect.tryPromise({
    try: async (signal) =>
      pipeline(process.stdin, createWriteStream(path, { flags: "wx", mode: 0o600 }), { signal }),
    catch: (cause) =>
      new Failure({
        reason: new StorageFull({
          message: `Standard input could not be kept in ${tmpdir()}: ${String(cause)}`,
          cause
        })
      })
  })
  return openPath(path, "standard input")
})

/** Opens the file of an import; `-` is standard input. */
export const openImportFile = (path: string): Effect.Effect<ImportFile, MemoryError, Scope.Scope> =>
  path === "-" ? spoolStdin : Effect.succeed(openPath(path, path))

/** The whole text, for formats that are one document. */
export const readAll = async (file: ImportFile): Promise<string> => {
  const parts: Array<string> = []
  let length = 0
  for await (const { text } of file.lines()) {
    parts.push(text)
    length += text.length + 1
    if (length > CHARACTERS_MAX)
      throw invalidInput(
        file.name,
        "is one document of more than 500 MB; write one memory per line (jq -c '.results[]')"
      )
  }
  return parts.join("\n")
}
