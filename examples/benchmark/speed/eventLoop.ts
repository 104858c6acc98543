/** The longest time that the embedded store blocks the event loop. */
import { Effect } from "effect"
import { join } from "node:path"
import { makeQuery, makeScope, makeStatement } from "./data.ts"
import { withFolder } from "./folder.ts"
import { fill, type Opened, openEmbedded, searchByMeaning } from "./opened.ts"
import { type Row, within } from "./Row.ts"
import type { Settings } from "./Settings.ts"

const BLOCK_MAX_MS = 20

interface Blocks {
  /** Longest time between two ticks of the event loop, milliseconds. */
  readonly longest: number
  /** CPU time of this thread in that interval; the rest is waiting for the disk or a busy core. */
  readonly worked: number
  /** Intervals longer than the bar. */
  readonly over: number
}

/** Ticks the event loop continuously while `body` runs, and measures the gaps. */
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

const row = (name: string, { longest, over, worked }: Blocks, description: string): Row =>
  within(
    {
      name: `longest block, ${name}`,
      value: longest,
      unit: "ms",
      note: `${description}; this thread used the CPU for ${worked.toFixed(1)} ms of it, and waited for the disk or a core for the rest; ${over} blocks over ${BLOCK_MAX_MS} ms`
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
    const memory = opened.client.for(makeScope(0))
    // Compiles the code and loads the scope first: the cold load has a row of its own.
    for (let i = 0; i < 10; i++) await memory.recall(makeQuery(0, i))
    const recall = await longestBlock(async () => {
      for (let i = 0; i < (quick ? 20 : 100); i++) await memory.recall(makeQuery(0, 100 + i), { minScore: 0 })
    })
    const burst = await longestBlock(() =>
      Promise.all(
        Array.from({ length: 1_000 }, (_, i) =>
          memory.remember(makeStatement({ user: 0, index: 20_000 + i }))
        )
      )
    )
    const load = await longestBlock(() => search(opened, 1))
    const after = await longestBlock(async () => {
      // Searches while the store builds the graph of the large scope.
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
