/** The longest time that nothing else could run while the embedded store was at work. */
import { Effect } from "effect"
import { join } from "node:path"
import { queryOf, scopeOf, statementOf } from "./data.ts"
import { withFolder } from "./folder.ts"
import { fill, type Opened, openEmbedded, searchByMeaning } from "./opened.ts"
import { type Row, within } from "./Row.ts"
import type { Settings } from "./Settings.ts"

const BLOCK_MAX_MS = 20

interface Blocks {
  /** Longest time between two turns of the event loop, milliseconds. */
  readonly longest: number
  /** How much of that this thread worked; the rest it waited, for the disk or for a core that others had. */
  readonly worked: number
  /** Turns longer than the bar. */
  readonly over: number
}

/** Turns the event loop as fast as it goes while `body` runs, and looks at the gaps. */
const longestBlock = async (body: () => Promise<unknown>): Promise<Blocks> => {
  const cpuMs = (): number => {
    const { system, user } = process.threadCpuUsage()
    return (system + user) / 1_000
  }
  let longest = 0
  let worked = 0
  let over = 0
  let running = true
  let last = performance.now()
  let lastCpu = cpuMs()
  const tick = () => {
    const now = performance.now()
    const cpu = cpuMs()
    if (now - last > longest) {
      longest = now - last
      worked = cpu - lastCpu
    }
    if (now - last > BLOCK_MAX_MS) over++
    last = now
    lastCpu = cpu
    if (running) setImmediate(tick)
  }
  setImmediate(tick)
  await body()
  await new Promise((resolve) => setImmediate(resolve))
  running = false
  return { longest, worked, over }
}

const row = (name: string, { longest, over, worked }: Blocks, what: string): Row =>
  within(
    {
      name: `longest block, ${name}`,
      value: longest,
      unit: "ms",
      note: `${what}; in that turn this thread worked ${worked.toFixed(1)} ms, the rest it waited for the disk or a core; ${over} turns over ${BLOCK_MAX_MS} ms`
    },
    `≤ ${BLOCK_MAX_MS} ms`,
    longest <= BLOCK_MAX_MS
  )

const search = (opened: Opened, user: number) => Effect.runPromise(searchByMeaning(opened, user, 0, 10))

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    const path = join(folder, "keepsake.db")
    const large = quick ? 20_000 : 100_000
    const filling = await openEmbedded(path, { synchronous: "normal" })
    await fill(filling, 0, 0, 10_000)
    await fill(filling, 1, 0, large)
    await filling.close()

    const opened = await openEmbedded(path, { cacheBytes: 2 ** 30 })
    const memory = opened.client.for(scopeOf(0))
    // Compiled and loaded before it is looked at: that first time is the cold load's row.
    for (let i = 0; i < 10; i++) await memory.recall(queryOf(0, i))
    const recall = await longestBlock(async () => {
      for (let i = 0; i < (quick ? 20 : 100); i++) await memory.recall(queryOf(0, 100 + i), { minScore: 0 })
    })
    const burst = await longestBlock(() =>
      Promise.all(
        Array.from({ length: 1_000 }, (_, i) => memory.remember(statementOf({ user: 0, index: 20_000 + i })))
      )
    )
    const load = await longestBlock(() => search(opened, 1))
    const after = await longestBlock(async () => {
      // What the store does with a large scope once it has one, it does by now, while searches go on.
      const end = performance.now() + (quick ? 5_000 : 60_000)
      while (performance.now() < end) {
        await search(opened, 1)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })
    await opened.close()
    return [
      row("recall", recall, "one after another in a scope of 10,000"),
      row("a burst of 1,000 remember", burst, "all at once, durable"),
      row(`cold load of a scope of ${large.toLocaleString("en-US")}`, load, "until the first search answers"),
      row("a graph being built", after, `searches every 20 ms after that load, for ${quick ? 5 : 60} s`)
    ]
  })
