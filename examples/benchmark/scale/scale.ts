/**
 * `node examples/benchmark/scale/scale.ts`: the figures of docs/scale.md, a hundred million memories of two million users over 64 shards.
 * Places every user by the store's own hash, and counts the requests and bytes of calls on the tests' stand-in.
 */
import { QdrantStore } from "@keepsake/backend-qdrant"
import { AgentMemory, Embedder, type MemoryError, MemoryStore } from "@keepsake/core"
import { ANY, documentTerms, type StoreRow, termId } from "@keepsake/core/driver"
import { rowBuilder, T0, toVector } from "@keepsake/core/testing"
import { Effect, Layer } from "effect"
import { startCluster } from "../../../packages/backend-qdrant/test/server/QdrantServer.ts"

export interface Plan {
  readonly memories: number
  readonly users: number
  readonly shards: number
  /** Most memories of a user; what is above goes to the others. */
  readonly limit: number
}

export const PLAN: Plan = { memories: 1e8, users: 2e6, shards: 64, limit: 100_000 }

/** Memories of each user, the heaviest first: by Zipf's law, cut at the limit. */
export const userSizes = ({ limit, memories, users }: Plan): Float64Array => {
  const weights = Float64Array.from({ length: users }, (_, i) => 1 / (i + 1))
  // The scale at which what is cut off leaves the whole as it is: found by halving.
  const total = (scale: number) => weights.reduce((sum, weight) => sum + Math.min(limit, weight * scale), 0)
  let [low, high] = [0, memories * 4]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (total(middle) < memories) low = middle
    else high = middle
  }
  return weights.map((weight) => Math.min(limit, weight * high))
}

/** Memories of each shared shard, where every user lies in the shard of its hash but the heaviest, which are promoted. */
export const placeUsers = (plan: Plan, sizes = userSizes(plan), promoted = 0): Float64Array => {
  const shards = new Float64Array(plan.shards)
  sizes.forEach((size, i) => {
    if (i < promoted) return
    const shard = termId(JSON.stringify(["app", `user-${i}`])) % plan.shards
    shards[shard] = (shards[shard] ?? 0) + size
  })
  return shards
}

/** Heaviest shard over the mean, as it is expected: the mean and three deviations of the sum of random sizes. */
export const expectedSkew = ({ memories, shards }: Plan, sizes: Float64Array): number => {
  const squares = sizes.reduce((sum, size) => sum + size * size, 0)
  const deviation = Math.sqrt((squares * (1 - 1 / shards)) / shards)
  return 1 + (3 * deviation) / (memories / shards)
}

const DIMENSIONS = 384
const SCOPE = { agentId: "app", userId: "user-1" }
const QUESTION = "freight customs harbour"
const row = rowBuilder(SCOPE, DIMENSIONS)

/** A turn of one of eight conversations. */
const makeRow = (i: number): StoreRow => {
  const content = `Note ${i}: the freight of week ${i % 52} leaves from harbour ${i % 7} after customs, says invoice ${i * 31}; Ana keeps the ledger of it in the office by the river, and pays it in the spring of next year.`
  const made = row(content, { sessionId: `session-${i % 8}`, turn: Math.floor(i / 8), speaker: "Ana" })
  return { ...made, passages: [{ ...made.passages[0], terms: documentTerms(content) }] }
}

