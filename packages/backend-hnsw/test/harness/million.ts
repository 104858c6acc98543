/**
 * A million memories of 20,000 users, sizes by Zipf's law, in one file: `million.ts FOLDER [fill] [graphs] [measure]`.
 * `fill` writes them; `graphs` waits for the heavy scopes' graphs; `measure`, in a fresh process, opens the file,
 * searches 10,000 users drawn evenly and 2,000 drawn by size, and prints times, memory and recall as JSON.
 */
import { MemoryStore, queryTerms } from "@keepsake/core/driver"
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
let starting = 0
let state = 20_261_122
/** xorshift32, from 0 up to, but not at, 1. */
const random = (): number => {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) / 2 ** 32
}
const below = (bound: number): number => Math.floor(random() * bound)
const bell = (): number => random() + random() + random() - 1.5

const unit = (vector: Float32Array): Float32Array => {
  let square = 0
  for (const part of vector) square += part * part
  const length = Math.sqrt(square)
  return vector.map((part) => part / length)
}
const topics = Array.from({ length: TOPICS }, () => unit(Float32Array.from({ length: DIMENSIONS }, bell)))
/** About a topic: cosine with another of the same topic near 0.6, with others near 0. */
const vectorAbout = (topic: number): Float32Array => {
  const centre = topics[topic] ?? new Float32Array(DIMENSIONS)
  return unit(centre.map((part) => part + 0.08 * bell()))
}
const textAbout = (topic: number): string =>
  Array.from({ length: 12 }, () => `word${(topic * 37 + below(60) * below(40)) % 9_000}x`).join(" ")

const weights = Array.from({ length: USERS }, (_, rank) => 1 / (rank + 1))
const total = weights.reduce((a, b) => a + b, 0)
const sizes = weights.map((weight) => Math.max(1, Math.round((MEMORIES * weight) / total)))
const user = (rank: number) => makeScope(`user${rank}`)

const fill = Effect.gen(function* () {
  const store = yield* MemoryStore
  const started = performance.now()
  let written = 0
  // Batches of all users in mixed order, as writes arrive in life.
  const batches = sizes.flatMap((size, rank) =>
    Array.from({ length: Math.ceil(size / BATCH) }, (_, i) => ({
      rank,
      from: i * BATCH,
      to: Math.min(size, (i + 1) * BATCH)
    }))
  )
  for (let i = batches.length - 1; i > 0; i--) {
    const j = below(i + 1)
    const [a, b] = [batches[i], batches[j]]
    if (a !== undefined && b !== undefined) [batches[i], batches[j]] = [b, a]
  }
  yield* Effect.forEach(
    batches,
    ({ from, rank, to }) => {
      const scope = user(rank)
      const rows = Array.from({ length: to - from }, (_, i) => {
        const topic = below(TOPICS)
        const parts = { saidAt: NOW + from + i, sessionId: `s${(from + i) >> 5}`, turn: (from + i) & 31 }
        return makeRow(scope, `${rank} ${from + i} ${textAbout(topic)}`, vectorAbout(topic), parts)
      })
      written += rows.length
      return store.put({ scope, now: NOW, rows })
    },
    { concurrency: 8, discard: true }
  )
  const seconds = (performance.now() - started) / 1_000
  console.error(`${written} memories in ${seconds.toFixed(0)} s (${(written / seconds).toFixed(0)} a second)`)
})

/** Waits for the graphs of the heavy scopes; a thread that builds does not keep a process alive. */
const graphs = Effect.gen(function* () {
  const store = yield* MemoryStore
  const alive = setInterval(() => {}, 1_000)
  for (let rank = 0; (sizes[rank] ?? 0) * DIMENSIONS >= 4_000_000; rank++) {
    const at = performance.now()
    yield* store.search({ scope: user(rank), now: NOW, vector: vectorAbout(0), filter: {}, limit: 10 })
    console.error(`graph of ${sizes[rank]} memories: ${((performance.now() - at) / 1_000).toFixed(1)} s`)
  }
  clearInterval(alive)
})

const percentile = (sorted: ReadonlyArray<number>, share: number): number =>
  Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(3))

const bySize = (): number => {
  let left = random() * total
  for (let rank = 0; rank < USERS; rank++) if ((left -= weights[rank] ?? 0) < 0) return rank
  return USERS - 1
}

const measure = Effect.gen(function* () {
  const store = yield* MemoryStore
  const openMs = Math.round(performance.now() - starting)
  let rssMax = 0
  const ask = (rank: number, limit: number, exact = false) => {
    const topic = below(TOPICS)
    const request = { scope: user(rank), now: NOW, vector: vectorAbout(topic), filter: {}, limit, exact }
    return exact ? store.search(request) : store.search({ ...request, terms: queryTerms(textAbout(topic)) })
  }
  const first = performance.now()
  yield* ask(below(USERS), 100)
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
  const evenly = yield* run(Number(process.env["KEEPSAKE_DRAWS"] ?? 10_000), () => below(USERS))
  const rssEvenly = rssMax
  console.error(
    JSON.stringify({
      openMs,
      firstRecallMs: Math.round(firstRecall),
      evenly,
      rssMB: Math.round(rssEvenly / MB)
    })
  )
  const weighted = yield* run(2_000, bySize)
  let found = 0
  let wanted = 0
  for (let i = 0; i < 300; i++) {
    const rank = i % 3 === 0 ? below(9) : bySize()
    const vector = vectorAbout(below(TOPICS))
    const request = { scope: user(rank), now: NOW, vector, filter: {}, limit: 10 }
    const exact = new Set((yield* store.search({ ...request, exact: true })).hits.map((hit) => hit.memory.id))
    wanted += exact.size
    for (const { memory } of (yield* store.search(request)).hits) if (exact.has(memory.id)) found++
  }
  return {
    fileGB: Number((statSync(PATH).size / 2 ** 30).toFixed(2)),
    openMs,
    firstRecallMs: Math.round(firstRecall),
    evenly,
    weighted,
    rssMBEvenly: Math.round(rssEvenly / MB),
    rssMBMost: Math.round(rssMax / MB),
    boundMB: CACHE_BYTES / MB + 150,
    recallAt10: found / wanted
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
  starting = performance.now()
  console.log(JSON.stringify(await withStore(measure, false), null, 2))
}
