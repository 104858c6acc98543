import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  type AgentMemoryOptions,
  InMemoryStore,
  type MemoryClient,
  MemoryError,
  MemoryStore,
  promiseClient,
  StoreFingerprint
} from "@keepsake/core"
import { Effect, Layer, Semaphore } from "effect"
import { readReason } from "../support/readReason.ts"

const ANSWER_MS = 4
const ANSWERED_AT_ONCE = 32

/** A store that answers `ANSWERED_AT_ONCE` requests in `ANSWER_MS`, and how many it was asked at once at most. */
const slowStore = () => {
  const load = { now: 0, most: 0 }
  const semaphore = Semaphore.makeUnsafe(ANSWERED_AT_ONCE)
  const slowly =
    <Request, A, E>(call: (request: Request) => Effect.Effect<A, E>) =>
    (request: Request) =>
      Effect.acquireUseRelease(
        Effect.sync(() => (load.most = Math.max(load.most, ++load.now))),
        () => semaphore.withPermit(Effect.delay(call(request), ANSWER_MS)),
        () => Effect.sync(() => load.now--)
      )
  const layer = Layer.provideMerge(
    Layer.effect(
      MemoryStore,
      Effect.map(MemoryStore, (store) => ({
        ...store,
        put: slowly((request: Parameters<typeof store.put>[0]) => store.put(request)),
        get: slowly((request: Parameters<typeof store.get>[0]) => store.get(request)),
        speakers: slowly((request: Parameters<typeof store.speakers>[0]) => store.speakers(request))
      }))
    ),
    InMemoryStore.layer
  )
  return { layer, load }
}

const open = (store: ReturnType<typeof slowStore>, options: AgentMemoryOptions = {}) =>
  promiseClient(
    AgentMemory.layer({ purgeEvery: false, ...options }).pipe(
      Layer.provideMerge(store.layer),
      Layer.provide(StoreFingerprint.wordsOnly)
    )
  )

interface Outcomes {
  served: number
  overloaded: number
  other: Array<unknown>
  /** How many had been served when the last was refused. */
  servedBefore: number
}

/** Calls that arrive at once. */
const flood = async (count: number, call: (i: number) => Promise<unknown>): Promise<Outcomes> => {
  const outcomes: Outcomes = { served: 0, overloaded: 0, other: [], servedBefore: 0 }
  const calls = Array.from({ length: count }, async (_, i) => {
    try {
      await call(i)
      outcomes.served++
    } catch (error) {
      if (error instanceof MemoryError && error.reason._tag === "Overloaded") {
        outcomes.overloaded++
        outcomes.servedBefore = outcomes.served
        assert.isTrue(error.isRetryable)
        assert.isAbove(error.reason.retryAfterMs, 0)
        assert.match(error.message, /Try again in about \d+ ms/u)
      } else outcomes.other.push(error)
    }
  })
  await Promise.all(calls)
  return outcomes
}

const NO_MEMORY = "11111111-1111-5111-8111-111111111111"
const read = (memory: MemoryClient, userId: string) => memory.for({ userId }).get(NO_MEMORY)

describe("a memory with more calls than it can serve", () => {
  it("bounds what runs and what waits, refuses the rest at once, and serves again", async () => {
    const store = slowStore()
    await using memory = await open(store)
    const outcomes = await flood(10_000, (i) => read(memory, `user-${i % 100}`))
    assert.deepStrictEqual(outcomes.other, [])
    assert.strictEqual(outcomes.served + outcomes.overloaded, 10_000)
    assert.isAtMost(store.load.most, 256)
    assert.isAtMost(outcomes.served, 256 + 4_096)
    assert.isAtLeast(outcomes.served, 4_000)
    // Those that run at most: no call that waits is served before the refusals.
    assert.isAtMost(outcomes.servedBefore, 256)
    assert.isNull(await read(memory, "later"))
  })

  it("serves a quiet user in turn beside ten that flood it", async () => {
    const store = slowStore()
    await using memory = await open(store, { queue: { running: 8, waiting: 400 } })
    let before = 0
    const floods = flood(4_000, async (i) => {
      await read(memory, `loud-${i % 10}`)
      before++
    })
    await read(memory, "quiet")
    // Those that ran, one of each that waited, and those that run beside it.
    assert.isAtMost(before, 8 + 10 + 8)
    const { overloaded, served } = await floods
    assert.strictEqual(served + overloaded, 4_000)
    assert.isAbove(overloaded, 3_000)
  })

  it("ends a call that waits at its deadline", async () => {
    const store = slowStore()
    await using memory = await open(store, { queue: { running: 4, waiting: 4_000 }, deadlineMs: 600 })
    // Four at a time take 4 s at least.
    const outcomes = await flood(4_000, (i) => read(memory, `user-${i}`))
    const reasons = outcomes.other.map((error) => error instanceof MemoryError && error.reason._tag)
    assert.sameMembers(Array.from(new Set(reasons)), ["Timeout"])
    assert.isAbove(outcomes.served, 4)
    const waiting = flood(100, () => read(memory, "ada"))
    const late = readReason(memory.for({ userId: "bo" }).get(NO_MEMORY, { deadlineMs: 1 }))
    assert.strictEqual(await Promise.race([late, waiting]), "Timeout")
    await waiting
  })

  it("counts batches, imports and exports, and lets a hook read while all places are taken", async () => {
    const store = slowStore()
    await using memory = await open(store, {
      queue: { running: 2, waiting: 96 },
      beforeWrite: async (candidate) => {
        await memory.for(candidate.scope).recall("what was said?")
        return candidate
      }
    })
    const users = Array.from({ length: 12 }, (_, i) => memory.for({ userId: `user-${i}` }))
    await Promise.all(users.map((user, i) => user.rememberMany([`fact ${i}`, "another"])))
    const [first] = users
    if (first === undefined) return assert.fail("no user")
    const copies = users.map((user) => user.import(first.export(), { mergeScopes: true }))
    const imported = await Promise.all(copies)
    assert.deepStrictEqual(
      imported.map(({ created, known }) => created + known),
      users.map(() => 2)
    )
    assert.isAtMost(store.load.most, 4)
  })

  it("refuses a queue without room", async () => {
    const bad = { running: 0, waiting: 1.5, most: 1 }
    for (const [name, value] of Object.entries(bad)) {
      const opening = open(slowStore(), { queue: { [name]: value } })
      assert.strictEqual(await readReason(opening), `queue.${name}`)
    }
  })
})
