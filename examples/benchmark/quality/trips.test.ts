import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  inMemoryData,
  InMemoryStore,
  MemoryStore,
  promiseClient,
  StoreFingerprint
} from "@keepsake/core"
import { Effect, Layer } from "effect"
import { type EvaluationSet, isAnswerable, readSet, toStatements } from "./EvaluationSet.ts"

type Store = MemoryStore["Service"]

const toFile = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const OWN = toFile("../data/keepsake-dialogues.json")
const LOCOMO = toFile("../../../../shared/data/locomo.json")

/** One question in so many: the rest differ little. */
const STEP = 8

interface Trips {
  begun: number
}

/** Calls that are sent together are one trip: all of them are answered before the next begins. */
const countTrips = (store: Store, trips: Trips): Store => {
  let underWay: Promise<void> | null = null
  const join = async () => {
    if (underWay === null) {
      trips.begun++
      underWay = new Promise((resolve) => {
        setImmediate(() => {
          underWay = null
          resolve()
        })
      })
    }
    return underWay
  }
  const counted =
    <Request, A, E>(call: (request: Request) => Effect.Effect<A, E>) =>
    (request: Request) =>
      Effect.andThen(Effect.promise(join), call(request))
  return {
    ...store,
    speakers: counted((request) => store.speakers(request)),
    search: counted((request) => store.search(request)),
    around: counted((request) => store.around(request)),
    excerpts: counted((request) => store.excerpts(request)),
    latest: counted((request) => store.latest(request)),
    get: counted((request) => store.get(request)),
    list: counted((request) => store.list(request)),
    count: counted((request) => store.count(request)),
    sessions: counted((request) => store.sessions(request))
  }
}

const countOver = async ({ scopes }: EvaluationSet) => {
  const trips: Trips = { begun: 0 }
  const store = Layer.provideMerge(
    Layer.effect(
      MemoryStore,
      Effect.map(MemoryStore, (inner) => countTrips(inner, trips))
    ),
    InMemoryStore.layerOf(inMemoryData())
  )
  await using client = await promiseClient(
    AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provideMerge(store),
      Layer.provide(StoreFingerprint.wordsOnly)
    )
  )
  const counts = { recall: new Array<number>(), context: new Array<number>() }
  const count = async (call: () => Promise<unknown>) => {
    trips.begun = 0
    await call()
    return trips.begun
  }
  for (const { docs, queries, scope } of scopes) {
    const memory = client.for({ agentId: "trips", userId: scope })
    const statements = toStatements(docs)
    for (let at = 0; at < statements.length; at += 250)
      await memory.rememberMany(statements.slice(at, at + 250))
    for (const { q } of queries.filter(isAnswerable).filter((_, i) => i % STEP === 0)) {
      counts.recall.push(await count(async () => memory.recall(q)))
      counts.context.push(await count(async () => memory.context(q)))
    }
  }
  return counts
}

const assertTrips = (counts: ReadonlyArray<number>) => {
  assert.isAtLeast(counts.length, 20)
  assert.isAtMost(Math.max(...counts), 4)
  assert.include(counts, 3)
  const fourth = counts.filter((count) => count === 4).length
  assert.isAtMost(fourth / counts.length, 1 / 20, `${fourth} of ${counts.length} took a fourth trip`)
}

describe("trips to the store", () => {
  it("are three over our own dialogues, a fourth for one question in twenty at most", async () => {
    const { context, recall } = await countOver(await readSet(OWN))
    assertTrips(recall)
    assertTrips(context)
  })

  it.skipIf(!existsSync(LOCOMO))(
    "are three over LoCoMo, a fourth for one question in twenty at most (skipped without its file)",
    async () => {
      const { context, recall } = await countOver(await readSet(LOCOMO))
      assertTrips(recall)
      assertTrips(context)
    }
  )
})
