/** The purge that runs by itself, under a clock that may be wrong. */
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { passTime } from "../support/virtualTime.ts"
import {
  AgentMemory,
  InMemoryStore,
  inMemoryData,
  MemoryStore,
  StoreAdmin,
  StoreFingerprint
} from "../../src/index.ts"
import { ANY } from "../../src/driver.ts"
import { makePurge } from "../../src/forget/purge.ts"

const DAY = 86_400_000
const YEAR = 365 * DAY
const T0 = Date.UTC(2026, 0, 1)
const scope = { agentId: "agent", userId: "ana" }

/** Expires after a month, as two others of the same age do not. */
const write = Effect.gen(function* () {
  const ana = yield* Effect.flatMap(AgentMemory, (memories) => memories.for(scope))
  yield* ana.remember({ content: "The parcel is at the neighbour's", ttlDays: 30 })
  yield* ana.remember("Ana ships on Fridays")
})

/** Every row, also those that the clock calls expired. */
const countRows = Effect.gen(function* () {
  const store = yield* MemoryStore
  return yield* store.count({ scope, now: 0, filter: ANY, lifetime: "any" })
})

/** A new process at a time: opens the store, and lets the first purge run. */
const process =
  (data: ReturnType<typeof inMemoryData>, warnings: Array<string> = []) =>
  <A, E>(program: Effect.Effect<A, E, AgentMemory | MemoryStore | StoreAdmin>) =>
    Effect.andThen(passTime(1_000), program).pipe(
      Effect.provide(
        AgentMemory.layer().pipe(
          Layer.provideMerge(InMemoryStore.layerOf(data, { accessCounts: false })),
          Layer.provideMerge(StoreFingerprint.wordsOnly),
          Layer.provideMerge(
            Logger.layer([Logger.make(({ message }) => void warnings.push(String(message)))])
          )
        )
      )
    )

it.effect("what expired is removed when the clock is right", () =>
  Effect.gen(function* () {
    const data = inMemoryData()
    yield* TestClock.setTime(T0)
    yield* process(data)(write)
    yield* TestClock.setTime(T0 + 40 * DAY)
    assert.strictEqual(yield* process(data)(countRows), 1)
  })
)

it.effect("a clock ten years ahead removes nothing for a day, says so, and hides what it calls expired", () =>
  Effect.gen(function* () {
    const data = inMemoryData()
    const warnings: Array<string> = []
    yield* TestClock.setTime(T0)
    yield* process(data)(write)
    yield* TestClock.setTime(T0 + 10 * YEAR)
    yield* process(
      data,
      warnings
    )(
      Effect.gen(function* () {
        const ana = yield* Effect.flatMap(AgentMemory, (memories) => memories.for(scope))
        // A memory of the wrong time does not make it right.
        yield* ana.remember("The crates are in hall six")
        yield* passTime(DAY - 60_000)
        assert.strictEqual(yield* countRows, 3)
        assert.deepStrictEqual(
          (yield* ana.list({ limit: 10 })).rows.map(({ content }) => content),
          ["Ana ships on Fridays", "The crates are in hall six"]
        )
        assert.strictEqual(warnings.length, 1)
        assert.include(warnings[0], "more than a year before this machine's clock")
        // A day of the process's own time has passed.
        yield* passTime(20 * 60_000)
        assert.strictEqual(yield* countRows, 2)
      })
    )
  })
)

/** Purges, without the timers of an open memory, which would run through every year. */
const openPurge = Effect.gen(function* () {
  return yield* makePurge({ store: yield* MemoryStore, admin: yield* StoreAdmin })
})

const stored =
  (data: ReturnType<typeof inMemoryData>) =>
  <A, E>(program: Effect.Effect<A, E, MemoryStore | StoreAdmin>) =>
    Effect.provide(program, InMemoryStore.layerOf(data).pipe(Layer.provideMerge(StoreFingerprint.wordsOnly)))

it.effect("a clock that jumps while the store is open is doubted too; by hand a purge runs at once", () =>
  Effect.gen(function* () {
    const data = inMemoryData()
    yield* TestClock.setTime(T0)
    yield* process(data)(write)
    yield* TestClock.setTime(T0 + DAY)
    yield* stored(data)(
      Effect.gen(function* () {
        const purge = yield* openPurge
        yield* purge
        yield* TestClock.setTime(T0 + 10 * YEAR)
        yield* purge
        assert.strictEqual(yield* countRows, 2)
        const admin = yield* StoreAdmin
        const now = yield* Clock.currentTimeMillis
        assert.strictEqual((yield* admin.expire({ now, limit: 10 })).removed, 1)
      })
    )
  })
)

it.effect("a process that runs for years without a new memory goes on purging", () =>
  Effect.gen(function* () {
    const data = inMemoryData()
    yield* TestClock.setTime(T0)
    yield* process(data)(write)
    yield* TestClock.setTime(T0 + 1_000)
    yield* stored(data)(
      Effect.gen(function* () {
        const purge = yield* openPurge
        for (let month = 1; month <= 36; month++) {
          yield* purge
          yield* TestClock.setTime(T0 + month * 30 * DAY)
        }
        yield* purge
        assert.strictEqual(yield* countRows, 1)
      })
    )
  })
)

it.effect("a first run looks at no list where nothing has expired, and removes what has", () =>
  Effect.gen(function* () {
    const data = inMemoryData()
    yield* TestClock.setTime(T0)
    yield* process(data)(write)
    const calls: Array<string> = []
    const openCounted = Effect.gen(function* () {
      const store = yield* MemoryStore
      const admin = yield* StoreAdmin
      const noted = <A, E>(name: string, call: Effect.Effect<A, E>) =>
        Effect.andThen(
          Effect.sync(() => calls.push(name)),
          call
        )
      return yield* makePurge({
        store: { ...store, list: (request) => noted("list", store.list(request)) },
        admin: {
          ...admin,
          scopes: (request) => noted("scopes", admin.scopes(request)),
          expire: (request) => noted("expire", admin.expire(request))
        }
      })
    })
    yield* stored(data)(Effect.flatten(openCounted))
    assert.deepStrictEqual(calls, [])
    yield* TestClock.setTime(T0 + 40 * DAY)
    yield* stored(data)(Effect.flatten(openCounted))
    assert.include(calls, "expire")
    yield* stored(data)(
      Effect.gen(function* () {
        assert.strictEqual(yield* countRows, 1)
        // Nothing is due, and the second run knows the clock.
        calls.length = 0
        const purge = yield* openCounted
        yield* purge
        assert.deepStrictEqual(calls, [])
        yield* purge
        assert.include(calls, "list")
      })
    )
  })
)
