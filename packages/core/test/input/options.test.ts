import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, MemoryError, StoreFingerprint } from "@keepsake/core"
import { Effect, Layer } from "effect"

const layer = () =>
  AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(InMemoryStore.layer),
    Layer.provide(StoreFingerprint.wordsOnly)
  )

const user = Effect.gen(function* () {
  const memories = yield* AgentMemory
  const scoped = yield* memories.for({ agentId: "tutor", userId: "ada" })
  const { id } = yield* scoped.remember({ content: "Ada lives in Oslo", type: "semantic" })
  assert.isNotNull(id)
  yield* scoped.supersede(id, "Ada lives in Bergen")
  yield* scoped.rememberMany(["Ada builds a freight SaaS", "Ada plays the cello"])
  return scoped
})

describe("deprecated option names", () => {
  it.effect("do what the new names do", () =>
    Effect.gen(function* () {
      const memory = yield* user
      assert.lengthOf((yield* memory.list({ closed: true })).rows, 4)
      assert.deepStrictEqual(
        yield* memory.list({ closed: true }),
        yield* memory.list({ includeSuperseded: true })
      )
      assert.lengthOf(yield* memory.recall("freight", { threshold: 1 }), 0)
      assert.deepStrictEqual(
        yield* memory.recall("freight cello", { threshold: 0 }),
        yield* memory.recall("freight cello", { minScore: 0 })
      )
      const old = yield* memory.context("freight cello", {
        budget: 90,
        without: ["lastTime"],
        threshold: 0,
        scores: true
      })
      assert.include(old.text, "Said before:")
      assert.deepStrictEqual(
        old,
        yield* memory.context("freight cello", {
          budgetTokens: 90,
          omit: ["lastTime"],
          minScore: 0,
          showScores: true
        })
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("are refused beside the new names", () =>
    Effect.gen(function* () {
      const memory = yield* user
      const calls: ReadonlyArray<readonly [string, string, Effect.Effect<unknown, MemoryError>]> = [
        ["closed", "includeSuperseded", memory.list({ closed: true, includeSuperseded: true })],
        ["threshold", "minScore", memory.recall("x", { threshold: 0, minScore: 0 })],
        ["threshold", "minScore", memory.context("x", { threshold: 0, minScore: 0 })],
        ["budget", "budgetTokens", memory.context("x", { budget: 9, budgetTokens: 9 })],
        ["without", "omit", memory.context("x", { without: [], omit: [] })],
        ["scores", "showScores", memory.context("x", { scores: true, showScores: true })]
      ]
      for (const [field, current, call] of calls) {
        const { message, reason } = yield* Effect.flip(call)
        assert.propertyVal(reason, "field", field)
        assert.include(message, `is the old name of ${current}; give ${current} alone`)
      }
    }).pipe(Effect.provide(layer()))
  )
})

describe("the ranges of options", () => {
  it.effect("are checked for recall and context alike, and before anything is read", () =>
    Effect.gen(function* () {
      const memory = yield* user
      const calls: ReadonlyArray<readonly [string, Effect.Effect<unknown, MemoryError>]> = [
        ["limit", memory.recall("x", { limit: 101 })],
        ["limit", memory.recall("x", { limit: 0.5 })],
        ["limit", memory.context("x", { limit: 101, omit: ["relevant"] })],
        ["minScore", memory.recall("x", { minScore: Number.NaN })],
        ["minScore", memory.context("x", { minScore: 1.1 })],
        ["budgetTokens", memory.context("x", { budgetTokens: 0 })],
        ["query", memory.recall(" ")],
        ["query", memory.context(" ")]
      ]
      for (const [field, call] of calls) {
        assert.propertyVal((yield* Effect.flip(call)).reason, "field", field)
      }
      // Nothing is asked with the message where nothing is recalled.
      yield* memory.context("", { omit: ["relevant"] })
    }).pipe(Effect.provide(layer()))
  )
})
