/** Recall through the public API, compared with the peer's search, with the same memories and the same embedder. */
import { existsSync } from "node:fs"
import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { DATA_VERSION, makeQuery, makeScope, makeText } from "./data.ts"
import { withFolder } from "./folder.ts"
import { installMem0, MEM0 } from "./mem0/installMem0.ts"
import { openMem0 } from "./mem0/Mem0.ts"
import { interleaved } from "./measure.ts"
import { fill, openEmbedded } from "./opened.ts"
import { cacheFolder } from "./paths.ts"
import { lessBy, type Row, unmeasured } from "./Row.ts"
import type { Settings } from "./Settings.ts"

const USERS = 10

const measure = async (total: number, times: number, rounds: number): Promise<Row> =>
  withFolder(async (folder) => {
    const ours = await openEmbedded(join(folder, "keepsake.db"))
    const theirFolder = join(cacheFolder, "speed", `mem0-${total}-${DATA_VERSION}`)
    const filled = existsSync(join(theirFolder, "filled"))
    if (!filled) await rm(theirFolder, { recursive: true, force: true })
    const theirs = await openMem0(theirFolder)
    const each = total / USERS
    for (let user = 0; user < USERS; user++) {
      await fill(ours, user, 0, each)
      // The peer adds one memory at a time, which is slow: its file is cached.
      if (filled) continue
      await theirs.add(
        `user-${user}`,
        Array.from({ length: each }, (_, index) => makeText({ user, index }))
      )
    }
    await writeFile(join(theirFolder, "filled"), "")
    const scoped = Array.from({ length: USERS }, (_, user) => ours.client.for(makeScope(user)))
    // Warms up: loading a scope on its first recall has a row of its own.
    for (let round = 0; round < 3 * USERS; round++) {
      const user = round % USERS
      await scoped[user]?.recall(makeQuery(user, 1_000 + round))
    }
    let found = 0
    const { keepsake, mem0 } = await interleaved(
      {
        keepsake: async (round) => {
          const user = round % USERS
          found +=
            (await scoped[user]?.recall(makeQuery(user, round), { limit: 10, minScore: 0 }))?.length ?? 0
        },
        mem0: async (round) => {
          const user = round % USERS
          return { ms: await theirs.search(`user-${user}`, makeQuery(user, round)) }
        }
      },
      { rounds, warmup: USERS, block: USERS, budgetMs: 60_000 }
    )
    await ours.close()
    await theirs.close()
    if (found === 0) throw new Error("recall found nothing to compare")
    return lessBy(
      {
        name: `recall, ${total.toLocaleString("en-US")} memories of ${USERS} users`,
        value: keepsake.median,
        unit: "ms",
        against: `${MEM0} default store`,
        baseline: mem0.median,
        note: `p99 ${keepsake.p99.toFixed(2)} ms against ${mem0.p99.toFixed(0)} ms; best 10 of the user's memories, through the Promise API of each`
      },
      times
    )
  })

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> => {
  try {
    await installMem0()
  } catch (error) {
    return [
      unmeasured({
        name: "recall, 10,000 memories of 10 users",
        unit: "ms",
        against: `${MEM0} default store`,
        bar: "≥ 100×",
        note: `the peer could not be installed: ${String(error).slice(0, 300)}. Try: npm install ${MEM0}`
      })
    ]
  }
  const rounds = quick ? 10 : 50
  return [await measure(1_000, 30, 2 * rounds), await measure(10_000, 100, rounds)]
}
