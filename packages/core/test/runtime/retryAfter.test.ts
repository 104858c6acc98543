import { assert, describe, it } from "@effect/vitest"
import { parseRetryAfter } from "../../src/runtime/retryAfter.ts"

const NOW = Date.UTC(2026, 0, 31, 12, 0, 0)

describe("parseRetryAfter", () => {
  const cases: ReadonlyArray<readonly [header: string | null | undefined, ms: number | undefined]> = [
    ["0", 0],
    ["7", 7_000],
    [" 30 ", 30_000],
    ["0.5", 500],
    ["120", 120_000],
    ["Sat, 31 Jan 2026 12:01:30 GMT", 90_000],
    ["Saturday, 31-Jan-26 12:01:30 GMT", 90_000],
    ["Sat Jan 31 12:01:30 2026", 90_000],
    ["Sat, 31 Jan 2026 11:00:00 GMT", 0],
    [null, undefined],
    [undefined, undefined],
    ["", undefined],
    [" ", undefined],
    ["-5", undefined],
    ["+5", undefined],
    [".5", undefined],
    ["5.", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    ["Infinity", undefined],
    ["NaN", undefined],
    ["9".repeat(400), undefined],
    ["5 s", undefined],
    ["30, 60", undefined],
    ["soon", undefined],
    ["2026-01-31T12:01:30Z", undefined],
    ["2026", 2_026_000],
    ["Sat, 31 Foo 2026 12:01:30 GMT", undefined],
    ["Sat", undefined],
    ["Sat, 31 Jan 2026 12:01:30", undefined],
    ["Sat, 31 Jan 2026 12:01:30 +0100", undefined]
  ]
  for (const [header, ms] of cases) {
    it(`reads ${JSON.stringify(header)?.slice(0, 40) ?? "an absent header"} as ${ms ?? "nothing"}`, () => {
      assert.strictEqual(parseRetryAfter(header, NOW), ms)
    })
  }
})
