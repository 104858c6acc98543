import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  Embedder,
  type EmbedderProvider,
  fingerprint,
  InMemoryStore,
  inMemoryData,
  StoreAdmin
} from "@keepsake/core"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { CALIBRATION_TEXTS } from "../../src/embedding/calibrationTexts.ts"
import { ASSUMED_CALIBRATION } from "../../src/memory/Fingerprint.ts"
import { measureEmbedder } from "../../src/embedding/measureEmbedder.ts"

const SUBJECTS = CALIBRATION_TEXTS.length
const subjects = new Map(CALIBRATION_TEXTS.flatMap((texts, i) => texts.map((text) => [text, i] as const)))

/** A number from −.5 to .5 that stays the same for its arguments. */
const noise = (text: string, at: number): number => {
  let state = at + 1
  for (const character of text) state = (Math.imul(state, 31) + (character.codePointAt(0) ?? 0)) >>> 0
  return (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0) / 2 ** 32 - 0.5
}

/** Knows of what its texts speak as well as `clarity` says, and tells all texts to be alike by `base`. */
const embedder = (clarity: number, base = 0, over: Partial<EmbedderProvider> = {}) => {
  const calls: Array<ReadonlyArray<string>> = []
  const toVector = (text: string) => [
    base,
    ...Array.from({ length: SUBJECTS }, (_, i) => noise(text, i) + (subjects.get(text) === i ? clarity : 0))
  ]
  const provider: EmbedderProvider = {
    model: "subjects",
    dimensions: SUBJECTS + 1,
    embed: (texts) => {
      calls.push(texts)
      return texts.map(toVector)
    },
    ...over
  }
  return { calls, provider }
}

const measured = (provider: EmbedderProvider) =>
  Effect.provide(Effect.flatMap(Embedder, measureEmbedder), Embedder.layer(provider))

const opened = (provider: EmbedderProvider, data = inMemoryData(), readOnly = false) =>
  AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(InMemoryStore.layerOf(data, { readOnly })),
    Layer.provideMerge(Embedder.layer(provider)),
    Layer.fresh
  )

const calibration = Effect.flatMap(StoreAdmin, ({ fingerprint }) =>
  Effect.map(fingerprint, ({ embedding }) => embedding?.calibration)
)

const ana = { agentId: "test", userId: "ana" }

const user = Effect.flatMap(AgentMemory, (memory) => memory.for(ana))

describe("an embedder", () => {
  it("is measured on 60 short texts, no two of which are alike", () => {
    assert.strictEqual(subjects.size, 60)
    for (const text of subjects.keys()) assert.isBelow(text.length, 80)
  })

  it.effect("is the stronger, the better it tells what belongs together", () =>
    Effect.gen(function* () {
      const strengths = yield* Effect.forEach([0, 0.4, 0.8, 1.2], (clarity) =>
        Effect.map(measured(embedder(clarity).provider), ({ strength = Number.NaN }) => strength)
      )
      assert.deepStrictEqual(
        strengths,
        strengths.toSorted((a, b) => a - b)
      )
      assert.strictEqual(new Set(strengths).size, strengths.length)
    })
  )

  it.effect("has the mean and spread of sentences that have nothing in common", () =>
    Effect.gen(function* () {
      const apart = yield* measured(embedder(2).provider)
      assert.approximately(apart.mean, 0, 0.05)
      const alike = yield* measured(embedder(2, 4).provider)
      assert.isAbove(alike.mean, 0.6)
      assert.isBelow(alike.spread, apart.spread)
    })
  )

  it.effect("that has a vector for few texts, or one for all, is taken for the reference", () =>
    Effect.gen(function* () {
      const reference = { mean: 0.05, spread: 0.1 }
      const same = embedder(1, 0, { embed: (texts) => texts.map(() => Array.from({ length: 21 }, () => 1)) })
      assert.deepStrictEqual(yield* measured(same.provider), reference)
      const silent = embedder(1, 0, { embed: (texts) => texts.map(() => null) })
      assert.deepStrictEqual(yield* measured(silent.provider), reference)
    })
  )
})

