/** The longest turn of the event loop, by its own work, in what the embedded store does. */
import type { Memory } from "@keepsake/core"
import { Effect } from "effect"
import { copyFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { scopes } from "./cachedFiles.ts"
import { makeQuery, makeScope, makeStatement } from "./data.ts"
import { withFolder } from "./folder.ts"
import { longestTurn, type Turns } from "./longestTurn.ts"
import { type Opened, openEmbedded, searchByMeaning } from "./opened.ts"
import { type Row, within } from "./Row.ts"
import type { Settings } from "./Settings.ts"

const TURN_MAX_MS = 12

/** Rows of one write. */
const BATCH = 256
/** Enough for the blocks of some thousand rows. */
const BLOCKS_MS = 1_000
/** Rows of one purge. */
const PURGED = 1_000

/** Users of the file: a scope of 10,000, the large one, and those that are written here. */
const [SMALL, LARGE, IMPORTED, ONE_BY_ONE] = [0, 1, 2, 3]

const row = (name: string, { lasted, over, uncollected, worked }: Turns): Row =>
  within(
    {
      name: `longest turn of the event loop: ${name}`,
      value: worked,
      unit: "ms",
      note: `the processor's time of this thread; ${uncollected.toFixed(1)} ms where no garbage was collected; the longest by the clock ${lasted.toFixed(1)} ms, with waiting for the disk and for a core; ${over} turns over ${TURN_MAX_MS} ms`
    },
    `≤ ${TURN_MAX_MS} ms`,
    worked <= TURN_MAX_MS
  )

type Measure = (name: string, body: () => Promise<unknown>) => Promise<void>

const statements = (user: number, from: number, count: number, ttlDays?: number) =>
  Array.from({ length: count }, (_, i) => ({
    ...makeStatement({ user, index: from + i }),
    ...(ttlDays === undefined ? {} : { ttlDays })
  }))

/** Questions before the first that counts. */
const ROUNDS_BEFORE = 20

const ask = async (opened: Opened, user: number, from: number, count: number): Promise<void> => {
  const memory = opened.client.for(makeScope(user))
  for (let i = from; i < from + count; i++) await memory.recall(makeQuery(user, i), { minScore: 0 })
}

const measureReads = async (opened: Opened, measure: Measure, large: string, rounds: number) => {
  await ask(opened, SMALL, 0, ROUNDS_BEFORE)
  await measure("recalls, 10,000 memories", () => ask(opened, SMALL, 100, rounds))
  await measure(`a load of ${large} and the first recall`, () => ask(opened, LARGE, 0, 1))
  await ask(opened, LARGE, 10, ROUNDS_BEFORE)
  await measure(`recalls, ${large} memories`, () => ask(opened, LARGE, 100, rounds))
  const small = opened.client.for(makeScope(SMALL))
  await measure("contexts, 10,000 memories", async () => {
    for (let i = 0; i < rounds; i++) await small.context(makeQuery(SMALL, 300 + i))
  })
}

const measureWrites = async (opened: Opened, measure: Measure, large: string) => {
  const small = opened.client.for(makeScope(SMALL))
  const whole = opened.client.for(makeScope(LARGE))
  // What is said is made before: that is the caller's work.
  const burst = statements(SMALL, 20_000, 1_000)
  await measure("a burst of 1,000 remember", () =>
    Promise.all(burst.map((statement) => small.remember(statement)))
  )
  const batches = Array.from({ length: 10 }, (_, i) => statements(LARGE, 200_000 + i * BATCH, BATCH))
  await measure(`rememberMany of ${BATCH}, ten times, into ${large} memories`, async () => {
    for (const batch of batches) await whole.rememberMany(batch)
  })
  const exported: Array<Memory> = []
  for await (const memory of whole.export()) exported.push(memory)
  await measure(`an import of ${exported.length.toLocaleString("en-US")}`, () =>
    opened.client.for(makeScope(IMPORTED)).import(exported)
  )
  const expiring = statements(LARGE, 400_000, PURGED, 1)
  for (let i = 0; i < PURGED; i += BATCH) await whole.rememberMany(expiring.slice(i, i + BATCH))
  await measure(`a purge of ${PURGED} of ${large}`, () =>
    Effect.runPromise(opened.admin.expire({ now: Date.now() + 2 * 86_400_000, limit: PURGED }))
  )
  await measure(`forgetting one of ${large}, 50 times`, async () => {
    for (const { id } of exported.slice(0, 50)) await whole.forget(id)
  })
}

/** Rows written one by one have no blocks: the load that reads them leaves some, in the background. */
const measureBlocks = async (path: string, measure: Measure, count: number): Promise<void> => {
  const filling = await openEmbedded(path, { synchronous: "normal" })
  const memory = filling.client.for(makeScope(ONE_BY_ONE))
  for (const statement of statements(ONE_BY_ONE, 0, count)) await memory.remember(statement)
  await filling.close()
  const opened = await openEmbedded(path)
  // Compiles the code first.
  await ask(opened, SMALL, 0, 2 * ROUNDS_BEFORE)
  await measure(`a load that writes blocks of ${count.toLocaleString("en-US")}`, async () => {
    await opened.client.for(makeScope(ONE_BY_ONE)).recall(makeQuery(ONE_BY_ONE, 0), { minScore: 0 })
    await setTimeout(BLOCKS_MS)
  })
  await opened.close()
}

/** Searches after the writes, while the store builds the graph of a scope that is large enough for one. */
const measureSearches = (opened: Opened, measure: Measure, when: string, seconds: number): Promise<void> =>
  measure(`searches every 20 ms for ${seconds} s, ${when}`, async () => {
    const end = performance.now() + 1_000 * seconds
    while (performance.now() < end) {
      await Effect.runPromise(searchByMeaning(opened, LARGE, 0, 10))
      await setTimeout(20)
    }
  })

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    const count = quick ? 20_000 : 100_000
    const path = join(folder, "keepsake.db")
    await copyFile((await scopes([10_000, count])).path, path)
    const measured: Array<Row> = []
    const measure: Measure = async (name, body) => {
      measured.push(row(name, await longestTurn(TURN_MAX_MS, body)))
    }
    await measureBlocks(path, measure, quick ? 500 : 3_000)
    const opened = await openEmbedded(path, { cacheBytes: 2 ** 30 })
    const large = count.toLocaleString("en-US")
    await measureReads(opened, measure, large, quick ? 20 : 100)
    await measureWrites(opened, measure, large)
    await measureSearches(
      opened,
      measure,
      quick ? "after the writes" : "while a graph is built",
      quick ? 5 : 60
    )
    await opened.close()
    return measured
  })
