/** How recall's time grows: with what others remember, and with what one user remembers. */
import { Effect } from "effect"
import { join } from "node:path"
import { queryOf, scopeOf } from "./data.ts"
import { withFolder } from "./folder.ts"
import { interleaved } from "./measure.ts"
import { fill, type Opened, openEmbedded } from "./opened.ts"
import { population, scopes, settled } from "./kept.ts"
import { reported, type Row, within } from "./Row.ts"
import type { Settings } from "./Settings.ts"

/** Memories of a user while the number of users grows. */
const SCOPE = 100
/** Users asked in turn: few enough to be all in the cache, as active users are. */
const ASKED = 20
/** "Flat" and "sublinear" with room for the noise of a shared machine. */
const FLAT_MAX = 1.5

/** Sizes of one scope, each more than the one before. */
const SCOPES = [100, 1_000, 10_000, 100_000]

type Ask = (round: number) => Promise<unknown>

const asking = async (opened: Opened, users: ReadonlyArray<number>): Promise<Ask> => {
  const handles = await Promise.all(users.map((user) => Effect.runPromise(opened.memory.for(scopeOf(user)))))
  return async (round) => {
    const at = round % users.length
    const user = users[at] ?? 0
    const handle = handles[at]
    return handle === undefined
      ? undefined
      : Effect.runPromise(handle.recall(queryOf(user, round), { minScore: 0 }))
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
    operations[total] = await asking(
      opened,
      Array.from({ length: Math.min(ASKED, total / SCOPE) }, (_, i) => i)
    )
  }
  const people = quick ? await population(50_000, 1_000) : await population(1_000_000, 20_000)
  const opened = await openEmbedded(people.path)
  stores.push(opened)
  const first = people.sizes.findIndex((size) => size <= SCOPE)
  operations[people.memories] = await asking(
    opened,
    Array.from({ length: ASKED }, (_, i) => first + i)
  )
  const times = await interleaved(operations, { rounds: quick ? 40 : 200, warmup: 2 * ASKED })
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
  await settled(opened, file)
  const operations: { [size: string]: Ask } = {}
  for (const [user, size] of sizes.entries()) operations[size] = await asking(opened, [user])
  const times = await interleaved(operations, { rounds: quick ? 20 : 100, warmup: 5 })
  await opened.close()
  return sizes.map((size, i) => {
    const { median, p99 } = times[size] ?? { median: Number.NaN, p99: Number.NaN }
    const before = sizes[i - 1]
    const row = {
      name: `recall, a scope of ${size.toLocaleString("en-US")}`,
      value: median,
      unit: "ms",
      note: `p99 ${p99.toFixed(2)} ms`
    }
    if (before === undefined) return reported(row)
    const baseline = times[before]?.median ?? Number.NaN
    const ratio = median / baseline
    return {
      ...within(row, `sublinear: < ${size / before}×`, ratio < size / before),
      against: `a scope of ${before.toLocaleString("en-US")}`,
      baseline,
      ratio
    }
  })
}

export const rows = async (settings: Settings): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => [...(await byOthers(folder, settings)), ...(await byScope(settings))])
