import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  type InMemoryData,
  inMemoryData,
  InMemoryStore,
  type MemoryError,
  MemoryStore,
  StoreAdmin,
  StoreFingerprint,
  type StoreOptions
} from "@keepsake/core"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { readId } from "../support/readId.ts"

const ada = { agentId: "tutor", userId: "ada" }
const DAY = 86_400_000

/** Over a store whose counters and purges are written down. */
const makeLayer = (data: InMemoryData, options: StoreOptions, calls: Array<string> = []) => {
  const base = InMemoryStore.layerOf(data, options).pipe(Layer.provide(StoreFingerprint.wordsOnly))
  const watchedStore = Layer.effect(
    MemoryStore,
    Effect.map(MemoryStore, (store) => ({
      ...store,
      touch: (request) => {
        calls.push("touch")
        return store.touch(request)
      }
    }))
  )
  const watchedAdmin = Layer.effect(
    StoreAdmin,
    Effect.map(StoreAdmin, (admin) => ({
      ...admin,
      expire: (request) => {
        calls.push("expire")
        return admin.expire(request)
      }
    }))
  )
  const store = Layer.merge(watchedStore, watchedAdmin).pipe(Layer.provide(base))
  return AgentMemory.layer().pipe(Layer.provideMerge(store), Layer.provide(StoreFingerprint.wordsOnly))
}

const memory = Effect.flatMap(AgentMemory, (memories) => memories.for(ada))

const fill = (data: InMemoryData) =>
  Effect.gen(function* () {
    const user = yield* memory
    yield* user.remember({ content: "gone tomorrow", ttlDays: 1 })
    return readId(yield* user.remember("stays here"))
  }).pipe(Effect.provide(makeLayer(data, {})))

describe("a store opened read-only", () => {
  it.effect("answers, and starts neither a counter nor a purge", () =>
    Effect.gen(function* () {
      const data = inMemoryData()
      const id = yield* fill(data)
      const before = structuredClone(Array.from(data.scopes.values(), (rows) => Array.from(rows)))
      const calls: Array<string> = []
      yield* Effect.gen(function* () {
        const user = yield* memory
        assert.deepStrictEqual((yield* StoreAdmin).mode, { readOnly: true, accessCounts: false })
        assert.lengthOf(yield* user.recall("stays here"), 1)
        assert.include((yield* user.context("stays here")).text, "stays here")
        yield* TestClock.adjust(2 * DAY)
        assert.strictEqual((yield* user.get(id))?.accessCount, 0)
      }).pipe(Effect.provide(makeLayer(data, { readOnly: true }, calls)))
      assert.deepStrictEqual(calls, [])
      assert.deepStrictEqual(
        Array.from(data.scopes.values(), (rows) => Array.from(rows)),
        before
      )
    })
  )

  it.effect("refuses every write by name, and is silent about none", () =>
    Effect.gen(function* () {
      const data = inMemoryData()
      const id = yield* fill(data)
      yield* Effect.gen(function* () {
        const memories = yield* AgentMemory
        const user = yield* memory
        const admin = yield* StoreAdmin
        const writes: ReadonlyArray<Effect.Effect<unknown, MemoryError>> = [
          user.remember("more"),
          user.rememberMany(["more"]),
          user.rememberExchange({ user: "Hi", assistant: "Hello", sessionId: "s" }),
          user.update(id, { pinned: true }),
          user.supersede(id, "more"),
          user.forget(id),
          user.forget({ where: { pinned: false } }),
          user.forgetAll(),
          user.appendEntries([{ sessionId: "s", kind: "notes", number: 0, content: "x" }]),
          user.dropEntries({ sessionId: "s" }),
          memories.eraseUser({ userId: "ada" }),
          admin.expire({ now: 0, limit: 1 }),
          admin.dropStage
        ]
        for (const [i, write] of writes.entries()) {
          const { message, reason } = yield* Effect.flip(write)
          assert.strictEqual(reason._tag, "Unsupported", `write ${i}`)
          assert.include(message, "opened read-only")
        }
        assert.strictEqual((yield* user.forgetAll({ dryRun: true })).removed, 2)
      }).pipe(Effect.provide(makeLayer(data, { readOnly: true })))
      assert.strictEqual(data.scopes.size, 1)
    })
  )
})

describe("a store opened without access counts", () => {
  it.effect("writes and purges, and counts no recall", () =>
    Effect.gen(function* () {
      const data = inMemoryData()
      const id = yield* fill(data)
      const calls: Array<string> = []
      yield* Effect.gen(function* () {
        const user = yield* memory
        yield* user.recall("stays here")
        yield* TestClock.adjust(2 * DAY)
        assert.strictEqual((yield* user.get(id))?.accessCount, 0)
        assert.deepInclude(yield* user.stats(), { total: 1, kept: 1 })
        assert.strictEqual((yield* user.remember("more")).outcome, "created")
        yield* (yield* MemoryStore).touch({ scope: ada, now: 1, ids: [id] })
        assert.strictEqual((yield* user.get(id))?.accessCount, 0)
      }).pipe(Effect.provide(makeLayer(data, { accessCounts: false }, calls)))
      assert.deepStrictEqual(
        calls.filter((call) => call === "touch"),
        ["touch"]
      )
      assert.include(calls, "expire")
    })
  )
})