describe("a store whose embedder comes without a calibration", () => {
  it.effect("records what is measured with the first write, and reads it at the next opening", () =>
    Effect.gen(function* () {
      const data = inMemoryData()
      const { calls, provider } = embedder(2)
      const recorded = yield* Effect.gen(function* () {
        assert.deepStrictEqual(yield* calibration, ASSUMED_CALIBRATION)
        assert.deepStrictEqual(calls, [])
        yield* (yield* user).remember("tea")
        assert.deepStrictEqual(
          calls.map(({ length }) => length),
          [1, 20, 40]
        )
        yield* (yield* user).remember("coffee")
        assert.strictEqual(calls.length, 4)
        return yield* calibration
      }).pipe(Effect.provide(opened(provider, data)))
      assert.deepStrictEqual(recorded, { ...(yield* measured(embedder(2).provider)), source: "measured" })
      const again = embedder(2)
      yield* Effect.gen(function* () {
        yield* (yield* user).remember("water")
        yield* (yield* user).recall("a drink?")
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(again.calls, [["water"], ["a drink?"]])
        assert.deepStrictEqual(yield* calibration, recorded)
      }).pipe(Effect.provide(opened(again.provider, data)))
    })
  )

  it.effect("is measured in the background where it is only asked; read-only, it is not written to", () =>
    Effect.gen(function* () {
      for (const readOnly of [false, true]) {
        const data = inMemoryData()
        yield* Effect.provide(Effect.void, opened(embedder(2).provider, data))
        const { calls, provider } = embedder(2)
        yield* Effect.gen(function* () {
          yield* (yield* user).recall("tea?")
          assert.deepStrictEqual(calls, [["tea?"]])
          yield* TestClock.adjust("1 second")
          assert.deepStrictEqual(
            calls.map(({ length }) => length),
            [1, 20, 40]
          )
          assert.strictEqual((yield* calibration)?.source, readOnly ? "assumed" : "measured")
        }).pipe(Effect.provide(opened(provider, data, readOnly)))
      }
    })
  )

  it.effect("opens and takes writes while the embedder fails, and is measured by a later write", () =>
    Effect.gen(function* () {
      let isDown = true
      const { provider } = embedder(2)
      const failing: EmbedderProvider = {
        ...provider,
        embed: (...asked) => {
          if (isDown && asked[0].length > 1) throw new Error("down")
          return provider.embed(...asked)
        }
      }
      yield* Effect.gen(function* () {
        yield* (yield* user).remember("tea")
        assert.deepStrictEqual(yield* calibration, ASSUMED_CALIBRATION)
        isDown = false
        yield* (yield* user).remember("coffee")
        assert.deepStrictEqual(yield* calibration, ASSUMED_CALIBRATION)
        yield* TestClock.adjust("10 minutes")
        yield* (yield* user).remember("water")
        assert.strictEqual((yield* calibration)?.source, "measured")
      }).pipe(Effect.provide(opened(failing)))
    })
  )

  it.effect("that records nothing is served by what this process measured", () =>
    Effect.gen(function* () {
      const forgetful = Layer.effect(
        StoreAdmin,
        Effect.map(StoreAdmin, (admin) => ({ ...admin, calibrate: undefined }))
      )
      const meaningOf = (provider: EmbedderProvider) =>
        Effect.gen(function* () {
          const memory = yield* user
          yield* memory.remember("cocoa")
          const [best] = yield* memory.recall("tea")
          return { calibration: yield* calibration, meaning: best?.explain.parts["meaning"] }
        }).pipe(
          Effect.provide(
            AgentMemory.layer({ purgeEvery: false }).pipe(
              Layer.provideMerge(forgetful),
              Layer.provideMerge(InMemoryStore.layer),
              Layer.provideMerge(Embedder.layer(provider))
            )
          )
        )
      const { calls, provider } = embedder(2, 3)
      const served = yield* meaningOf(provider)
      assert.strictEqual(calls.length, 4)
      assert.deepStrictEqual(served.calibration, ASSUMED_CALIBRATION)
      const given = yield* meaningOf({ ...provider, calibration: yield* measured(provider) })
      assert.isAbove(given.meaning ?? 0, 0)
      assert.strictEqual(served.meaning, given.meaning)
      const assumed = yield* meaningOf({ ...provider, calibration: { mean: 0.05, spread: 0.1 } })
      assert.notStrictEqual(served.meaning, assumed.meaning)
    })
  )

  it.effect("is measured too where an earlier version recorded what it assumed", () =>
    Effect.gen(function* () {
      const { provider } = embedder(2)
      const { dimensions, model } = provider
      const calibrationThen = { mean: 0.05, spread: 0.1 }
      const data = {
        ...inMemoryData(),
        fingerprint: fingerprint({ model, dimensions, calibration: calibrationThen })
      }
      yield* Effect.gen(function* () {
        yield* (yield* user).remember("tea")
        assert.strictEqual((yield* calibration)?.source, "measured")
      }).pipe(Effect.provide(opened(provider, data)))
    })
  )

  it.effect("with one that gives a calibration is not measured", () =>
    Effect.gen(function* () {
      const { calls, provider } = embedder(2)
      yield* Effect.gen(function* () {
        yield* (yield* user).remember("tea")
        yield* (yield* user).recall("tea?")
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(calls, [["tea"], ["tea?"]])
        assert.deepStrictEqual(yield* calibration, { mean: 0.4, spread: 0.2 })
      }).pipe(Effect.provide(opened({ ...provider, calibration: { mean: 0.4, spread: 0.2 } })))
    })
  )
})
