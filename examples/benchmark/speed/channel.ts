/** The vector channel alone, and recall around it, in scopes of growing size. */
import { Effect } from "effect"
import { join } from "node:path"
import { bareGraph, type Graph, loadHnswlib, NO_ADDON } from "./bare/graph.ts"
import { bareScan } from "./bare/scan.ts"
import { top } from "./bare/top.ts"
import { queryOf, queryVector, scopeOf, vectorOf } from "./data.ts"
import { withFolder } from "./folder.ts"
import { interleaved } from "./measure.ts"
import { fill, type Opened, openEmbedded } from "./opened.ts"
import { atMost, reported, type Row, unmeasured, within } from "./Row.ts"
import type { Settings } from "./Settings.ts"

const LIMIT = 10
const EF = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256]
const RECALL_MIN = 0.95

interface Scene {
  readonly user: number
  readonly size: number
  readonly opened: Opened
  readonly vectors: ReadonlyArray<Float32Array>
}

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

const exactTop = ({ user, vectors }: Scene, round: number): ReadonlySet<number> => {
  const query = queryVector(user, round)
  return new Set(
    top(
      vectors.map((vector) => dot(vector, query)),
      LIMIT
    )
  )
}

const recallOf = (scene: Scene, search: (query: Float32Array) => ReadonlyArray<number>): number => {
  let found = 0
  const queries = 40
  for (let round = 0; round < queries; round++) {
    const truth = exactTop(scene, round)
    found += search(queryVector(scene.user, round)).filter((label) => truth.has(label)).length
  }
  return found / (queries * LIMIT)
}

/** Gives the graph the least `ef` with which it finds enough: the fastest it can be called with. */
const tune = (graph: Graph, scene: Scene): number => {
  for (const ef of EF) {
    graph.setEf(ef)
    if (recallOf(scene, (query) => graph.searchKnn(Array.from(query), LIMIT).neighbors) >= RECALL_MIN)
      return ef
  }
  return EF.at(-1) ?? 0
}

const indexOf = /x([0-9a-z]+)$/u

/** The store's search without words, for ids and scores. */
const channelOf =
  ({ opened, user }: Scene) =>
  (query: Float32Array): ReadonlyArray<number> => {
    const { hits } = Effect.runSync(
      opened.store.search({ scope: scopeOf(user), now: Date.now(), vector: query, filter: {}, limit: LIMIT })
    )
    return hits.map(({ memory }) => Number.parseInt(indexOf.exec(memory.content)?.[1] ?? "", 36))
  }

const sized = (size: number): string => (size >= 1_000 ? `${size / 1_000}k` : String(size))

const channelRow = async (scene: Scene, rounds: number): Promise<Row> => {
  const { opened, size, user, vectors } = scene
  const name = `vector channel, scope of ${sized(size)}`
  const hnswlib = await loadHnswlib()
  if (hnswlib === null) {
    return unmeasured({
      name,
      unit: "ms",
      against: "the faster of bare kernel and bare hnswlib-node",
      bar: "≤ 1.3×",
      note: NO_ADDON
    })
  }
  const scan = bareScan(vectors)
  // The data of one user, under that user's number, so that both hold the same vectors.
  const users = Array.from({ length: user + 1 }, (_, i) => (i === user ? size : 0))
  const graph = await bareGraph(hnswlib, `user${user}-${size}`, users)
  const ef = tune(graph, scene)
  const own = recallOf(scene, channelOf(scene))
  const scope = scopeOf(user)
  const now = Date.now()
  const queries = Array.from({ length: rounds + 20 }, (_, round) => queryVector(user, round))
  const query = (round: number) => queries[round % queries.length] ?? new Float32Array()
  const times = await interleaved(
    {
      ours: (round) =>
        Effect.runSync(opened.store.search({ scope, now, vector: query(round), filter: {}, limit: LIMIT }))
          .hits.length,
      kernel: (round) => scan(query(round), LIMIT).length,
      hnswlib: (round) => graph.searchKnn(Array.from(query(round)), LIMIT).neighbors.length
    },
    { rounds }
  )
  const { hnswlib: graphTime, kernel, ours } = times
  const faster = kernel.median <= graphTime.median ? "bare kernel" : "bare hnswlib-node"
  return atMost(
    {
      name,
      value: ours.median,
      unit: "ms",
      against: faster,
      baseline: Math.min(kernel.median, graphTime.median),
      note:
        `best 10, rows included, p99 ${ours.p99.toFixed(3)} ms, recall ${own.toFixed(3)}; bare kernel ${kernel.median.toFixed(3)} ms ` +
        `(exact), hnswlib-node ${graphTime.median.toFixed(3)} ms (ef ${ef}, the least with recall ≥ ${RECALL_MIN})`
    },
    1.3
  )
}

const recallRow = async ({ opened, size, user }: Scene, rounds: number): Promise<Row> => {
  const scope = scopeOf(user)
  const memory = await Effect.runPromise(opened.memory.for(scope))
  const now = Date.now()
  const { channel, whole } = await interleaved(
    {
      channel: (round) =>
        Effect.runSync(
          opened.store.search({ scope, now, vector: queryVector(user, round), filter: {}, limit: LIMIT })
        ),
      whole: async (round) => Effect.runPromise(memory.recall(queryOf(user, round), { threshold: 0 }))
    },
    { rounds }
  )
  const name = `whole recall, scope of ${sized(size)}`
  const over = whole.median - channel.median
  const note = `p99 ${whole.p99.toFixed(2)} ms; 100 candidates a channel, words, neighbouring turns, features; ${over.toFixed(2)} ms over the vector channel alone`
  if (size === 1_000) {
    const row = { name, value: whole.median, unit: "ms", note }
    return {
      ...within(row, "channel + 3 ms", over <= 3),
      against: "vector channel alone",
      baseline: channel.median
    }
  }
  return reported({
    name,
    value: whole.median,
    unit: "ms",
    against: "vector channel alone",
    baseline: channel.median,
    note
  })
}

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    const opened = await openEmbedded(join(folder, "keepsake.db"), { cacheBytes: 2 ** 30 })
    const sizes = quick ? [1_000, 5_000] : [1_000, 5_000, 20_000, 100_000]
    const channel: Array<Row> = []
    const whole: Array<Row> = []
    for (const [user, size] of sizes.entries()) {
      await fill(opened, user, 0, size)
      const vectors = Array.from({ length: size }, (_, index) => vectorOf({ user, index }))
      const scene = { user, size, opened, vectors }
      // Loads the scope, and lets a large one build what it searches with.
      await Effect.runPromise(
        opened.store.search({
          scope: scopeOf(user),
          now: Date.now(),
          vector: queryVector(user, 0),
          filter: {},
          limit: 1
        })
      )
      channel.push(await channelRow(scene, quick ? 50 : 300))
      whole.push(await recallRow(scene, quick ? 30 : 150))
    }
    await opened.close()
    return [...channel, ...whole]
  })
