/** A file with many users of very different sizes: made once, kept, and only read by what measures. */
import { existsSync } from "node:fs"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { zipfSizes } from "./data.ts"
import { fill, openEmbedded } from "./opened.ts"
import { cacheFolder } from "./paths.ts"

export interface Population {
  readonly path: string
  readonly memories: number
  /** Memories of each user, the heaviest first. */
  readonly sizes: ReadonlyArray<number>
  /** Seconds that filling took, when it was filled. */
  readonly fillSeconds: number
}

/** What makes a kept file unusable: other data. A changed file format is noticed when it is opened. */
const DATA_VERSION = 1

export const population = async (memories: number, users: number): Promise<Population> => {
  const folder = join(cacheFolder, "speed", `population-${DATA_VERSION}-${memories}-${users}`)
  const path = join(folder, "keepsake.db")
  const record = join(folder, "filled.json")
  const sizes = zipfSizes(memories, users)
  if (existsSync(record)) {
    try {
      const opened = await openEmbedded(path)
      await opened.close()
      const { seconds } = JSON.parse(await readFile(record, "utf8")) as { readonly seconds: number }
      return { path, memories, sizes, fillSeconds: seconds }
    } catch {
      // Another file format than today's: it is filled anew.
    }
  }
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  // Being filled again after a power loss costs less than waiting for the disk at each of many writes.
  const opened = await openEmbedded(path, { synchronous: "normal" })
  const start = performance.now()
  const next = sizes.entries()
  // Several users at once, so that their writes share commits.
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const [user, size] of next) await fill(opened, user, 0, size)
    })
  )
  const seconds = (performance.now() - start) / 1_000
  await opened.close()
  await writeFile(record, JSON.stringify({ seconds }))
  return { path, memories, sizes, fillSeconds: seconds }
}
