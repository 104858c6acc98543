/** The text of the module `#table`. */
import { readFileSync } from "node:fs"

/** How the module begins, as `scripts/make-static-table.ts` writes it. */
export const TABLE_BEGIN =
  '// Made by scripts/make-static-table.ts from all-MiniLM-L6-v2 (Apache-2.0; see NOTICE).\nexport default "'
export const TABLE_END = '"\n'

/** From the file: running the module would have V8 parse four megabytes. `undefined` where there is none. */
export const readTableFile = (): Buffer | undefined => {
  try {
    const file = readFileSync(new URL(import.meta.resolve("#table")))
    // A bundle may be in a package with a `#table` of its own.
    const isOurs = file.subarray(0, TABLE_BEGIN.length).equals(Buffer.from(TABLE_BEGIN))
    return isOurs ? file.subarray(TABLE_BEGIN.length, -TABLE_END.length) : undefined
  } catch {
    return undefined
  }
}

/** From the module, which a bundle has inside. */
export const importTable = async (): Promise<Buffer> =>
  Buffer.from((await import("#table")).default, "latin1")

/** The table as `writePacked` returns it, one byte a character. */
export const readTableText = async (): Promise<Buffer> => readTableFile() ?? (await importTable())
