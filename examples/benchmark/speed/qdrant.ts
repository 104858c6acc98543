/**
 * Qdrant: the store beside the bare client making the same calls with the same bodies, on the same server,
 * taking turns.
 *
 *     node examples/benchmark/speed/qdrant.ts
 *
 * On the server of `KEEPSAKE_QDRANT_URL`, else on the tests' stand-in in a process of its own.
 */
import { QdrantStore } from "@keepsake/backend-qdrant"
import { fingerprint, type Memory, MemoryStore, StoreFingerprint } from "@keepsake/core"
import { documentTerms, memoryIdOfText, queryTerms, STORE_LIMITS, type StoreRow } from "@keepsake/core/driver"
import { QdrantClient, type QdrantClientParams } from "@qdrant/js-client-rest"
import { type Effect, Layer, ManagedRuntime } from "effect"
import { randomBytes } from "node:crypto"
import { startQdrant } from "../../../scripts/qdrant.ts"
import { DIMENSIONS, queryOf, queryVector, scopeOf, statementOf, vectorOf } from "./data.ts"
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

const scope = scopeOf(USER)

const rowOf = (index: number): StoreRow => {
  const { content, sessionId = null, turn = null } = statementOf({ user: USER, index })
  const statement = { source: "user", speaker: null, type: "episodic", content } as const
  const memory: Memory = {
    id: memoryIdOfText(scope, statement),
    scope,
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
  return { memory, vector: vectorOf({ user: USER, index }), terms: documentTerms(content) }
}

type Body = Readonly<Record<string, unknown>>
type Call = readonly [endpoint: string, body: Body]

/** The client, and what was asked of it since the last look. */
const listening = (client: QdrantClient) => {
  const heard: Array<Call> = []
  const api = new Proxy(client.api(), {
    get: (target, endpoint) => {
      const method: unknown = Reflect.get(target, endpoint)
      if (typeof method !== "function") return method
      return (body: Body, init: unknown): unknown => {
        heard.push([String(endpoint), body])
        return Reflect.apply(method, target, [body, init])
      }
    }
  })
  const proxy = new Proxy(client, {
    get: (target, key) => (key === "api" ? () => api : (Reflect.get(target, key) as unknown))
  })
  return { client: proxy, take: () => heard.splice(0) }
}

/** What a store that was only listened to adds to the name of its collections. */
const HEARD = "-heard"

/** The same call by the client's public method, to the collection that is measured. */
const bare = (client: QdrantClient, [endpoint, { collection_name, ...body }]: Call): Promise<unknown> => {
  const name = String(collection_name).replace(HEARD, "")
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

const measure = async (url: string, what: string): Promise<ReadonlyArray<Row>> => {
  const collection = `keepsake-bench-${randomBytes(4).toString("hex")}`
  const { port, protocol, hostname } = new URL(url)
  const key = process.env["KEEPSAKE_QDRANT_API_KEY"]
  const params: QdrantClientParams = {
    url: `${protocol}//${hostname}`,
    port: Number(port || "6333"),
    checkCompatibility: false,
    headers: { "accept-encoding": "identity", ...(key === undefined ? {} : { "api-key": key }) }
  }
  const client = new QdrantClient(params)
  const ear = listening(new QdrantClient(params))
  const open = (given: QdrantClient, name: string) =>
    ManagedRuntime.make(
      QdrantStore.layer({ client: given, collection: name }).pipe(
        Layer.provide(
          StoreFingerprint.layer(
            fingerprint({ model: "bench", dimensions: DIMENSIONS, calibration: { mean: 0, spread: 1 } })
          )
        )
      )
    )
  const runtime = open(new QdrantClient(params), collection)
  const heard = open(ear.client, `${collection}${HEARD}`)
  try {
    const store = await runtime.runPromise(MemoryStore)
    const overheard = await heard.runPromise(MemoryStore)
    /** What a call sends, told by a store that does it elsewhere: the measured one has not seen it yet. */
    const callsOf = async (call: (told: typeof store) => Effect.Effect<unknown, unknown>) => {
      ear.take()
      await heard.runPromise(call(overheard))
      return ear.take()
    }
    for (let i = 0; i < ROWS; i += STORE_LIMITS.batch) {
      const rows = Array.from({ length: Math.min(STORE_LIMITS.batch, ROWS - i) }, (_, j) => rowOf(i + j))
      await runtime.runPromise(store.put({ scope, now: NOW, rows }))
    }
    const note = `${ROWS} memories of 384 dimensions; ${what}`

    const searching = async (limit: number): Promise<ReadonlyArray<Row>> => {
      const request = (round: number) => ({
        scope,
        now: NOW + ROWS,
        vector: queryVector(USER, round),
        terms: queryTerms(queryOf(USER, round)),
        filter: {},
        limit
      })
      const search = (round: number) => runtime.runPromise(store.search(request(round)))
      const calls: Array<ReadonlyArray<Call>> = []
      for (let round = 0; round < ROUNDS * 1.1; round++) {
        calls.push(await callsOf((told) => told.search(request(round))))
      }
      const { ours, theirs } = await interleaved(
        {
          ours: search,
          theirs: (round) => Promise.all((calls[round] ?? []).map((call) => bare(client, call)))
        },
        { rounds: ROUNDS }
      )
      const name = `qdrant: search, ${limit} a channel with rows`
      return [
        atMost(
          { name, value: ours.median, unit: "ms p50", against: AGAINST, baseline: theirs.median, note },
          BAR
        ),
        reported({ name: `${name}: our own share`, value: ours.median - theirs.median, unit: "ms" })
      ]
    }

    const putting = async (): Promise<Row> => {
      const batch = (round: number, who: number) =>
        Array.from({ length: PUT_ROWS }, (_, i) => rowOf(ROWS + (round * 2 + who) * PUT_ROWS + i))
      const put = (rows: ReadonlyArray<StoreRow>) => runtime.runPromise(store.put({ scope, now: NOW, rows }))
      const calls: Array<ReadonlyArray<Call>> = []
      const mine: Array<ReadonlyArray<StoreRow>> = []
      for (let round = 0; round < PUT_ROUNDS * 1.1; round++) {
        mine.push(batch(round, 0))
        const rows = batch(round, 1)
        calls.push(await callsOf((told) => told.put({ scope, now: NOW, rows })))
      }
      const { ours, theirs } = await interleaved(
        {
          ours: (round) => put(mine[round] ?? []),
          theirs: async (round) => {
            for (const call of calls[round] ?? []) await bare(client, call)
          }
        },
        { rounds: PUT_ROUNDS }
      )
      return atMost(
        {
          name: `qdrant: put of ${PUT_ROWS} rows`,
          value: ours.median,
          unit: "ms p50",
          against: AGAINST,
          baseline: theirs.median,
          note: what
        },
        BAR
      )
    }

    return [...(await searching(100)), ...(await searching(10)), await putting()]
  } finally {
    await runtime.dispose()
    await heard.dispose()
    await client.deleteCollection(collection)
    await client.deleteCollection(`${collection}${HEARD}`)
  }
}

/** On the server of `KEEPSAKE_QDRANT_URL`, else on the tests' stand-in. */
export const rows = async (): Promise<ReadonlyArray<Row>> => {
  const server = await startQdrant()
  try {
    return await measure(server.url, `on ${server.description}`)
  } finally {
    await server.stop()
  }
}

if (import.meta.main) console.log(table(await rows()))
