import { assert, describe, it } from "@effect/vitest"
import { toAnswers, pairedDifference } from "./bootstrap.ts"
import { calibrationError, calibrationTable, separation, thresholdTable } from "./calibration.ts"
import { toContent, parseDate, isAnswerable, toStatements } from "./EvaluationSet.ts"
import type { Outcome } from "./evaluate.ts"
import { summarise, withoutPart } from "./metrics.ts"
import { readSettings, UsageError } from "./Settings.ts"

const outcome = (gold: ReadonlyArray<boolean>, rest: Partial<Outcome> = {}): Outcome => ({
  qid: "q",
  scope: "s",
  cat: "1",
  answerable: true,
  goldCount: 2,
  found: gold.map((isGold, i) => ({
    gold: isGold,
    score: 0.9 - i / 20,
    parts: { a: 1 - i / 10, b: isGold ? 0.5 : 0 }
  })),
  shown: { count: 0, gold: 0 },
  ms: 1,
  ...rest
})

describe("metrics", () => {
  it("measures recall, rank and gain", () => {
    const metrics = summarise([outcome([false, true, false, false, false, false, true])])
    assert.strictEqual(metrics.n, 1)
    assert.strictEqual(metrics.r5, 0.5)
    assert.strictEqual(metrics.r10, 1)
    assert.strictEqual(metrics.hit10, 1)
    assert.strictEqual(metrics.all10, 1)
    assert.strictEqual(metrics.mrr, 0.5)
    assert.closeTo(metrics.ndcg10, (1 / Math.log2(3) + 1 / Math.log2(8)) / (1 + 1 / Math.log2(3)), 1e-12)
  })

  it("counts evidence that was not recalled", () => {
    const metrics = summarise([outcome([false, true])])
    assert.strictEqual(metrics.r100, 0.5)
    assert.strictEqual(metrics.all10, 0)
  })

  it("ranks again without a part", () => {
    const found = Array.from({ length: 11 }, (_, i) => ({
      gold: i === 10,
      score: 0.5,
      parts: { good: i === 10 ? 1 : 0, bad: i === 10 ? -2 : 0 }
    }))
    assert.strictEqual(withoutPart([outcome([], { found, goldCount: 1 })], "bad"), 1)
    assert.strictEqual(withoutPart([outcome([], { found, goldCount: 1 })], "good"), 0)
  })
})

describe("calibration", () => {
  it("finds no error if the score equals the right share", () => {
    const found = Array.from({ length: 10 }, (_, i) => ({ gold: i === 0, score: 0.1, parts: {} }))
    const table = calibrationTable(Array.from({ length: 1 }, () => outcome([], { found })))
    assert.strictEqual(table.length, 10)
    assert.isAbove(calibrationError(table), 0)
    const sure = found.map((row) => ({ ...row, score: row.gold ? 1 : 0 }))
    assert.closeTo(calibrationError(calibrationTable([outcome([], { found: sure })])), 0, 1e-12)
  })

  it("separates answerable from unanswerable questions", () => {
    const answerable = outcome([true])
    const unanswerable = outcome([], { answerable: false, found: [{ gold: false, score: 0.1, parts: {} }] })
    assert.strictEqual(separation([answerable, unanswerable]), 1)
    assert.strictEqual(separation([answerable]), null)
    const [row] = thresholdTable([answerable, unanswerable], [0.5])
    assert.deepStrictEqual(row, {
      threshold: 0.5,
      r10: 0.5,
      items: 1,
      emptyAnswerable: 0,
      emptyUnanswerable: 1
    })
  })
})

describe("pairedDifference", () => {
  it("has an empty interval if every dialogue gained the same", () => {
    const before = toAnswers(["a", "b", "c"].map((scope) => outcome([false], { scope })))
    const after = toAnswers(["a", "b", "c"].map((scope) => outcome([true], { scope })))
    assert.deepStrictEqual(pairedDifference(before, after), { mean: 0.5, low: 0.5, high: 0.5 })
    assert.strictEqual(pairedDifference({}, after), null)
  })
})

describe("an evaluation set", () => {
  const doc = { id: "D1:1", session: 1, speaker: "Ana", date: "1:56 pm on 8 May, 2023", text: "Hello" }

  it("reads dates as people write them", () => {
    assert.strictEqual(parseDate("1:56 pm on 8 May, 2023"), Date.UTC(2023, 4, 8, 13, 56))
    assert.strictEqual(parseDate("12:05 am on 8 May, 2023"), Date.UTC(2023, 4, 8, 0, 5))
    assert.strictEqual(parseDate("March-15-2024"), Date.UTC(2024, 2, 15))
    assert.strictEqual(parseDate("2023-05-08T10:00:00Z"), Date.UTC(2023, 4, 8, 10))
    assert.strictEqual(parseDate("some day"), undefined)
  })

  it("keeps the speaker out of the content", () => {
    assert.strictEqual(toContent({ ...doc, caption: "a goat" }), "Hello [shared image: a goat]")
    const [byName, byRole, next] = toStatements([
      doc,
      { ...doc, id: "D2:1", session: 2, speaker: "user" },
      { ...doc, id: "D1:2" }
    ])
    assert.strictEqual(byName?.speaker, "Ana")
    assert.strictEqual(byRole?.source, "user")
    assert.strictEqual(byRole?.speaker, undefined)
    assert.deepStrictEqual([byName?.turn, byRole?.turn, next?.turn], [0, 0, 1])
  })

  it("knows the questions that the dialogue does not answer", () => {
    const question = { answer: "", qid: "q", q: "?", gold: ["D1:1"] }
    assert.isTrue(isAnswerable({ ...question, cat: 1 }))
    assert.isFalse(isAnswerable({ ...question, cat: 5 }))
    assert.isFalse(isAnswerable({ ...question, cat: "abstention", gold: [] }))
  })
})

describe("settings", () => {
  it("assigns vectors to the data before them", () => {
    const settings = readSettings(
      ["--data", "a", "--data", "b", "--vectors", "v", "--backend", "memory"],
      "own"
    )
    assert.deepStrictEqual(settings?.sources, [
      { data: "a", vectors: null },
      { data: "b", vectors: "v" }
    ])
    assert.deepStrictEqual(readSettings([], "own")?.sources, [{ data: "own", vectors: null }])
  })

  it("refuses vectors without data and unknown backends", () => {
    assert.throws(() => readSettings(["--vectors", "v"], "own"), UsageError)
    assert.throws(() => readSettings(["--backend", "oracle"], "own"), UsageError)
  })
})
