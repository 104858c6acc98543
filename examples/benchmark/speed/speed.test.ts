import { assert, describe, it } from "@effect/vitest"
import { page, svg } from "./chart.ts"
import { queryVector, stubVector, makeText, makeVector, zipfSizes } from "./data.ts"
import { environment } from "./environment.ts"
import { interleaved, percentile, timing } from "./measure.ts"
import { atLeast, atMost, lessBy, reported, unmeasured, within } from "./Row.ts"
import { table } from "./table.ts"

const compared = { name: "a", value: 2, unit: "ms", against: "b" }

describe("rows", () => {
  it("judge times by how much lower they are, and rates by how much higher", () => {
    assert.deepInclude(lessBy({ ...compared, baseline: 20 }, 10), { ratio: 10, bar: "≥ 10×", holds: true })
    assert.deepInclude(lessBy({ ...compared, baseline: 19 }, 10), { holds: false })
    assert.deepInclude(atLeast({ ...compared, baseline: 4 }, 0.5), { ratio: 0.5, holds: true })
    assert.deepInclude(atMost({ ...compared, baseline: 1 }, 1.5), { ratio: 2, holds: false })
  })

  it("have no verdict without a value or a bar", () => {
    assert.deepInclude(unmeasured({ name: "a", unit: "ms", against: "b", bar: "≤ 2×", note: "why" }), {
      value: null,
      holds: null
    })
    assert.deepInclude(reported({ name: "a", value: 1, unit: "ms" }), { ratio: null, holds: null, bar: "" })
  })
})

describe("the stopwatch", () => {
  it("runs each operation equally often, in turns", async () => {
    const calls: Array<string> = []
    const times = await interleaved(
      { a: () => calls.push("a"), b: async () => calls.push("b"), c: () => ({ ms: 7 }) },
      { rounds: 6, warmup: 2 }
    )
    assert.strictEqual(times.a.samples.length, 6)
    assert.strictEqual(times.c.median, 7)
    assert.strictEqual(calls.filter((name) => name === "a").length, 8)
    assert.deepStrictEqual(calls.slice(0, 4), ["a", "b", "b", "a"])
  })

  it("runs consecutive rounds of an operation with `block`", async () => {
    const calls: Array<string> = []
    const call = (name: string) => (round: number) => calls.push(`${name}${round}`)
    const times = await interleaved({ a: call("a"), b: call("b") }, { rounds: 3, warmup: 2, block: 2 })
    assert.strictEqual(calls.join(" "), "a0 a1 b0 b1 b2 b3 a2 a3 a4 b4")
    assert.strictEqual(times.a.samples.length, 3)
  })

  it("takes medians and percentiles of sorted samples", () => {
    const { median, p99, samples } = timing([3, 1, 2])
    assert.deepStrictEqual([median, p99, samples], [2, 3, [1, 2, 3]])
    assert.isNaN(percentile([], 0.5))
  })
})

describe("synthetic memories", () => {
  it("have a unit vector that depends on their text alone", () => {
    const vector = makeVector({ user: 12_345, index: 678 })
    assert.closeTo(Math.hypot(...vector), 1, 1e-5)
    for (const index of [0, 33, 1_214, 2_484, 99_999]) {
      const place = { user: 33, index }
      assert.deepStrictEqual(stubVector(makeText(place)), makeVector(place))
    }
    assert.notDeepEqual(queryVector(12_345, 678), vector)
  })

  it("are distributed by Zipf's law, at least one each", () => {
    const sizes = zipfSizes(10_000, 300)
    assert.strictEqual(
      sizes.reduce((a, b) => a + b),
      10_000
    )
    assert.isAtLeast(Math.min(...sizes), 1)
    assert.isAbove(sizes[0] ?? 0, 10 * (sizes[30] ?? 0))
  })
})

describe("the output", () => {
  const rows = [
    lessBy({ ...compared, name: "recall <fast>", baseline: 20, note: "p99 3 ms" }, 5),
    within({ name: "block", value: 30, unit: "ms" }, "≤ 20 ms", false),
    unmeasured({ name: "absent", unit: "ms", against: "b", bar: "≤ 2×", note: "not installed" })
  ]

  it("is a table with verdicts and notes", () => {
    const text = table(rows)
    assert.match(text, /recall <fast> +2\.00 ms +b: 20\.0 ms +10\.0× +≥ 5× +holds/u)
    assert.match(text, /block +30\.0 ms.*MISSED/u)
    assert.match(text, /absent: not installed/u)
  })

  it("is a picture with escaped text", () => {
    const picture = svg(rows, environment("test"))
    assert.include(picture, "recall &lt;fast&gt;")
    assert.include(picture, "1 of 2 bars hold")
    assert.include(page(rows, environment("test")), "<dt>absent</dt>")
  })
})
