/** The vector channel alone and the whole recall, in scopes of growing size. */
import { ANY, memoryIdOfText } from "@keepsake/core/driver"
import { Effect } from "effect"
import { bareGraph, type Graph, loadHnswlib, NO_ADDON } from "./bare/graph.ts"
import { bareScan } from "./bare/scan.ts"
import { top } from "./bare/top.ts"
import { makeQuery, makeScope, makeStatement, makeVector, queryVector } from "./data.ts"
import { interleaved } from "./measure.ts"
import { scopes, waitForGraphs } from "./cachedFiles.ts"
import { type Opened, openEmbedded, searchByMeaning } from "./opened.ts"
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
  /** The exact best indices of each of the first queries. */
  readonly truth: ReadonlyArray<ReadonlySet<number>>
}

/** Queries for which recall is measured. */
const RECALL_QUERIES = 40

/** Consecutive searches of one side, so that each finds its own copy of the vectors in the caches. */
const BLOCK = 20

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

const exactTop = (user: number, vectors: ReadonlyArray<Float32Array>, round: number): ReadonlySet<number> => {
  const query = queryVector(user, round)
  return new Set(
    top(
      vectors.map((vector) => dot(vector, query)),
      LIMIT
    )
  )
}

/** @param toLabel what the search calls the memory of an index */
const measureRecall = <Label>(
  { truth, user }: Scene,
  search: (query: Float32Array) => ReadonlyArray<Label>,
  toLabel: (index: number) => Label
): number => {
  const hits = truth.map((best, round) => {
    const labels = new Set(Array.from(best, toLabel))
    return search(queryVector(user, round)).filter((label) => labels.has(label)).length
  })
  return hits.reduce((a, b) => a + b, 0) / (truth.length * LIMIT)
}

/** Sets the lowest `ef` that reaches `RECALL_MIN`, which is the fastest; else the highest. */
const tune = (graph: Graph, scene: Scene): { readonly ef: number; readonly recall: number } => {
  let tuned = { ef: 0, recall: 0 }
  for (const ef of EF) {
    graph.setEf(ef)
    tuned = {
      ef,
      recall: measureRecall(
        scene,
        (query) => graph.searchKnn(Array.from(query), LIMIT).neighbors,
        (index) => index
      )
    }
    if (tuned.recall >= RECALL_MIN) break
  }
  return tuned
}

const toId = (user: number, index: number): string =>
  memoryIdOfText(makeScope(user), {
    ...makeStatement({ user, index }),
    source: "user",
    speaker: null,
    type: "episodic"
  })

/** The store's search by vector alone; returns ids. */
const makeChannel =
  ({ opened, user }: Scene) =>
  (query: Float32Array): ReadonlyArray<string> => {
    const { hits } = Effect.runSync(
      opened.store.search({
        scope: makeScope(user),
        now: Date.now(),
        parts: [{ vector: query }],
        filter: ANY,
        limit: LIMIT
      })
    )
    return hits.map(({ facts }) => facts.id)
  }

const formatSize = (size: number): string => (size >= 1_000 ? `${size / 1_000}k` : String(size))

const channelRow = async (scene: Scene, rounds: number): Promise<Row> => {
  const { opened, size, user, vectors } = scene
  const name = `vector channel, scope of ${formatSize(size)}`
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
  // Gives the vectors to the same user number, so that both sides have the same vectors.
  const users = Array.from({ length: user + 1 }, (_, i) => (i === user ? size : 0))
  const graph = await bareGraph(hnswlib, `user${user}-${size}`, users)
  const tuned = tune(graph, scene)
  const ownRecall = measureRecall(scene, makeChannel(scene), (index) => toId(user, index))
  const scope = makeScope(user)
  const now = Date.now()
  const fresh = Array.from({ length: 2 * rounds }, (_, round) => queryVector(user, RECALL_QUERIES + round))
  const repeated = Array.from({ length: RECALL_QUERIES }, (_, round) => queryVector(user, round))
  const query = (queries: ReadonlyArray<Float32Array>, round: number) =>
    queries[round % queries.length] ?? new Float32Array()
  const search = (vector: Float32Array) =>
    Effect.runSync(opened.store.search({ scope, now, parts: [{ vector }], filter: ANY, limit: LIMIT })).hits
      .length
  const times = await interleaved(
    {
      // A repeated query finds facts that are made already.
      ours: (round) => search(query(repeated, round)),
      kernel: (round) => scan(query(repeated, round), LIMIT).length,
      hnswlib: (round) => graph.searchKnn(Array.from(query(repeated, round)), LIMIT).neighbors.length,
      reading: (round) => search(query(fresh, round))
    },
    { rounds, block: BLOCK }
  )
  const { hnswlib: graphTime, kernel, ours, reading } = times
  const faster = kernel.median <= graphTime.median ? "bare kernel" : "bare hnswlib-node"
  return atMost(
    {
      name,
      value: ours.median,
      unit: "ms",
      against: faster,
      baseline: Math.min(kernel.median, graphTime.median),
      note:
        `best 10, p99 ${ours.p99.toFixed(3)} ms, recall ${ownRecall.toFixed(3)}; asked for the first time ${reading.median.toFixed(3)} ms; bare kernel ${kernel.median.toFixed(3)} ms ` +
        `(exact), hnswlib-node ${graphTime.median.toFixed(3)} ms (ef ${tuned.ef}, recall ${tuned.recall.toFixed(3)})`
    },
    1.3
  )
}

const recallRow = async ({ opened, size, user }: Scene, rounds: number): Promise<Row> => {
  const scope = makeScope(user)
  const memory = await Effect.runPromise(opened.memory.for(scope))
  const now = Date.now()
  const { channel, whole } = await interleaved(
    {
      channel: (round) =>
        Effect.runSync(
          opened.store.search({
            scope,
            now,
            parts: [{ vector: queryVector(user, round) }],
            filter: ANY,
            limit: LIMIT
          })
        ),
      whole: async (round) => Effect.runPromise(memory.recall(makeQuery(user, round), { minScore: 0 }))
    },
    { rounds }
  )
  const name = `whole recall, scope of ${formatSize(size)}`
  const over = whole.median - channel.median
  const note = `p99 ${whole.p99.toFixed(2)} ms; 100 candidates per channel, words, neighbouring turns, features; ${over.toFixed(2)} ms more than the vector channel alone`
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

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> => {
  const sizes = quick ? [1_000, 5_000] : [1_000, 5_000, 20_000, 100_000]
  const file = await scopes(sizes)
  const opened = await openEmbedded(file.path, { cacheBytes: 2 ** 30 })
  await waitForGraphs(opened, file)
  const channel: Array<Row> = []
  const whole: Array<Row> = []
  for (const [user, size] of sizes.entries()) {
    const vectors = Array.from({ length: size }, (_, index) => makeVector({ user, index }))
    const truth = Array.from({ length: RECALL_QUERIES }, (_, round) => exactTop(user, vectors, round))
    const scene = { user, size, opened, vectors, truth }
    // Loads the scope, which is asynchronous the first time.
    await Effect.runPromise(searchByMeaning(opened, user, 0, 1))
    channel.push(await channelRow(scene, quick ? 50 : 300))
    whole.push(await recallRow(scene, quick ? 30 : 150))
  }
  await opened.close()
  return [...channel, ...whole]
}
