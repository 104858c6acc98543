/**
 * A million memories of 20,000 users, sizes by Zipf's law, in one file: `million.ts FOLDER [fill] [graphs] [measure]`.
 * `fill` writes them; `graphs` waits for the large scopes' graphs; `measure`, in a new process, opens the file, searches
 * 10,000 users drawn uniformly and 2,000 drawn by size, and prints times, memory and recall as JSON.
 */
import { ANY, MemoryStore, queryTerms } from "@keepsake/core/driver"
import { Effect } from "effect"
import { statSync } from "node:fs"
import { makeLayer } from "../../src/HnswStore.ts"
import { fingerprintLayer, NOW, makeRow, makeScope } from "../support/rows.ts"

const [folder = ".", ...phases] = process.argv.slice(2)
const PATH = `${folder}/million.db`
const MEMORIES = Number(process.env["KEEPSAKE_MEMORIES"] ?? 1_000_000)
const USERS = Number(process.env["KEEPSAKE_USERS"] ?? 20_000)
const DIMENSIONS = 384
const CACHE_BYTES = Number(process.env["KEEPSAKE_CACHE_MB"] ?? 256) * 2 ** 20
const MB = 2 ** 20
const BATCH = 256
const TOPICS = 400

/** When the measured open began. */
let openedAt = 0
let state = 20_261_122
/** xorshift32, in [0, 1). */
const random = (): number => {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) / 2 ** 32
}
const randomBelow = (bound: number): number => Math.floor(random() * bound)
/** Roughly normal, around 0. */
const normal = (): number => random() + random() + random() - 1.5

const normalise = (vector: Float32Array): Float32Array => {
  let square = 0
  for (const value of vector) square += value * value
  const length = Math.sqrt(square)
  return vector.map((value) => value / length)
}
const topics = Array.from({ length: TOPICS }, () =>
  normalise(Float32Array.from({ length: DIMENSIONS }, normal))
)
/** Two of the same topic have a cosine near 0.6, others near 0. */
const makeVector = (topic: number): Float32Array => {
  const centre = topics[topic] ?? new Float32Array(DIMENSIONS)
  return normalise(centre.map((value) => value + 0.08 * normal()))
}
const makeText = (topic: number): string =>
  Array.from({ length: 12 }, () => `word${(topic * 37 + randomBelow(60) * randomBelow(40)) % 9_000}x`).join(
    " "
  )

const weights = Array.from({ length: USERS }, (_, rank) => 1 / (rank + 1))
const total = weights.reduce((a, b) => a + b, 0)
const sizes = weights.map((weight) => Math.max(1, Math.round((MEMORIES * weight) / total)))
const scopeForRank = (rank: number) => makeScope(`user${rank}`)

const fill = Effect.gen(function* () {
  const store = yield* MemoryStore
  const started = performance.now()
  let written = 0
  // Shuffled batches of all users, as in real traffic.
  const batches = sizes.flatMap((size, rank) =>
    Array.from({ length: Math.ceil(size / BATCH) }, (_, i) => ({
      rank,
      from: i * BATCH,
      to: Math.min(size, (i + 1) * BATCH)
    }))
  )
  for (let i = batches.length - 1; i > 0; i--) {
    const j = randomBelow(i + 1)
    const [a, b] = [batches[i], batches[j]]
    if (a !== undefined && b !== undefined) [batches[i], batches[j]] = [b, a]
  }
  yield* Effect.forEach(
    batches,
    ({ from, rank, to }) => {
      const scope = scopeForRank(rank)
      const rows = Array.from({ length: to - from }, (_, i) => {
        const topic = randomBelow(TOPICS)
        const fields = { saidAt: NOW + from + i, sessionId: `s${(from + i) >> 5}`, turn: (from + i) & 31 }
        return makeRow(scope, `${rank} ${from + i} ${makeText(topic)}`, makeVector(topic), fields)
      })
      written += rows.length
      return store.put({ scope, now: NOW, rows })
    },
    { concurrency: 8, discard: true }
  )
  const seconds = (performance.now() - started) / 1_000
  console.error(`${written} memories in ${seconds.toFixed(0)} s (${(written / seconds).toFixed(0)} a second)`)
})

