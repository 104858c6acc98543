/** A million memories of twenty thousand users in one file, measured in separate processes. */
import { NO_ADDON } from "./bare/graph.ts"
import type { Budget } from "./million/budget.ts"
import type { Cold } from "./million/cold.ts"
import type { GlobalGraph } from "./million/globalGraph.ts"
import type { Traffic } from "./million/traffic.ts"
import type { Warm } from "./million/warm.ts"
import { ownProcess } from "./ownProcess.ts"
import { type CachedFile, evenly, population } from "./cachedFiles.ts"
import { atLeast, atMost, reported, type Row, unmeasured, within } from "./Row.ts"
import type { Settings } from "./Settings.ts"

const CACHE_MB = 3_072
const DEFAULT_MB = 256
/** Cold starts per figure. */
const STARTS = 5

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const cold = async (
  { memories, path, sizes }: CachedFile,
  user: number,
  name: string,
  limitMs: number
): Promise<Row> => {
  const starts: Array<Cold> = []
  for (let i = 0; i < STARTS; i++) {
    starts.push(await ownProcess<Cold>(new URL("million/cold.ts", import.meta.url), path, String(user)))
  }
  const openMs = median(starts.map((start) => start.openMs))
  const total = median(starts.map((start) => start.openMs + start.recallMs))
  return within(
    {
      name: `cold open + first recall at ${memories.toLocaleString("en-US")}, ${name}`,
      value: total / 1_000,
      unit: "s",
      note: `a scope of ${sizes[user]?.toLocaleString("en-US")}; opening takes ${openMs.toFixed(0)} ms of the total; new process, the file in the system's cache; median of ${STARTS}`
    },
    `≤ ${limitMs / 1_000} s`,
    total <= limitMs
  )
}

const runBudget = ({ path, sizes }: CachedFile, count: number, cacheMB: number): Promise<Budget> =>
  ownProcess<Budget>(
    new URL("million/budget.ts", import.meta.url),
    path,
    JSON.stringify(sizes),
    ...[count, cacheMB].map(String)
  )

const grownRow = (name: string, { grownMB }: Budget): Row => {
  const limit = 1.2 * DEFAULT_MB * 1.048576 + 100
  return within(
    {
      name: `${name}: resident memory above the start, cacheBytes of ${DEFAULT_MB} MiB`,
      value: grownMB,
      unit: "MB",
      note: "the most during all recalls of the rows above"
    },
    "≤ 1.2 × cacheBytes + 100 MB",
    grownMB <= limit
  )
}

/** Whole recalls in the default budget, beside a process with room for all. */
const budgetRows = async (file: CachedFile, { quick }: Settings): Promise<ReadonlyArray<Row>> => {
  const count = quick ? 100 : 400
  const small = await runBudget(file, count, DEFAULT_MB)
  const whole = await runBudget(file, count, CACHE_MB)
  const name = `${file.memories.toLocaleString("en-US")} memories of ${file.sizes.length.toLocaleString("en-US")} users`
  const toRows = (draw: "uniform" | "weighted", drawn: string): ReadonlyArray<Row> => {
    const own = `${name}, recall in the default ${DEFAULT_MB} MiB, users drawn ${drawn}`
    const note = `p99 ${small[draw].p99.toFixed(1)} ms against ${whole[draw].p99.toFixed(1)}; ${count} recalls after as many`
    const [value, baseline] = [small[draw].p50, whole[draw].p50]
    return [
      atMost({ name: own, value, unit: "ms", against: "room for all", baseline, note }, 2),
      within({ name: `${own}, p99`, value: small[draw].p99, unit: "ms" }, "≤ 60 ms", small[draw].p99 <= 60)
    ]
  }
  return [...toRows("uniform", "evenly"), ...toRows("weighted", "by size"), grownRow(name, small)]
}

const HUNDRED = 100

