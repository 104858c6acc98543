/**
 * Qdrant: the store compared with the bare client, which makes the same calls with the same bodies on the same
 * server, taking turns.
 *
 *     node examples/benchmark/speed/qdrant.ts
 *
 * Uses the server of `KEEPSAKE_QDRANT_URL`, else the tests' stand-in in a separate process.
 */
import { QdrantStore } from "@keepsake/backend-qdrant"
import { fingerprint, type Memory, MemoryStore, StoreFingerprint } from "@keepsake/core"
import {
  ANY,
  documentTerms,
  memoryIdOfText,
  queryTerms,
  STORE_LIMITS,
  type StoreRow
} from "@keepsake/core/driver"
import { QdrantClient, type QdrantClientParams } from "@qdrant/js-client-rest"
import { type Effect, Layer, ManagedRuntime } from "effect"
import { randomBytes } from "node:crypto"
import { startQdrant } from "../../../scripts/qdrant.ts"
import { DIMENSIONS, makeQuery, queryVector, makeScope, makeStatement, makeVector } from "./data.ts"
import { interleaved } from "./measure.ts"
import { atMost, reported, type Row } from "./Row.ts"
import { table } from "./table.ts"

const NOW = 1_750_000_000_000
const USER = 1
const ROWS = 1_000
const ROUNDS = 200
const PUT_ROUNDS = 40
const PUT_ROWS = 64
const BAR = 1.2
const AGAINST = "the bare client, same bodies"

const scope = makeScope(USER)

const makeRow = (index: number): StoreRow => {
  const { content, sessionId = null, turn = null } = makeStatement({ user: USER, index })
  const statement = { source: "user", speaker: null, type: "episodic", content } as const
  const memory: Memory = {
    id: memoryIdOfText(scope, statement),
    scope,
    key: null,
    ...statement,
    metadata: { project: "benchmark" },
    sessionId,
    turn,
    saidAt: NOW + index,
    importance: 0.5,
    pinned: false,
    createdAt: NOW + index,
    updatedAt: NOW + index,
    expiresAt: null,
    validity: [{ from: NOW + index, to: null }],
    supersededBy: null,
    accessCount: 0,
    lastAccessedAt: null
  }
  const vector = makeVector({ user: USER, index })
  const passage = { start: 0, end: content.length, vector, terms: documentTerms(content) }
  return { memory, passages: [passage], owed: false }
}

type Body = Readonly<Record<string, unknown>>
type Call = readonly [endpoint: string, body: Body]

/** A client that records its calls; `take` returns the calls since the last `take`. */
const recordingClient = (client: QdrantClient) => {
  const calls: Array<Call> = []
  const api = new Proxy(client.api(), {
    get: (target, endpoint) => {
      const method: unknown = Reflect.get(target, endpoint)
      if (typeof method !== "function") return method
      return (body: Body, init: unknown): unknown => {
        calls.push([String(endpoint), body])
        return Reflect.apply(method, target, [body, init])
      }
    }
  })
  const proxy = new Proxy(client, {
    get: (target, key) => (key === "api" ? () => api : (Reflect.get(target, key) as unknown))
  })
  return { client: proxy, take: () => calls.splice(0) }
}

/** Suffix of the recording store's collection. */
const RECORDING = "-recording"

/** Repeats a recorded call through the client's public method, on the measured collection. */
const replay = (client: QdrantClient, [endpoint, { collection_name, ...body }]: Call): Promise<unknown> => {
  const name = String(collection_name).replace(RECORDING, "")
  switch (endpoint) {
    case "queryBatchPoints":
      return client.queryBatch(name, body as Parameters<QdrantClient["queryBatch"]>[1])
    case "countPoints":
      return client.count(name, body)
    case "scrollPoints":
      return client.scroll(name, body)
    case "batchUpdate":
      return client.batchUpdate(name, body as Parameters<QdrantClient["batchUpdate"]>[1])
    default:
      throw new Error(`No bare call for ${endpoint}.`)
  }
}

type Store = MemoryStore["Service"]

interface Bench {
  readonly client: QdrantClient
  /** Runs a call of the measured store. */
  readonly run: <A>(call: (store: Store) => Effect.Effect<A, unknown>) => Promise<A>
  /** Makes a call with the recording store, so that its requests are new to the measured collection. */
  readonly recordCalls: (
    call: (store: Store) => Effect.Effect<unknown, unknown>
  ) => Promise<ReadonlyArray<Call>>
  readonly server: string
}