/** Waits for the graphs of the large scopes; a build thread does not keep the process alive. */
const graphs = Effect.gen(function* () {
  const store = yield* MemoryStore
  const alive = setInterval(() => {}, 1_000)
  for (let rank = 0; (sizes[rank] ?? 0) * DIMENSIONS >= 4_000_000; rank++) {
    const at = performance.now()
    yield* store.search({
      scope: scopeForRank(rank),
      now: NOW,
      parts: [{ vector: makeVector(0) }],
      filter: ANY,
      limit: 10
    })
    console.error(`graph of ${sizes[rank]} memories: ${((performance.now() - at) / 1_000).toFixed(1)} s`)
  }
  clearInterval(alive)
})

const percentile = (sorted: ReadonlyArray<number>, share: number): number =>
  Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(3))

const drawBySize = (): number => {
  let left = random() * total
  for (let rank = 0; rank < USERS; rank++) if ((left -= weights[rank] ?? 0) < 0) return rank
  return USERS - 1
}

const measure = Effect.gen(function* () {
  const store = yield* MemoryStore
  const openMs = Math.round(performance.now() - openedAt)
  let rssMax = 0
  const ask = (rank: number, limit: number, exact = false) => {
    const topic = randomBelow(TOPICS)
    const terms = exact ? undefined : queryTerms(makeText(topic))
    const parts = [{ vector: makeVector(topic), terms }]
    return store.search({ scope: scopeForRank(rank), now: NOW, parts, filter: ANY, limit, exact })
  }
  const first = performance.now()
  yield* ask(randomBelow(USERS), 100)
  const firstRecall = performance.now() - first
  const run = (count: number, draw: () => number) =>
    Effect.gen(function* () {
      const times: Array<number> = []
      const started = performance.now()
      for (let i = 0; i < count; i++) {
        const at = performance.now()
        yield* ask(draw(), 100)
        times.push(performance.now() - at)
        if (i % 20 === 0) rssMax = Math.max(rssMax, process.memoryUsage.rss())
      }
      const seconds = (performance.now() - started) / 1_000
      times.sort((a, b) => a - b)
      return {
        p50Ms: percentile(times, 0.5),
        p99Ms: percentile(times, 0.99),
        qps: Math.round(count / seconds)
      }
    })
  const uniform = yield* run(Number(process.env["KEEPSAKE_DRAWS"] ?? 10_000), () => randomBelow(USERS))
  const rssUniform = rssMax
  console.error(
    JSON.stringify({
      openMs,
      firstRecallMs: Math.round(firstRecall),
      uniform,
      rssMB: Math.round(rssUniform / MB)
    })
  )
  const weighted = yield* run(2_000, drawBySize)
  let hits = 0
  let expected = 0
  for (let i = 0; i < 300; i++) {
    const rank = i % 3 === 0 ? randomBelow(9) : drawBySize()
    const vector = makeVector(randomBelow(TOPICS))
    const request = { scope: scopeForRank(rank), now: NOW, parts: [{ vector }], filter: ANY, limit: 10 }
    const exact = new Set(
      (yield* store.search({ ...request, exact: true })).hits.map(({ facts }) => facts.id)
    )
    expected += exact.size
    for (const { facts } of (yield* store.search(request)).hits) if (exact.has(facts.id)) hits++
  }
  return {
    fileGB: Number((statSync(PATH).size / 2 ** 30).toFixed(2)),
    openMs,
    firstRecallMs: Math.round(firstRecall),
    uniform,
    weighted,
    rssMBUniform: Math.round(rssUniform / MB),
    rssMBMost: Math.round(rssMax / MB),
    boundMB: CACHE_BYTES / MB + 150,
    recallAt10: hits / expected
  }
})

const withStore = <A, E>(program: Effect.Effect<A, E, MemoryStore>, awaitGraphs: boolean) =>
  Effect.runPromise(
    program.pipe(
      Effect.provide(makeLayer({ path: PATH, cacheBytes: CACHE_BYTES, synchronous: "normal" }, awaitGraphs)),
      Effect.provide(fingerprintLayer(DIMENSIONS))
    )
  )

if (phases.includes("fill")) await withStore(fill, false)
if (phases.includes("graphs")) await withStore(graphs, true)
if (phases.includes("measure")) {
  openedAt = performance.now()
  console.log(JSON.stringify(await withStore(measure, false), null, 2))
}
