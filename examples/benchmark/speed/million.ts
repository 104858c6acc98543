/** A million memories of twenty thousand users in one file, measured in separate processes. */
import { NO_ADDON } from "./bare/graph.ts"
import type { Cold } from "./million/cold.ts"
import type { GlobalGraph } from "./million/globalGraph.ts"
import type { Traffic } from "./million/traffic.ts"
import type { Warm } from "./million/warm.ts"
import { ownProcess } from "./ownProcess.ts"
import { type CachedFile, population } from "./cachedFiles.ts"
import { atLeast, reported, type Row, unmeasured, within } from "./Row.ts"
import type { Settings } from "./Settings.ts"

const CACHE_MB = 3_072
/** Cold starts per figure. */
const STARTS = 5

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const cold = async ({ memories, path, sizes }: CachedFile, user: number, name: string): Promise<Row> => {
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
    "< 1 s",
    total < 1_000
  )
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
  const byDefault = await ask(256, quick ? 300 : 200)
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
    ...(await traffic(people, settings)),
    await cold(people, typical, "a typical user"),
    await cold(people, 0, "the heaviest user"),
    reported({
      name: `filling ${people.memories.toLocaleString("en-US")} memories`,
      value: people.memories / people.fillSeconds,
      unit: "rows/s",
      note: "through rememberMany, synchronous = normal, measured when the cached file was filled"
    })
  ]
}
