import { assert, describe, it } from "@effect/vitest"
import { inMemoryData, InMemoryStore } from "@keepsake/core"
import { type PartEvidence, type SearchHit, type SearchResult, toFacts } from "@keepsake/core/driver"
import {
  atCosine,
  axis,
  brokenStores,
  lawFingerprint,
  lawSettings,
  makeRandom,
  makePlace,
  rowBuilder,
  runLaws,
  runProgram,
  sameSearch,
  soundSearch,
  unit,
  toVector
} from "@keepsake/core/conformance"
import { Cause, Effect, Schema } from "effect"
import { SAME_CASES } from "../support/sameCases.ts"

const EPSILON = 1e-4

const row = rowBuilder({ agentId: "agent", userId: "user" }, 8)

/** A hit of one part with one term. */
const hit = (name: string, cosine: number | null, weight = 0): SearchHit => ({
  facts: toFacts(row(name).memory),
  parts: [{ cosine, nearest: 0, worded: 0, weights: Float32Array.of(weight), length: 1, norm: 1 }]
})

const change = ({ facts, parts }: SearchHit, evidence: Partial<PartEvidence>): SearchHit => ({
  facts,
  parts: parts.map((part) => ({ ...part, ...evidence }))
})

const result = (...hits: ReadonlyArray<SearchHit>): SearchResult => ({
  hits,
  n: 9,
  df: [[3]],
  plan: { way: "exact", byWordsAlone: 0 }
})

const [a, b, c, d] = [hit("a", 0.9), hit("b", 0.5, 2), hit("c", 0.5 - EPSILON / 2), hit("d", 0.1, 1)]
const all = result(a, b, c, d)

describe("the comparison of searches", () => {
  const agrees = (actual: SearchResult, limit: number) => sameSearch(actual, all, limit, EPSILON, "search")
  const differs = (actual: SearchResult, limit: number) => assert.throws(() => agrees(actual, limit))

  it("takes the union of the best of each channel, in any order", () => {
    agrees(result(d, c, b, a), 4)
    agrees(result(a, b), 1)
    agrees(result(d, b, a), 2)
  })

  it("takes either of two rows that tie at the end of a channel, and only there", () => {
    agrees(result(a, c, b, d), 2)
    differs(result(a, d, c), 2)
    differs(result(b, c, d), 2)
  })

  it("refuses a row that is missing, foreign, doubled or not among the best", () => {
    differs(result(a, b, c), 4)
    differs(result(a, b, c, d, hit("e", 0)), 4)
    differs(result(a, a, b), 1)
    differs(result(a, b, d), 1)
  })

  it("refuses wrong scores, rows and counts", () => {
    differs(result(change(a, { cosine: 0.9 + 2 * EPSILON }), b), 1)
    differs(result(change(a, { cosine: null }), b), 1)
    differs(result(a, change(b, { weights: Float32Array.of(0) })), 1)
    differs(result({ ...a, facts: { ...a.facts, pinned: true } }, b), 1)
    differs({ ...result(a, b), n: 8 }, 1)
    differs({ ...result(a, b), df: [[2]] }, 1)
    differs(result(a, change(b, { length: 2 })), 1)
    differs(result(a, change(b, { norm: 2 })), 1)
    differs(result({ ...a, parts: [] }, b), 1)
    agrees(result(change(a, { cosine: 0.9 + EPSILON / 2 }), b), 1)
  })

  it("lets an approximate plan choose its rows, but not their number or scores", () => {
    const sound = (actual: SearchResult, limit: number) => soundSearch(actual, all, limit, EPSILON, "search")
    sound(result(d), 1)
    sound(result(b, c, d), 2)
    assert.throws(() => sound(result(c), 1))
    assert.throws(() => sound(result(b, d), 3))
    assert.throws(() => sound(result(change(d, { cosine: 0.2 })), 1))
  })
})

describe("deterministic vectors", () => {
  it.prop(
    "are of unit length, and the same for the same seed",
    [Schema.Int],
    ([seed]) => {
      const [one, two] = [makeRandom(seed).direction(12), makeRandom(seed).direction(12)]
      assert.deepStrictEqual(one, two)
      assert.closeTo(Math.hypot(...one), 1, 1e-6)
    },
    SAME_CASES
  )

  it("have the cosine that was asked for", () => {
    for (const cosine of [1, 0.3, 0, -0.7, -1]) {
      for (const towards of [0, 1, 6, 7, 20]) {
        const vector = atCosine(cosine, 8, towards)
        const product = axis(8).reduce((sum, part, i) => sum + part * (vector[i] ?? 0), 0)
        assert.closeTo(product, cosine, 1e-6)
      }
    }
    assert.deepStrictEqual(unit([3, 4]), Float32Array.of(0.6, 0.8))
    assert.deepStrictEqual(toVector("tea", 8), toVector("tea", 8))
    assert.notDeepEqual(toVector("tea", 8), toVector("coffee", 8))
  })
})

describe("random programs", () => {
  const scopes = [
    { agentId: "agent", userId: "one" },
    { agentId: "agent", userId: "two" }
  ]
  const settings = { ...lawSettings({}), operations: 300 }
  const [broken] = brokenStores

  it.live("10,000 operations on the in-memory store: no difference", () =>
    Effect.gen(function* () {
      const place = makePlace(InMemoryStore.layerOf(inMemoryData()), lawFingerprint(settings.dimensions))
      const handles = [yield* place.open(), yield* place.open()]
      yield* runProgram({ ...settings, operations: 10_000, handles, scopes })
    }).pipe(Effect.scoped)
  )

  it.live("a difference names the seed that replays it, and the last operations", () =>
    Effect.gen(function* () {
      const messages: Array<string> = []
      for (const _ of [1, 2]) {
        const place = makePlace(yield* broken?.fresh ?? Effect.never, lawFingerprint(settings.dimensions))
        const handles = [yield* place.open()]
        const exit = yield* Effect.exit(runProgram({ ...settings, handles, scopes }))
        if (exit._tag === "Success") assert.fail("the program found nothing")
        messages.push(String(Cause.squash(exit.cause)))
      }
      const [first, second] = messages
      assert.match(first ?? "", new RegExp(`KEEPSAKE_SEED=${settings.seed} KEEPSAKE_LAW_OPERATIONS=\\d+`))
      assert.include(first, "search {")
      assert.strictEqual(first, second)
    }).pipe(Effect.scoped)
  )
})

describe("runLaws", () => {
  it.live("fails when the place cannot be had, and says which laws are broken", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(runLaws(Effect.fail("no server")))
      assert.strictEqual(failure, "no server")
      const fresh = Effect.sync(() => InMemoryStore.layerOf(inMemoryData()))
      const verdicts = yield* runLaws(fresh, { only: ["order > list goes by createdAt, then id"] })
      assert.deepStrictEqual(verdicts, [{ law: "order > list goes by createdAt, then id", cause: null }])
    })
  )
})

describe("lawSettings", () => {
  it("refuses an environment that is no number", () => {
    const before = process.env["KEEPSAKE_SEED"]
    try {
      process.env["KEEPSAKE_SEED"] = "twelve"
      assert.throws(() => lawSettings(), "KEEPSAKE_SEED=twelve")
      process.env["KEEPSAKE_SEED"] = "12"
      assert.strictEqual(lawSettings({ seed: 3 }).seed, 12)
    } finally {
      if (before === undefined) delete process.env["KEEPSAKE_SEED"]
      else process.env["KEEPSAKE_SEED"] = before
    }
  })
})
