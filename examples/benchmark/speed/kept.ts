/** Files that several sections read: made once and kept, since filling them takes minutes. */
import { existsSync } from "node:fs"
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { Effect } from "effect"
import { DATA_VERSION, DIMENSIONS, zipfSizes } from "./data.ts"
import { fill, type Opened, openEmbedded, searchByMeaning } from "./opened.ts"
import { cacheFolder } from "./paths.ts"

export interface Kept {
  readonly path: string
  readonly memories: number
  /** Memories of each user. */
  readonly sizes: ReadonlyArray<number>
  /** Seconds that filling took, when it was filled. */
  readonly fillSeconds: number
}

const kept = async (name: string, sizes: ReadonlyArray<number>): Promise<Kept> => {
  const folder = join(cacheFolder, "speed", `${name}-${DATA_VERSION}`)
  const path = join(folder, "keepsake.db")
  const record = join(folder, "filled.json")
  const memories = sizes.reduce((a, b) => a + b, 0)
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

/** Many users of very different sizes, the heaviest first. */
export const population = (memories: number, users: number): Promise<Kept> =>
  kept(`population-${memories}-${users}`, zipfSizes(memories, users))

/** One user of each size. */
export const scopes = (sizes: ReadonlyArray<number>): Promise<Kept> =>
  kept(`scopes-${sizes.join("-")}`, sizes)

/** From how many rows a scope is searched through a graph, by default. */
const GRAPH_FROM = Math.ceil(40_000_000 / DIMENSIONS)
const GRAPHS_LIMIT_MS = 300_000
const PAUSE_MS = 50
/** Searches after the last graph was written: by then it has been taken into use. */
const SETTLING = 40

/** Searches heavy scopes until they have their graphs, which are built and read in the background. */
export const settled = async (
  opened: Opened,
  { path, sizes }: Pick<Kept, "path" | "sizes">
): Promise<void> => {
  const heavy = sizes.flatMap((size, user) => (size >= GRAPH_FROM ? [user] : []))
  const built = async (): Promise<number> =>
    existsSync(`${path}-graphs`)
      ? (await readdir(`${path}-graphs`)).filter((file) => file.endsWith(".json")).length
      : 0
  const limit = performance.now() + GRAPHS_LIMIT_MS
  for (let left = heavy.length === 0 ? 0 : SETTLING; left > 0 && performance.now() < limit;) {
    for (const user of heavy) await Effect.runPromise(searchByMeaning(opened, user, 0, 1))
    if ((await built()) >= heavy.length) left--
    await setTimeout(PAUSE_MS)
  }
}
