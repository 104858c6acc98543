import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, type MemoryError, StoreFingerprint } from "@keepsake/core"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { passTime } from "../support/virtualTime.ts"

// A store per test: a layer that is one value would be built once and shared.
const layer = () =>
  AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(InMemoryStore.layer),
    Layer.provide(StoreFingerprint.wordsOnly)
  )
const ada = { agentId: "tutor", userId: "ada" }
const memory = Effect.flatMap(AgentMemory, (memories) => memories.for(ada))
const DAY = 86_400_000
const HOUR = 3_600_000

/** The reason a call fails for, and the field it names. */
const readReason = <A, R>(effect: Effect.Effect<A, MemoryError, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) =>
    reason._tag === "InvalidInput" ? reason.field : reason._tag
  )

describe("AgentMemory", () => {
  it.effect("remembers, recalls and explains in parts that add up", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* user.rememberMany([
        "I keep bees on the roof",
        "My sister lives in Lisbon",
        "I am allergic to walnuts"
      ])
      const [best, ...others] = yield* user.recall("Where does my sister live?")
      assert.strictEqual(best?.memory.content, "My sister lives in Lisbon")
      assert.isTrue(others.every(({ score }) => score <= (best?.score ?? 0)))
      const { explain, score } = best ?? assert.fail("nothing recalled")
      assert.approximately(
        Object.values(explain.parts).reduce((a, b) => a + b),
        explain.logit,
        1e-9
      )
      assert.approximately(1 / (1 + Math.exp(-explain.logit)), score, 1e-9)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("another user and another agent see nothing", () =>
    Effect.gen(function* () {
      const memories = yield* AgentMemory
      yield* (yield* memories.for(ada)).remember("The vault code is 4711")
      for (const foreign of [
        { ...ada, userId: "bob" },
        { ...ada, agentId: "other" }
      ]) {
        const other = yield* memories.for(foreign)
        assert.deepStrictEqual(yield* other.recall("vault code"), [])
        assert.strictEqual((yield* other.context("vault code")).text, "")
        assert.strictEqual((yield* other.forgetAll()).removed, 0)
      }
      assert.strictEqual((yield* (yield* memories.for(ada)).stats()).total, 1)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("forgets what was to last a day, at the day's end", () =>
    Effect.gen(function* () {
      const user = yield* memory
      const { id } = yield* user.remember({ content: "Parked on level 3", ttlDays: 1 })
      assert.isNotNull(id)
      yield* TestClock.adjust(DAY - 1)
      assert.strictEqual((yield* user.get(id))?.content, "Parked on level 3")
      yield* TestClock.adjust(1)
      assert.isNull(yield* user.get(id))
      assert.deepStrictEqual(yield* user.recall("parked level"), [])
      assert.strictEqual(
        (yield* user.remember({ content: "Parked on level 3", ttlDays: 1 })).outcome,
        "reopened"
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("supersedes and still knows what was so", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(HOUR)
      const user = yield* memory
      const a = yield* user.remember({ content: "The office is in Hamburg", type: "semantic" })
      yield* TestClock.adjust(HOUR)
      assert.isNotNull(a.id)
      const b = yield* user.supersede(a.id, "The office is in Bremen")
      assert.isNotNull(b.id)
      assert.deepInclude(b, { supersededId: a.id, closed: true, outcome: "created" })
      const contents = (found: ReadonlyArray<{ readonly memory: { readonly content: string } }>) =>
        found.map((one) => one.memory.content)
      assert.deepStrictEqual(contents(yield* user.recall("office")), ["The office is in Bremen"])
      assert.deepStrictEqual(contents(yield* user.recall("office", { asOf: HOUR })), [
        "The office is in Hamburg"
      ])
      assert.strictEqual((yield* user.get(b.id))?.type, "semantic")
      yield* TestClock.adjust(HOUR)
      assert.strictEqual(
        (yield* user.supersede(b.id, { content: "The office is in Hamburg" })).outcome,
        "reopened"
      )
      assert.deepStrictEqual(contents(yield* user.recall("office")), ["The office is in Hamburg"])
      assert.strictEqual(yield* readReason(user.supersede("no such id", "x")), "NotFound")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("keeps an exchange as two turns, and the same words said twice as two", () =>
    Effect.gen(function* () {
      const user = yield* memory
      const long = "é".repeat(400) + "🐝".repeat(200)
      yield* user.rememberExchange({ user: "Thanks!", assistant: long, sessionId: "s1" })
      yield* user.rememberExchange({ user: "Thanks!", assistant: "You are welcome.", sessionId: "s1" })
      const { rows } = yield* user.list()
      const turns = rows.toSorted((x, y) => (x.turn ?? 0) - (y.turn ?? 0))
      assert.deepStrictEqual(
        turns.map(({ turn, source }) => [turn, source]),
        [
          [0, "user"],
          [1, "assistant"],
          [2, "user"],
          [3, "assistant"]
        ]
      )
      assert.strictEqual(Array.from(turns[1]?.content ?? "").length, 500)
      assert.strictEqual(turns[1]?.expiresAt, 90 * DAY)
      assert.isNull(turns[0]?.expiresAt)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("gives concurrent exchanges of one session turns of their own", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* Effect.forEach(
        Array.from({ length: 50 }, (_, i) => i),
        (i) => user.rememberExchange({ user: `question ${i}`, assistant: `answer ${i}`, sessionId: "s" }),
        { concurrency: "unbounded" }
      )
      const { rows } = yield* user.list({ limit: 1_000 })
      assert.deepStrictEqual(
        rows.map((row) => row.turn).sort((x, y) => Number(x) - Number(y)),
        Array.from({ length: 100 }, (_, i) => i)
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses bad input by name and writes nothing", () =>
    Effect.gen(function* () {
      const user = yield* memory
      let deep: Record<string, unknown> = {}
      for (let i = 0; i < 10; i++) deep = { deep }
      const bad: ReadonlyArray<readonly [string, unknown]> = [
        ["content", ""],
        ["content", "   "],
        ["content", "x".repeat(1_000_001)],
        ["content", "nul \u0000"],
        ["content", { content: 7 }],
        ["type", { content: "x", type: "factual" }],
        ["ttlDays", { content: "x", ttlDays: -1 }],
        ["ttlDays", { content: "x", ttlDays: 1.5 }],
        ["ttlDays", { content: "x", ttlDays: 1, expiresAt: 5 }],
        ["expiresAt", { content: "x", expiresAt: 0 }],
        ["importance", { content: "x", importance: 2 }],
        ["turn", { content: "x", turn: 3 }],
        ["sesionId", { content: "x", sesionId: "s" }],
        ["metadata.when", { content: "x", metadata: { when: new Date() } }],
        ["metadata.n", { content: "x", metadata: { n: Number.NaN } }],
        ["metadata", { content: "x", metadata: { text: "y".repeat(70_000) } }]
      ]
      for (const [field, input] of bad) {
        assert.strictEqual(yield* readReason(user.remember(input as string)), field)
      }
      assert.match(
        yield* readReason(user.remember({ content: "x", metadata: deep as never })),
        /^metadata\./u
      )
      assert.strictEqual(yield* readReason(user.rememberMany(["fine", ""])), "[1].content")
      assert.strictEqual(yield* readReason(user.recall("")), "query")
      assert.strictEqual(yield* readReason(user.recall("x", { limit: 0 })), "limit")
      assert.strictEqual(yield* readReason(user.recall("x", { limit: 1e9 })), "limit")
      assert.strictEqual(yield* readReason(user.recall("x", { minScore: 2 })), "minScore")
      assert.strictEqual(yield* readReason(user.forget({})), "target")
      assert.strictEqual((yield* user.stats()).kept, 0)
      const memories = yield* AgentMemory
      for (const userId of ["", "a/b", "..", "tab\t", " x", "x".repeat(257)]) {
        assert.strictEqual(yield* readReason(memories.for({ agentId: "a", userId })), "scope")
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a key names one content", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* user.remember({ content: "Flight BA 117", key: "flight" })
      assert.strictEqual(
        (yield* user.remember({ content: "Flight BA 117", key: "flight" })).outcome,
        "refreshed"
      )
      assert.strictEqual(
        yield* readReason(user.remember({ content: "Flight LH 400", key: "flight" })),
        "Conflict"
      )
      const many = yield* user.rememberMany([
        { content: "Seat 4A", key: "seat" },
        { content: "Seat 9F", key: "seat" },
        { content: "Seat 4A", key: "seat" }
      ])
      assert.deepStrictEqual(
        many.map(({ outcome }) => outcome),
        ["created", "conflict", "refreshed"]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("forgets with a receipt, tells beforehand, and lets no queued write land after", () =>
    Effect.gen(function* () {
      const user = yield* memory
      const { id } = yield* user.remember("one")
      assert.isNotNull(id)
      yield* user.remember({ content: "two", metadata: { topic: "x" } })
      const fence = user.fence()
      assert.deepInclude(yield* user.forget({ metadata: { topic: "x" } }, { dryRun: true }), {
        removed: 1,
        dryRun: true
      })
      assert.strictEqual((yield* user.forget(["not an id", id])).removed, 1)
      assert.deepInclude(yield* user.forgetAll(), {
        removed: 1,
        bytes: "erased",
        backend: "memory",
        scope: ada
      })
      assert.strictEqual(yield* readReason(user.remember("late", { fence })), "Conflict")
      assert.strictEqual((yield* user.remember("afterwards")).outcome, "created")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("moves to another scope and back without doubling", () =>
    Effect.gen(function* () {
      const memories = yield* AgentMemory
      const user = yield* memories.for(ada)
      const a = yield* user.remember({ content: "Lives in Oslo", type: "semantic" })
      assert.isNotNull(a.id)
      yield* user.supersede(a.id, "Lives in Bergen")
      yield* user.remember({ content: "Booked", key: "booking" })
      const exported = yield* Stream.runCollect(user.export())
      assert.strictEqual(exported.length, 3)
      const other = yield* memories.for({ ...ada, userId: "bob" })
      assert.deepStrictEqual(yield* other.import(exported), {
        created: 3,
        known: 0,
        conflicting: 0,
        expired: 0,
        dropped: 0
      })
      assert.deepStrictEqual(yield* other.import(exported), {
        created: 0,
        known: 3,
        conflicting: 0,
        expired: 0,
        dropped: 0
      })
      assert.strictEqual(
        (yield* other.remember({ content: "Lives in Bergen", type: "semantic" })).outcome,
        "refreshed"
      )
      assert.deepStrictEqual(yield* user.import(exported), {
        created: 0,
        known: 3,
        conflicting: 0,
        expired: 0,
        dropped: 0
      })
      const moved = yield* Stream.runCollect(other.export())
      const closed = moved.find((one) => one.supersededBy !== null)
      assert.strictEqual(moved.find((one) => one.id === closed?.supersededBy)?.content, "Lives in Bergen")
      assert.strictEqual(
        yield* readReason(other.import([{ ...exported[0], turn: "x" } as never])),
        "memories[0].turn"
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("updates lifetime, weight and metadata, never content", () =>
    Effect.gen(function* () {
      const user = yield* memory
      const { id } = yield* user.remember("Prefers tea")
      assert.isNotNull(id)
      const changed = yield* user.update(id, {
        pinned: true,
        importance: 0.9,
        ttlDays: 2,
        metadata: { a: 1 }
      })
      assert.deepInclude(changed, {
        pinned: true,
        importance: 0.9,
        expiresAt: 2 * DAY,
        content: "Prefers tea"
      })
      assert.isNull((yield* user.update(id, { expiresAt: null })).expiresAt)
      assert.strictEqual(yield* readReason(user.update(id, {})), "change")
      assert.strictEqual(yield* readReason(user.update("nope", { pinned: true })), "NotFound")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("removes expired rows on a timer, and counts recalls", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* user.remember({ content: "gone tomorrow", ttlDays: 1 })
      const { id } = yield* user.remember("stays")
      assert.isNotNull(id)
      yield* user.recall("stays")
      yield* passTime(2 * DAY)
      assert.deepInclude(yield* user.stats(), { total: 1, kept: 1 })
      assert.strictEqual((yield* user.get(id))?.accessCount, 1)
    }).pipe(
      Effect.provide(
        AgentMemory.layer().pipe(
          Layer.provideMerge(InMemoryStore.layer),
          Layer.provide(StoreFingerprint.wordsOnly)
        )
      )
    )
  )
})
