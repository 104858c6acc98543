import { assert, describe, it } from "@effect/vitest"
import {
  ANY,
  checkedAdmin,
  checkedStore,
  fingerprint,
  InMemoryStore,
  MemoryStore,
  StoreAdmin,
  StoreFingerprint,
  type StoreRow
} from "@keepsake/core/driver"
import { rowBuilder } from "@keepsake/core/conformance"
import { Effect } from "effect"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, 4)("Kept.", { vector: null })
const withVector = (row: StoreRow, vector: Float32Array): StoreRow => ({
  ...row,
  passages: [{ ...row.passages[0], vector }]
})
const wordsOnly = fingerprint(null)
const put = { scope, now: 0, rows: [row] }

describe("checkedStore", () => {
  it.effect("asks for the reason before each call, and for nothing else once there is one", () =>
    Effect.gen(function* () {
      let reason: string | null = null
      let calls = 0
      const inner = yield* MemoryStore
      const counted = { ...inner, put: (request: typeof put) => (calls++, inner.put(request)) }
      const store = checkedStore(counted, { fingerprint: wordsOnly, closedReason: () => reason })
      yield* store.put(put)
      reason = "The disk was unmounted."
      const error = yield* Effect.flip(store.put({ ...put, rows: [withVector(row, new Float32Array(3))] }))
      assert.strictEqual(error.reason._tag, "Closed")
      assert.strictEqual(error.message, "The disk was unmounted.")
      assert.strictEqual(calls, 1)
    }).pipe(Effect.provide(InMemoryStore.layer), Effect.provide(StoreFingerprint.wordsOnly))
  )

  it.effect("calls methods on the store it wraps", () =>
    Effect.gen(function* () {
      const inner = yield* MemoryStore
      const bound = {
        ...inner,
        count() {
          return Effect.succeed(this === bound ? 7 : 0)
        }
      }
      const store = checkedStore(bound, { fingerprint: wordsOnly, closedReason: () => null })
      assert.strictEqual(yield* store.count({ scope, now: 0, filter: ANY }), 7)
    }).pipe(Effect.provide(InMemoryStore.layer), Effect.provide(StoreFingerprint.wordsOnly))
  )

  it.effect("takes a bare fingerprint for one more release", () =>
    Effect.gen(function* () {
      const store = checkedStore(yield* MemoryStore, wordsOnly)
      yield* store.put(put)
      assert.deepStrictEqual(yield* store.get({ scope, now: 0, ids: ["no id", row.memory.id] }), [row.memory])
      const error = yield* Effect.flip(store.put({ ...put, rows: [withVector(row, new Float32Array(3))] }))
      assert.strictEqual(error.reason._tag, "InvalidInput")
    }).pipe(Effect.provide(InMemoryStore.layer), Effect.provide(StoreFingerprint.wordsOnly))
  )
})

describe("checkedAdmin", () => {
  it.effect("refuses all calls but close once there is a reason", () =>
    Effect.gen(function* () {
      let reason: string | null = null
      const admin = checkedAdmin(yield* StoreAdmin, () => reason)
      assert.deepStrictEqual(yield* admin.fingerprint, wordsOnly)
      reason = "The disk was unmounted."
      assert.strictEqual((yield* Effect.flip(admin.fingerprint)).message, "The disk was unmounted.")
      assert.strictEqual((yield* Effect.flip(admin.scopes({ limit: 1 }))).message, "The disk was unmounted.")
      yield* admin.close
    }).pipe(Effect.provide(InMemoryStore.layer), Effect.provide(StoreFingerprint.wordsOnly))
  )
})
