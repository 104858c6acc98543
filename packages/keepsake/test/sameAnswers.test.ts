import { assert, describe, it } from "@effect/vitest"
import { HnswStore } from "@keepsake/backend-hnsw"
import { QdrantStore } from "@keepsake/backend-qdrant"
import {
  AgentMemory,
  type ContextOptions,
  Embedder,
  InMemoryStore,
  type Memory,
  type MemoryStore,
  type RecallOptions,
  type ScopedMemory,
  type Statement,
  type StoreAdmin,
  StoreFingerprint
} from "@keepsake/core"
import { Clock, Context, Duration, Effect, Layer, type Scope, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freshOnPGlite } from "../../backend-pgvector/test/support/servers.ts"
import { startQdrant } from "../../backend-qdrant/test/server/QdrantServer.ts"
import { lexical } from "../src/embedders/lexical.ts"

/** Scores come from 32-bit cosines, which each store sums in its own order. */
const EPSILON = 1e-6
const DAY = 86_400_000
const START = Date.UTC(2026, 0, 5, 9)

type StoreLayer = Layer.Layer<MemoryStore | StoreAdmin, unknown, StoreFingerprint>

const stores: { readonly [name: string]: Effect.Effect<StoreLayer, never, Scope.Scope> } = {
  memory: Effect.sync(() => InMemoryStore.layer),
  hnsw: Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "keepsake-same-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  ).pipe(Effect.map((path) => HnswStore.layer({ path: join(path, "memory.db") }))),
  pgvector: freshOnPGlite(),
  qdrant: Effect.acquireRelease(
    Effect.promise(() => startQdrant()),
    (server) => Effect.promise(() => server.stop())
  ).pipe(Effect.map(({ url }) => QdrantStore.layer({ url })))
}

const spaces = {
  "by meaning and words": Embedder.layer(lexical({ dimensions: 64 })),
  "by words": StoreFingerprint.wordsOnly
}

const WHO = ["Ana", "Ben", "Will", null] as const
const WHAT = ["freight", "the harbour", "a cello", "walnuts", "the roof", "PostgreSQL", "a passport", "bees"]
const DOES = ["moved", "sold", "will repair", "loves", "forgot", "painted", "is allergic to", "insured"]
const WHEN = ["in March", "before the storm", "with my sister", "on Monday", "for the second time"]
const TYPES = ["episodic", "semantic", "procedural"] as const
const SOURCES = ["user", "assistant", "tool", "system"] as const

const pick = <const List extends ReadonlyArray<unknown>>(list: List, i: number): List[number] =>
  list[i % list.length]

const statement = (i: number): Statement => ({
  content: `${pick(WHO, i) ?? "Somebody"} ${pick(DOES, i * 7 + (i >> 3))} ${pick(WHAT, i * 3 + (i >> 2))} ${pick(WHEN, i * 5)} (${i})`,
  type: pick(TYPES, i * 2 + (i >> 4)),
  source: pick(SOURCES, i >> 1),
  speaker: pick(WHO, i),
  importance: (i % 11) / 10,
  pinned: i % 41 === 0,
  saidAt: START - (i % 17) * DAY - i * 1_000,
  metadata: { topic: pick(WHAT, i), even: i % 2 === 0, n: i % 5, nested: { i }, none: null },
  ...(i % 3 === 0 ? {} : { sessionId: `session ${i % 7}` }),
  ...(i % 6 === 1 ? { ttlDays: 1 + (i % 40) } : {}),
  ...(i % 13 === 0 ? { key: `key ${i}` } : {})
})

/** Fills a store with every kind of change. */
const fill = Effect.fnUntraced(function* (user: ScopedMemory) {
  const many = yield* user.rememberMany(Array.from({ length: 240 }, (_, i) => statement(i)))
  const id = (i: number) => many[i]?.id ?? assert.fail("not remembered")
  for (let turn = 0; turn < 24; turn++) {
    yield* user.rememberExchange({
      sessionId: `talk ${turn % 3}`,
      user: `Question ${turn}: where did ${pick(WHO, turn) ?? "they"} put ${pick(WHAT, turn)}?`,
      assistant: turn % 5 === 0 ? "" : `${pick(WHAT, turn)} stands ${pick(WHEN, turn)}. 🚢`,
      saidAt: START + turn * 60_000
    })
  }
  for (let i = 0; i < 12; i++) {
    const next = yield* user.supersede(id(i * 9 + 2), {
      content: `Now it is otherwise with ${pick(WHAT, i)}, ${i}`,
      saidAt: START + i
    })
    assert.isNotNull(next.id)
    // Back to the first content.
    if (i % 4 === 0) yield* user.supersede(next.id, { ...statement(i * 9 + 2), saidAt: START + 100 + i })
  }
  for (const i of [5, 50, 150]) yield* user.update(id(i), { pinned: true, importance: 1 })
  yield* user.update(id(60), { metadata: { topic: "changed" }, ttlDays: 3_000 })
  yield* user.forget([id(3), id(33)])
  yield* user.forget({ metadata: { topic: "bees", even: false }, types: ["procedural"] })
  yield* user.rememberMany([statement(7), statement(100)])
})