/** What calls cost on the wire. */
export interface Cost {
  readonly requests: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

type Call = Effect.Effect<unknown, MemoryError, MemoryStore | AgentMemory>

const calls = (rows: ReadonlyArray<StoreRow>): Readonly<Record<string, Call>> => {
  const onStore = (call: (store: MemoryStore["Service"]) => Effect.Effect<unknown, MemoryError>): Call =>
    Effect.flatMap(MemoryStore, call)
  const vector = toVector(QUESTION, DIMENSIONS)
  const { ids: terms } = documentTerms(QUESTION)
  const ids = rows.slice(0, 10).map(({ memory }) => memory.id)
  return {
    "put of 64": onStore((store) => store.put({ scope: SCOPE, now: T0, rows })),
    "search, 60 hits a channel": onStore((store) =>
      store.search({ scope: SCOPE, now: T0, parts: [{ vector, terms }], filter: ANY, limit: 60 })
    ),
    "touch of 10": onStore((store) => store.touch({ scope: SCOPE, now: T0, ids })),
    // The last: it counts accesses in the background.
    "recall of 10": Effect.flatMap(AgentMemory, (memory) =>
      Effect.flatMap(memory.for(SCOPE), (mine) => mine.recall(QUESTION, { threshold: 0 }))
    )
  }
}

/** Counts the calls of a recall, and a put, on a cluster of the stand-in. */
export const countCosts = Effect.fnUntraced(function* () {
  const cluster = yield* Effect.acquireRelease(
    Effect.promise(() => startCluster(3)),
    ({ stop }) => Effect.promise(stop)
  )
  const embedder = {
    model: "scale",
    dimensions: DIMENSIONS,
    calibration: { mean: 0, spread: 1 },
    embed: async (texts: ReadonlyArray<string>) => texts.map((text) => toVector(text, DIMENSIONS))
  }
  const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(QdrantStore.layer({ url: cluster.url, layout: { shardKeys: 3 } })),
    Layer.provideMerge(Embedder.layer(embedder))
  )
  const context = yield* Layer.build(layer)
  const costs = new Map<string, Cost>()
  const rows = Array.from({ length: 64 }, (_, i) => makeRow(i))
  for (const [name, call] of Object.entries(calls(rows))) {
    for (const node of cluster.nodes) node.requests.length = node.responses.length = 0
    yield* Effect.provide(call, context)
    const requests = cluster.nodes.flatMap((node) => node.requests)
    costs.set(name, {
      requests: requests.length,
      bytesSent: requests.reduce((sum, { body }) => sum + JSON.stringify(body ?? "").length, 0),
      bytesReceived: cluster.nodes.flatMap((node) => node.responses).reduce((sum, bytes) => sum + bytes, 0)
    })
  }
  return costs
})

/** Heaviest users that are promoted, where there is no limit. */
const PROMOTED = [0, 5, 10, 20, 50]

const millions = (count: number): string => `${(count / 1e6).toFixed(2)} million`

if (import.meta.main) {
  const sizes = userSizes(PLAN)
  const shards = placeUsers(PLAN, sizes)
  const mean = PLAN.memories / PLAN.shards
  const users = Array.from({ length: PLAN.users }, (_, i) => sizes[i] ?? 0)
  console.log(`users: heaviest ${sizes[0]}, median ${users[PLAN.users / 2]?.toFixed(0)}`)
  console.log(`users at the limit: ${users.filter((size) => size >= PLAN.limit).length}`)
  console.log(
    `shards: mean ${millions(mean)}, lightest ${millions(Math.min(...shards))}, heaviest ${millions(Math.max(...shards))}`
  )
  console.log(
    `heaviest over mean: ${(Math.max(...shards) / mean).toFixed(2)}, expected below ${expectedSkew(PLAN, sizes).toFixed(2)}`
  )
  const unlimited = { ...PLAN, limit: PLAN.memories }
  const free = userSizes(unlimited)
  for (const promoted of PROMOTED) {
    const shared = placeUsers(unlimited, free, promoted)
    const left = shared.reduce((sum, size) => sum + size, 0)
    console.log(
      `without a limit, ${promoted} promoted (down to ${millions(free[promoted - 1] ?? 0)}): ${millions(left)} left, heaviest shared shard over mean ${(Math.max(...shared) / mean).toFixed(2)}`
    )
  }
  const costs = await Effect.runPromise(Effect.scoped(countCosts()))
  for (const [name, { bytesReceived, bytesSent, requests }] of costs) {
    console.log(`${name}: ${requests} requests, ${bytesSent} bytes sent, ${bytesReceived} received`)
  }
}
