import { Effect } from "effect"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { brotliDecompressSync } from "node:zlib"
import { temporaryFolder } from "./temporaryFolder.ts"

const COMPRESSED = ".br"
/** Where SQLite keeps `user_version`. */
const USER_VERSION_OFFSET = 60

/** The files of a fixture in a folder of their own. */
export const restoreFixture = (folder: string) =>
  Effect.map(temporaryFolder, (target) => {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
    for (const name of names.filter((name) => name.endsWith(COMPRESSED))) {
      const path = join(target, name.slice(0, -COMPRESSED.length))
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, brotliDecompressSync(readFileSync(join(folder, name))))
    }
    const path = join(target, "memory.db")
    return { path, format: readFileSync(path).readUInt32BE(USER_VERSION_OFFSET) }
  })
