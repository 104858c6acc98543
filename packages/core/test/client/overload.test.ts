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
import { Effect, Fiber, Latch, Layer, Semaphore } from "effect"
import { readReason } from "../support/readReason.ts"
import { passTime } from "../support/virtualTime.ts"

const ANSWER_MS = 4
const ANSWERED_AT_ONCE = 32

/**
 * A store that answers `ANSWERED_AT_ONCE` requests in `answer`, by default `ANSWER_MS`, and how many it was asked at
 * once at most.
 */
const slowStore = (answer: Effect.Effect<void> = Effect.sleep(ANSWER_MS)) => {
  const load = { now: 0, most: 0 }
  const semaphore = Semaphore.makeUnsafe(ANSWERED_AT_ONCE)
  const slowly =
    <Request, A, E>(call: (request: Request) => Effect.Effect<A, E>) =>
    (request: Request) =>
      Effect.acquireUseRelease(
        Effect.sync(() => (load.most = Math.max(load.most, ++load.now))),
        () => semaphore.withPermit(Effect.andThen(answer, call(request))),
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

  it.effect("ends a call that waits at its deadline", () =>
    Effect.gen(function* () {
      const memory = yield* AgentMemory
      const fibers = yield* Effect.forEach(Array.from({ length: 40 }), (_, i) =>
        Effect.forkChild(
          Effect.flatMap(memory.for({ agentId: "a", userId: `user-${i}` }), (user) =>
            Effect.flip(user.get(NO_MEMORY))
          )
        )
      )
      yield* passTime(59)
      assert.isTrue(fibers.every((fiber) => fiber.pollUnsafe() === undefined))
      yield* passTime(1)
      assert.isTrue(fibers.every((fiber) => fiber.pollUnsafe() !== undefined))
      for (const error of yield* Effect.forEach(fibers, Fiber.join))
        assert.strictEqual(error.reason._tag, "Timeout")
    }).pipe(
      Effect.provide(
        AgentMemory.layer({ purgeEvery: false, queue: { running: 4 }, deadlineMs: 60 }).pipe(
          Layer.provideMerge(slowStore(Effect.never).layer),
          Layer.provide(StoreFingerprint.wordsOnly)
        )
      )
    )
  )

  it("ends a call that waits at the deadline of its own", async () => {
    const gate = Latch.makeUnsafe()
    await using memory = await open(slowStore(gate.await), { queue: { running: 4 }, deadlineMs: 600_000 })
    const held = flood(100, () => read(memory, "ada"))
    const late = readReason(memory.for({ userId: "bo" }).get(NO_MEMORY, { deadlineMs: 1 }))
    assert.strictEqual(await Promise.race([late, held]), "Timeout")
    gate.openUnsafe()
    assert.strictEqual((await held).served, 100)
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