const searchRows = async (
  { client, recordCalls, run, server }: Bench,
  limit: number
): Promise<ReadonlyArray<Row>> => {
  const request = (round: number) => ({
    scope,
    now: NOW + ROWS,
    parts: [{ vector: queryVector(USER, round), terms: queryTerms(makeQuery(USER, round)) }],
    filter: ANY,
    limit
  })
  const calls: Array<ReadonlyArray<Call>> = []
  for (let round = 0; round < ROUNDS * 1.1; round++) {
    calls.push(await recordCalls((store) => store.search(request(round))))
  }
  const { ours, theirs } = await interleaved(
    {
      ours: (round) => run((store) => store.search(request(round))),
      theirs: (round) => Promise.all((calls[round] ?? []).map((call) => replay(client, call)))
    },
    { rounds: ROUNDS }
  )
  const name = `qdrant: search, ${limit} a channel with rows`
  const note = `${ROWS} memories of 384 dimensions; ${server}`
  return [
    atMost(
      { name, value: ours.median, unit: "ms p50", against: AGAINST, baseline: theirs.median, note },
      BAR
    ),
    reported({ name: `${name}: our own share`, value: ours.median - theirs.median, unit: "ms" })
  ]
}

const putRow = async ({ client, recordCalls, run, server }: Bench): Promise<Row> => {
  const makeBatch = (round: number, side: number) =>
    Array.from({ length: PUT_ROWS }, (_, i) => makeRow(ROWS + (round * 2 + side) * PUT_ROWS + i))
  const calls: Array<ReadonlyArray<Call>> = []
  const batches: Array<ReadonlyArray<StoreRow>> = []
  for (let round = 0; round < PUT_ROUNDS * 1.1; round++) {
    batches.push(makeBatch(round, 0))
    const rows = makeBatch(round, 1)
    calls.push(await recordCalls((store) => store.put({ scope, now: NOW, rows })))
  }
  const { ours, theirs } = await interleaved(
    {
      ours: (round) => run((store) => store.put({ scope, now: NOW, rows: batches[round] ?? [] })),
      theirs: async (round) => {
        for (const call of calls[round] ?? []) await replay(client, call)
      }
    },
    { rounds: PUT_ROUNDS }
  )
  const name = `qdrant: put of ${PUT_ROWS} rows`
  return atMost(
    { name, value: ours.median, unit: "ms p50", against: AGAINST, baseline: theirs.median, note: server },
    BAR
  )
}

/** What decides the figures: shards, replicas, quantisation, and where vectors, graphs and payloads are held. */
const describeSettings = async (client: QdrantClient, collection: string): Promise<string> => {
  const { config } = await client.getCollection(collection)
  const { hnsw_config, params, quantization_config } = config
  const { payload, replication_factor, shard_number, sharding_method, vectors } = params
  return JSON.stringify({
    sharding_method,
    shard_number,
    replication_factor,
    vectors,
    payload,
    hnsw_config,
    quantization_config
  })
}

const openStore = (client: QdrantClient, collection: string) => {
  const space = { model: "bench", dimensions: DIMENSIONS, calibration: { mean: 0, spread: 1 } }
  return ManagedRuntime.make(
    QdrantStore.layer({ client, collection }).pipe(Layer.provide(StoreFingerprint.layer(fingerprint(space))))
  )
}

const measure = async (url: string, server: string): Promise<ReadonlyArray<Row>> => {
  const collection = `keepsake-bench-${randomBytes(4).toString("hex")}`
  // The first node of a cluster.
  const { port, protocol, hostname } = new URL(url.split(",")[0] ?? url)
  const key = process.env["KEEPSAKE_QDRANT_API_KEY"]
  const params: QdrantClientParams = {
    url: `${protocol}//${hostname}`,
    port: Number(port || "6333"),
    checkCompatibility: false,
    headers: { "accept-encoding": "identity", ...(key === undefined ? {} : { "api-key": key }) }
  }
  const client = new QdrantClient(params)
  const recorder = recordingClient(new QdrantClient(params))
  const measured = openStore(new QdrantClient(params), collection)
  const recording = openStore(recorder.client, `${collection}${RECORDING}`)
  try {
    const store = await measured.runPromise(MemoryStore)
    const recordingStore = await recording.runPromise(MemoryStore)
    const bench: Bench = {
      client,
      run: (call) => measured.runPromise(call(store)),
      recordCalls: async (call) => {
        recorder.take()
        await recording.runPromise(call(recordingStore))
        return recorder.take()
      },
      server
    }
    for (let i = 0; i < ROWS; i += STORE_LIMITS.batch) {
      const rows = Array.from({ length: Math.min(STORE_LIMITS.batch, ROWS - i) }, (_, j) => makeRow(i + j))
      await bench.run((target) => target.put({ scope, now: NOW, rows }))
    }
    console.error(`qdrant: settings of the collection: ${await describeSettings(client, collection)}`)
    return [...(await searchRows(bench, 100)), ...(await searchRows(bench, 10)), await putRow(bench)]
  } finally {
    await measured.dispose()
    await recording.dispose()
    for (const base of [collection, `${collection}${RECORDING}`]) {
      for (const name of [base, `${base}.sessions`, `${base}.access`]) await client.deleteCollection(name)
    }
  }
}

/** Measures on the server of `KEEPSAKE_QDRANT_URL`, else on the tests' stand-in. */
export const rows = async (): Promise<ReadonlyArray<Row>> => {
  const server = await startQdrant()
  try {
    return await measure(server.url, `on ${server.description}`)
  } finally {
    await server.stop()
  }
}

if (import.meta.main) console.log(table(await rows()))