/** What a process grows by that serves a hundred users of a thousand memories in turn. */
const inTurnRow = async ({ quick }: Settings): Promise<Row> => {
  const each = quick ? 100 : 1_000
  const file = await evenly(HUNDRED, each)
  const name = `${file.memories.toLocaleString("en-US")} memories of ${HUNDRED} users`
  return grownRow(name, await runBudget(file, quick ? 100 : 400, DEFAULT_MB))
}

const traffic = async (
  { memories, path, sizes }: CachedFile,
  { quick }: Settings
): Promise<ReadonlyArray<Row>> => {
  const ask = (cacheMB: number, queries: number, graphs: "graphs" | "" = "") =>
    ownProcess<Warm>(
      new URL("million/warm.ts", import.meta.url),
      path,
      ...[memories, sizes.length, queries, cacheMB, graphs].map(String)
    )
  // The graph holds fewer memories than the file, which makes it faster.
  const graphSize = quick ? 20_000 : 200_000
  const graphUsers = Math.round((sizes.length * graphSize) / memories)
  const graph = await ownProcess<GlobalGraph | null>(
    new URL("million/globalGraph.ts", import.meta.url),
    ...[graphSize, graphUsers, quick ? 20 : 60].map(String)
  )
  const ours = await ask(CACHE_MB, quick ? 300 : 1_000, "graphs")
  // Asks fewer queries: with users drawn by size, large scopes evict each other, and each takes long to load.
  const byDefault = await ask(DEFAULT_MB, quick ? 300 : 200)
  const name = `${memories.toLocaleString("en-US")} memories of ${sizes.length.toLocaleString("en-US")} users`
  const described = ({ p50, p99 }: Traffic) => `p50 ${p50.toFixed(3)}, p99 ${p99.toFixed(2)} ms`
  const against = "one global hnswlib graph with a filter callback"
  const memoryUse = `RSS ${ours.rssMB.toFixed(0)} MB with all scopes cached`
  const searches = (draw: "weighted" | "uniform", drawName: string, recall: string): Row => {
    const row = { name: `${name}, searches, ${drawName}`, unit: "/s", against }
    if (graph === null) return unmeasured({ ...row, bar: "≥ 100×", note: NO_ADDON })
    const theirs = `The graph holds ${graphSize.toLocaleString("en-US")} of ${graphUsers.toLocaleString("en-US")} users: ${described(graph[draw])}, RSS ${graph.rssMB.toFixed(0)} MB`
    return atLeast(
      {
        ...row,
        value: ours[draw].perSecond,
        baseline: graph[draw].perSecond,
        note: `best 10 by meaning: ${described(ours[draw])}${recall}; ${memoryUse}. ${theirs}`
      },
      100
    )
  }
  return [
    searches("uniform", "users drawn evenly", ""),
    searches("weighted", "users drawn by size", `, recall ${ours.recall.toFixed(3)}`),
    reported({
      name: `${name}, searches in the default 256 MiB`,
      value: byDefault.weighted.perSecond,
      unit: "/s",
      note: `users drawn by size: ${described(byDefault.weighted)}; drawn evenly: ${described(byDefault.uniform)}; RSS ${byDefault.rssMB.toFixed(0)} MB`
    }),
    reported({
      name: `${name}, whole recall`,
      value: ours.wholeRecall.p50,
      unit: "ms",
      note: `users drawn by size, p99 ${ours.wholeRecall.p99.toFixed(1)} ms`
    })
  ]
}

export const rows = async (settings: Settings): Promise<ReadonlyArray<Row>> => {
  const people = settings.quick ? await population(50_000, 1_000) : await population(1_000_000, 20_000)
  const typical = people.sizes.findIndex((size) => size <= 100)
  return [
    ...(await budgetRows(people, settings)),
    await inTurnRow(settings),
    await cold(people, typical, "a typical user", 1_000),
    await cold(people, 0, "the heaviest user", 200),
    ...(await traffic(people, settings)),
    reported({
      name: `filling ${people.memories.toLocaleString("en-US")} memories`,
      value: people.memories / people.fillSeconds,
      unit: "rows/s",
      note: "through rememberMany, synchronous = normal, measured when the cached file was filled"
    })
  ]
}
