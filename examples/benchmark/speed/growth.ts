/** How recall's time grows with the memories of other users, and with the user's own. */
import { Effect } from "effect"
import { join } from "node:path"
import { makeQuery, makeScope } from "./data.ts"
import { withFolder } from "./folder.ts"
import { interleaved } from "./measure.ts"
import { fill, type Opened, openEmbedded } from "./opened.ts"
import { population, scopes, waitForGraphs } from "./cachedFiles.ts"
import { reported, type Row, within } from "./Row.ts"
import type { Settings } from "./Settings.ts"

/** Memories per user while the number of users grows. */
const SCOPE = 100
/** Users queried in turn: few enough to be cached, as active users are. */
const ACTIVE_USERS = 20
/** Counts as flat: allows for the noise of a shared machine. */
const FLAT_MAX = 1.5

/** Sizes of one scope, ascending. */
const SCOPES = [100, 1_000, 10_000, 100_000]

type Ask = (round: number) => Promise<unknown>

const makeAsk = async (opened: Opened, users: ReadonlyArray<number>): Promise<Ask> => {
  const handles = await Promise.all(
    users.map((user) => Effect.runPromise(opened.memory.for(makeScope(user))))
  )
  return async (round) => {
    const at = round % users.length
    const user = users[at] ?? 0
    const handle = handles[at]
    return handle === undefined
      ? undefined
      : Effect.runPromise(handle.recall(makeQuery(user, round), { minScore: 0 }))
  }
}

const byOthers = async (folder: string, { quick }: Settings): Promise<ReadonlyArray<Row>> => {
  const totals = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000]
  const stores: Array<Opened> = []
  const operations: { [total: string]: Ask } = {}
  for (const total of totals) {
    const opened = await openEmbedded(join(folder, `total-${total}.db`), { synchronous: "normal" })
    stores.push(opened)
    for (let user = 0; user < total / SCOPE; user++) await fill(opened, user, 0, SCOPE)
    operations[total] = await makeAsk(
      opened,
      Array.from({ length: Math.min(ACTIVE_USERS, total / SCOPE) }, (_, i) => i)
    )
  }
  const people = quick ? await population(50_000, 1_000) : await population(1_000_000, 20_000)
  const opened = await openEmbedded(people.path)
  stores.push(opened)
  const first = people.sizes.findIndex((size) => size <= SCOPE)
  operations[people.memories] = await makeAsk(
    opened,
    Array.from({ length: ACTIVE_USERS }, (_, i) => first + i)
  )
  const times = await interleaved(operations, { rounds: quick ? 40 : 200, warmup: 2 * ACTIVE_USERS })
  await Promise.all(stores.map((store) => store.close()))
  const baseline = times[1_000]?.median ?? Number.NaN
  return Object.entries(times).map(([total, { median, p99 }]) => {
    const row = {
      name: `recall, ${Number(total).toLocaleString("en-US")} memories in all, a scope of ${SCOPE}`,
      value: median,
      unit: "ms",
      note: `p99 ${p99.toFixed(2)} ms`
    }
    return Number(total) === 1_000
      ? reported(row)
      : {
          ...within(row, `flat: ≤ ${FLAT_MAX}×`, median / baseline <= FLAT_MAX),
          against: "1,000 in all",
          baseline,
          ratio: median / baseline
        }
  })
}

const byScope = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> => {
  const sizes = SCOPES.filter((size) => !quick || size <= 10_000)
  const file = await scopes(quick ? sizes : SCOPES)
  const opened = await openEmbedded(file.path, { cacheBytes: 2 ** 30 })
  await waitForGraphs(opened, file)
  const operations: { [size: string]: Ask } = {}
  for (const [user, size] of sizes.entries()) operations[size] = await makeAsk(opened, [user])
  const times = await interleaved(operations, { rounds: quick ? 20 : 100, warmup: 5 })
  await opened.close()
  return sizes.map((size, i) => {
    const { median, p99 } = times[size] ?? { median: Number.NaN, p99: Number.NaN }
    const smaller = sizes[i - 1]
    const row = {
      name: `recall, a scope of ${size.toLocaleString("en-US")}`,
      value: median,
      unit: "ms",
      note: `p99 ${p99.toFixed(2)} ms`
    }
    if (smaller === undefined) return reported(row)
    const baseline = times[smaller]?.median ?? Number.NaN
    const ratio = median / baseline
    return {
      ...within(row, `sublinear: < ${size / smaller}×`, ratio < size / smaller),
      against: `a scope of ${smaller.toLocaleString("en-US")}`,
      baseline,
      ratio
    }
  })
}

export const rows = async (settings: Settings): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => [...(await byOthers(folder, settings)), ...(await byScope(settings))])