const recalls: ReadonlyArray<readonly [string, RecallOptions]> = [
  ["Where does the harbour stand?", {}],
  ["What is Ana allergic to?", {}],
  ["What did Will paint?", { minScore: 0 }],
  ["will repair", { minScore: 0, limit: 100 }],
  ["freight before the storm", { limit: 1 }],
  ["freight", { limit: 100, minScore: 0 }],
  ["cello on Monday", { types: ["semantic"], minScore: 0 }],
  ["cello on Monday", { types: [], minScore: 0 }],
  ["cello", { sources: ["assistant", "tool"], minScore: 0, limit: 50 }],
  ["roof", { speakers: ["Ben"], minScore: 0, limit: 50 }],
  ["roof", { speakers: ["Nobody"], minScore: 0 }],
  ["passport", { sessionId: "session 4", minScore: 0, limit: 50 }],
  ["passport", { exceptSessionId: "session 4", minScore: 0, limit: 50 }],
  ["passport", { pinned: true, minScore: 0 }],
  ["walnuts", { metadata: { topic: "walnuts" }, minScore: 0, limit: 50 }],
  ["walnuts", { metadata: { even: true, n: 2 }, minScore: 0, limit: 50 }],
  ["walnuts", { metadata: { none: null }, minScore: 0 }],
  ["walnuts", { metadata: { missing: null }, minScore: 0 }],
  ["bees with my sister", { saidFrom: START - 5 * DAY, minScore: 0, limit: 50 }],
  ["bees with my sister", { saidTo: START - 5 * DAY, minScore: 0, limit: 50 }],
  ["bees with my sister", { saidFrom: START - 6 * DAY, saidTo: START - 3 * DAY, minScore: 0 }],
  ["otherwise with the roof", { minScore: 0 }],
  ["Ben insured 2", { asOf: START, minScore: 0, limit: 50 }],
  ["painted 11", { asOf: START - DAY, minScore: 0, limit: 50 }],
  ["sold 20", { asOf: START + 50, minScore: 0, limit: 50 }],
  ["PostgreSQL", { minScore: 0.3 }],
  ["PostgreSQL", { minScore: 1 }],
  ["zebra xylophone", { minScore: 0 }],
  ["🚢", { minScore: 0 }],
  ["what did we say on Monday?", { minScore: 0, limit: 30 }]
]

const contexts: ReadonlyArray<readonly [string, ContextOptions]> = [
  ["Where does the harbour stand?", {}],
  ["What is Ana allergic to?", { budgetTokens: 150 }],
  ["freight", { budgetTokens: 3_000, showScores: true }],
  ["freight", { sessionId: "talk 2" }],
  ["freight", { omit: ["profile"] }],
  ["freight", { omit: ["relevant", "lastTime"], budgetTokens: 2_000 }],
  ["cello", { limit: 3, minScore: 0 }],
  ["nothing of the kind", {}],
  ["bees on the roof", { budgetTokens: 40 }],
  ["Will and Ben and the passport", { budgetTokens: 1_200 }]
]

const exportSorted = (user: ScopedMemory) =>
  Effect.map(Stream.runCollect(user.export()), (all) =>
    all.toSorted((a: Memory, b: Memory) => (a.id < b.id ? -1 : 1))
  )

/** Waits for servers take real time, while the time of memories stands still. */
let now = START
const stillClock = Effect.map(Clock.Clock, (real): Clock.Clock => ({
  currentTimeMillisUnsafe: () => now,
  currentTimeMillis: Effect.sync(() => now),
  currentTimeNanosUnsafe: () => BigInt(now) * 1_000_000n,
  currentTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
  monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: real.monotonicTimeNanos,
  // Access counts are flushed every five seconds, which would change the answers of a slow store.
  sleep: (duration) => (Duration.toMillis(duration) < 5_000 ? real.sleep(duration) : Effect.never)
}))

describe("every store gives the same answers", () => {
  for (const [how, space] of Object.entries(spaces)) {
    it.live(how, () =>
      Effect.gen(function* () {
        now = START
        const opened = yield* Effect.forEach(Object.entries(stores), ([name, fresh]) =>
          Effect.gen(function* () {
            const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
              Layer.provideMerge(yield* fresh),
              Layer.provide(space)
            )
            const services = yield* Layer.build(layer)
            const user = yield* Context.get(services, AgentMemory).for({ agentId: "a", userId: "u" })
            yield* fill(user)
            return { name, user }
          })
        )
        // Some memories expire.
        now += 20 * DAY
        const [oracle, ...others] = opened
        const expected = oracle?.user ?? assert.fail("no oracle")
        const rows = yield* exportSorted(expected)
        assert.isAtLeast(rows.length, 200)
        let recallCount = 0
        for (const { name, user } of others) {
          assert.deepStrictEqual(yield* exportSorted(user), rows, name)
          assert.deepStrictEqual(yield* user.stats(), yield* expected.stats(), name)
          for (const [query, options] of recalls) {
            const label = `${name}: ${query} ${JSON.stringify(options)}`
            const right = yield* expected.recall(query, options)
            const actual = yield* user.recall(query, options)
            recallCount += right.length
            assert.deepStrictEqual(
              actual.map(({ memory }) => memory.id),
              right.map(({ memory }) => memory.id),
              label
            )
            for (const [i, { memory, score }] of right.entries()) {
              assert.approximately(actual[i]?.score ?? -1, score, EPSILON, label)
              assert.deepStrictEqual(actual[i]?.memory, memory, label)
            }
          }
          for (const [query, options] of contexts) {
            const right = yield* expected.context(query, options)
            assert.strictEqual((yield* user.context(query, options)).text, right.text, `${name}: ${query}`)
          }
        }
        assert.isAtLeast(recallCount, 1_000)
      }).pipe(Effect.provideServiceEffect(Clock.Clock, stillClock))
    )
  }
})
