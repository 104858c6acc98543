/** Store files that several sections read. They are cached between runs, because filling them takes minutes. */
import { existsSync } from "node:fs"
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { Effect } from "effect"
import { DATA_VERSION, DIMENSIONS, zipfSizes } from "./data.ts"
import { fill, type Opened, openEmbedded, searchByMeaning } from "./opened.ts"
import { cacheFolder } from "./paths.ts"

export interface CachedFile {
  readonly path: string
  readonly memories: number
  /** Number of memories of each user. */
  readonly sizes: ReadonlyArray<number>
  /** Seconds that filling the file took. */
  readonly fillSeconds: number
}

const openOrFill = async (name: string, sizes: ReadonlyArray<number>): Promise<CachedFile> => {
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
      // Fills a file of another format again.
    }
  }
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  // Does not sync each commit: after a power loss the file is filled again.
  const opened = await openEmbedded(path, { synchronous: "normal" })
  const start = performance.now()
  const queue = sizes.entries()
  // Fills eight users at a time, so that their writes share commits.
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const [user, size] of queue) await fill(opened, user, 0, size)
    })
  )
  const seconds = (performance.now() - start) / 1_000
  await opened.close()
  await writeFile(record, JSON.stringify({ seconds }))
  return { path, memories, sizes, fillSeconds: seconds }
}

/** Users with sizes by Zipf's law, the largest first. */
export const population = (memories: number, users: number): Promise<CachedFile> =>
  openOrFill(`population-${memories}-${users}`, zipfSizes(memories, users))

/** One user of each size. */
export const scopes = (sizes: ReadonlyArray<number>): Promise<CachedFile> =>
  openOrFill(`scopes-${sizes.join("-")}`, sizes)

/** Users with as many memories each. */
export const evenly = (users: number, each: number): Promise<CachedFile> =>
  openOrFill(
    `evenly-${users}-${each}`,
    Array.from({ length: users }, () => each)
  )

/** The default number of rows from which a scope has a graph. */
const GRAPH_FROM = Math.ceil(40_000_000 / DIMENSIONS)
const GRAPHS_LIMIT_MS = 300_000
const PAUSE_MS = 50
/** Searches after the last graph was written, during which the store loads it. */
const SEARCHES_AFTER_BUILD = 40

/** Searches large scopes until the store has built and loaded their graphs in the background. */
export const waitForGraphs = async (
  opened: Opened,
  { path, sizes }: Pick<CachedFile, "path" | "sizes">
): Promise<void> => {
  const largeUsers = sizes.flatMap((size, user) => (size >= GRAPH_FROM ? [user] : []))
  const countGraphs = async (): Promise<number> =>
    existsSync(`${path}-graphs`)
      ? (await readdir(`${path}-graphs`)).filter((file) => file.endsWith(".json")).length
      : 0
  const deadline = performance.now() + GRAPHS_LIMIT_MS
  let remaining = largeUsers.length === 0 ? 0 : SEARCHES_AFTER_BUILD
  while (remaining > 0 && performance.now() < deadline) {
    for (const user of largeUsers) await Effect.runPromise(searchByMeaning(opened, user, 0, 1))
    if ((await countGraphs()) >= largeUsers.length) remaining--
    await setTimeout(PAUSE_MS)
  }
}
