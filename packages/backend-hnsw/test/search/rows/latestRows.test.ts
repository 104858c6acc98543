import { assert, describe, it } from "@effect/vitest"
import { runToEnd } from "../../../src/connection/Scan.ts"
import { findLatestSlots } from "../../../src/search/rows/latestRows.ts"

describe("findLatestSlots", () => {
  // Few times and few turns make many ties.
  for (const [times, most, rounds] of [
    [1, 120, 60],
    [3, 120, 60],
    [40, 120, 60],
    [10_000, 120, 60],
    // More than a part.
    [1, 9_000, 2],
    [400, 9_000, 4]
  ] as const) {
    it(`finds the same as sorting, and ties with the last: ${times} times, up to ${most} rows`, () => {
      let seed = times + most
      const random = (below: number) => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
        return Math.floor((seed / 2 ** 32) * below)
      }
      for (let round = 0; round < rounds; round++) {
        const count = random(most)
        const saidAt = Float64Array.from({ length: count }, () => random(times))
        const turns = Float64Array.from({ length: count }, () => random(5) - 1)
        const passing = new Set(Array.from({ length: count }, (_, slot) => slot).filter(() => random(3) > 0))
        const limit = 1 + random(30)
        const key = (slot: number) => 10 * (saidAt[slot] ?? 0) + (turns[slot] ?? 0)
        const all = Array.from(passing).toSorted((a, b) => key(b) - key(a))
        const last = all[limit - 1]
        const expected = last === undefined ? all : all.filter((slot) => key(slot) >= key(last))
        const rows = {
          saidAt: (slot: number) => saidAt[slot] ?? 0,
          turn: (slot: number) => turns[slot] ?? -1
        }
        const slots = runToEnd(findLatestSlots(rows, count, limit, (slot) => passing.has(slot)))
        assert.deepStrictEqual(slots.map(key), expected.map(key))
        assert.deepStrictEqual(new Set(slots), new Set(expected))
      }
    })
  }
})
